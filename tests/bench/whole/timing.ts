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
  if (await cameWithin(look, { everyMs, limitMs: GIVE_UP_MS })) return;
  throw new Error("Cannot measure: what is waited for does not come");
}

/** Resolves with true when `look` is, and with false when that takes too long. */
export async function cameWithin(
  look: () => Promise<boolean>,
  { everyMs = LOOK_EVERY_MS, limitMs }: { readonly everyMs?: number; readonly limitMs: number },
): Promise<boolean> {
  const startMs = performance.now();
  while (!(await look())) {
    if (performance.now() - startMs > limitMs) return false;
    await systemClock.sleep(everyMs);
  }
  return true;
}
