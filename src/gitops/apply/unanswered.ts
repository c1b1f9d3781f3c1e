import type { MeshSync } from "#api";
import { isAbort, keyOf, type ObjectId } from "#base";
import { ApiError, NoAnswerError } from "#kube";
import { entryKey } from "#plan";
import type { SyncContext } from "../context.ts";
import type { UnansweredWrite } from "../phase.ts";

type MemoryContext = Pick<SyncContext, "proofs" | "signal">;

/** Whether an error leaves open if a write took effect. */
export function isUnanswered(error: unknown, signal: AbortSignal): boolean {
  return isAbort(error, signal) || error instanceof NoAnswerError ||
    (error instanceof ApiError && error.status >= 500);
}

/**
 * Remembers a write of which nobody knows whether it took effect: where the next look finds its object as it was to be, it
 * did, and is told and counted then.
 */
export function noteUnanswered(
  sync: MeshSync,
  write: UnansweredWrite,
  { proofs }: Pick<MemoryContext, "proofs">,
): void {
  const key = keyOf(sync);
  const pass = proofs.pass(key);
  const others = (pass.unanswered ?? []).filter(({ id }) => entryKey(id) !== entryKey(write.id));
  proofs.setPass(key, { ...pass, unanswered: [...others, write] });
}

/**
 * What was to become of an object by a write that nobody answered, and forgets that.
 *
 * @param hash of what it is now in Git; absent: it is gone
 * @returns undefined where there was none, or one of other content
 */
export function takeUnanswered(
  sync: MeshSync,
  { hash, id }: { readonly id: ObjectId; readonly hash?: string },
  { proofs }: Pick<MemoryContext, "proofs">,
): UnansweredWrite | undefined {
  const key = keyOf(sync);
  const pass = proofs.pass(key);
  const { unanswered = [] } = pass;
  const known = unanswered.find((write) => entryKey(write.id) === entryKey(id));
  if (known === undefined) return undefined;
  const others = unanswered.filter((write) => write !== known);
  const { unanswered: _before, ...rest } = pass;
  proofs.setPass(key, others.length === 0 ? rest : { ...rest, unanswered: others });
  return known.hash === hash ? known : undefined;
}
