/** What runs in a thread of its own and asks. See `asking.ts` for the other side. */
import { systemClock } from "#base";
import type { Asked, SlowAnswer } from "./asking.ts";
import { mainThreadMs } from "./processes.ts";

/** Whom to ask, and that it is enough. */
export type AskingRequest = { readonly id: number; readonly url: string } | "end";

interface Scope {
  onmessage: ((event: MessageEvent<AskingRequest>) => void) | null;
  postMessage(answer: Asked | "begun"): void;
}

/** How often the program is asked. */
const ASK_EVERY_MS = 20;

function serve(scope: Scope): void {
  let isDone = false;
  scope.onmessage = ({ data }) => {
    if (data === "end") isDone = true;
    else ask(data, () => isDone, scope);
  };
}

/** A failure ends the thread, which whoever asks for it is told. */
async function ask(
  { id, url }: Exclude<AskingRequest, "end">,
  isDone: () => boolean,
  scope: Scope,
): Promise<void> {
  let answers = 0;
  let longestAnswer: SlowAnswer = { tookMs: 0, workedMs: 0, waitedMs: 0 };
  const bad: string[] = [];
  scope.postMessage("begun");
  while (!isDone()) {
    const before = await mainThreadMs(id);
    const [startMs, ownMs] = [performance.now(), ownWaitMs()];
    const text = await (await fetch(url)).text();
    const tookMs = performance.now() - startMs - (ownWaitMs() - ownMs);
    const after = await mainThreadMs(id);
    if (tookMs > longestAnswer.tookMs) {
      const [workedMs, waitedMs] = [after.ranMs - before.ranMs, after.waitedMs - before.waitedMs];
      longestAnswer = { tookMs, workedMs, waitedMs };
    }
    answers++;
    if (text !== "ok\n") bad.push(text);
    await systemClock.sleep(ASK_EVERY_MS);
  }
  scope.postMessage({ answers, bad, longestAnswer });
}

/** How long this thread waited for a processor so far, which is no fault of who is asked. */
function ownWaitMs(): number {
  // At once: what is not, another thread does.
  const [, waited = 0] = Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ").map(
    Number,
  );
  return waited / 1e6;
}

serve(globalThis as unknown as Scope);
