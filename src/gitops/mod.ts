/**
 * From a folder in Git to objects in a cluster: one MeshSync, one pass. Start at {@linkcode reconcileSync} (observe, decide,
 * act, record), then `observe.ts` (reads), `decide.ts` (pure), `act.ts` (writes), `conclude.ts` (pure: what the status says)
 * and {@linkcode Proofs} (why an unchanged revision costs no request by object). Where a sync stands is in `phase.ts`.
 *
 * The composition root hands every change of what syncs apply to {@linkcode Proofs.notice} and queues the keys it answers.
 *
 * @module
 */
export { ownedKinds } from "./apply/inventory.ts";
export {
  BOOTSTRAP_NAME,
  type BootstrapOptions,
  bootstrapSync,
  ensureBootstrap,
  OtherSyncError,
} from "./bootstrap.ts";
export {
  type Bootstrap,
  NO_CACHES,
  type ObjectCache,
  type ObjectCaches,
  type SyncCache,
  type SyncContext,
  type SyncMetrics,
} from "./context.ts";
export type { Health } from "./health_tally.ts";
export { healthRuleProblems, unreadiness } from "./health_rules.ts";
export { type OnceReport, syncOnce } from "./once.ts";
export { passMsMax, type Phase } from "./phase.ts";
export { type Preview, previewed, type PreviewOptions, secretsIn } from "./preview.ts";
export type { Proof } from "./proof_entry.ts";
export { Proofs } from "./proofs.ts";
export { syncManifests } from "./source/remote.ts";
export { revisionText } from "./source/revision.ts";
export { PROGRAM_NAMESPACE, reachProblems } from "./stated_authority.ts";
export { quarantinedRevision } from "./rollback.ts";
export { reconcileSync } from "./sync.ts";
export {
  actingClient,
  type AppliedKinds,
  type Authority,
  authorityOf,
  MESH_ONLY_KINDS,
  type Tenancy,
  tenantRule,
} from "./tenancy.ts";
export { wokenBy } from "./woken.ts";
