/** When a key wants to be looked at again: on the next change of anything it depends on, or at the latest after a delay. */
export type Next =
  | { readonly after: "change" }
  | { readonly after: "delay"; readonly delayMs: number };

/** Wait for a change: the usual outcome. */
export const AWAIT_CHANGE: Next = { after: "change" };

/** Look again after `delayMs`, or earlier on a change. */
export function afterDelay(delayMs: number): Next {
  return { after: "delay", delayMs };
}

/** The outcome that wants to come back first. */
export function soonest(a: Next, b: Next): Next {
  if (a.after === "change") return b;
  if (b.after === "change") return a;
  return a.delayMs <= b.delayMs ? a : b;
}
