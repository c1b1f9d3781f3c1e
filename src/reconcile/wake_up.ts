import type { ComponentKind } from "#api";
import type { ObjectKey } from "#base";

/** Kinds that have a reconciler. */
export type ReconciledKind = ComponentKind | "FunctionMesh";

/** A key in the queue of a reconciler. */
export interface WakeUp {
  readonly kind: ReconciledKind;
  readonly key: ObjectKey;
}
