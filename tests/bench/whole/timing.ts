import { systemClock } from "#base";

const LOOK_EVERY_MS = 20;
const GIVE_UP_MS = 1_800_000;

/** Seconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

/** Resolves when `look` is true. @throws {Error} after half an hour */
export async function until(look: () => Promise<boolean>, everyMs = LOOK_EVERY_MS): Promise<void> {
  const startMs = performance.now();
  while (!(await look())) {
    if (performance.now() - startMs > GIVE_UP_MS) {
      throw new Error("Cannot measure: what is waited for does not come");
    }
    await systemClock.sleep(everyMs);
  }
}
