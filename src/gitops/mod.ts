/**
 * From a folder in Git to objects in a cluster: one MeshSync, one pass. Start at {@linkcode reconcileMeshSync} (the pass),
 * then `pull.ts` (resolve, fetch, read, validate, apply, prune), {@linkcode readManifests} (pure: files to objects with
 * their lines) and {@linkcode SyncMemory} (why an unchanged revision costs no request by object).
 *
 * The composition root hands every change of our kinds to {@linkcode SyncMemory.notice} and queues the keys it answers.
 *
 * @module
 */
export {
  BOOTSTRAP_NAME,
  type BootstrapOptions,
  bootstrapSync,
  ensureBootstrap,
  OtherSyncError,
} from "./bootstrap.ts";
export type { GitOpsContext, SyncCache, SyncMetrics } from "./context.ts";
export { type Health, sickness } from "./health.ts";
export {
  type Manifest,
  type ManifestFile,
  type ManifestProblem,
  manifestProblemText,
} from "./manifests/manifest.ts";
export { type AppliedObject, SyncMemory, type SyncState } from "./memory.ts";
export { type OnceReport, syncOnce } from "./once.ts";
export { type Preview, previewed, type PreviewOptions } from "./preview.ts";
export {
  fieldManager,
  formerFieldManagers,
  HASH_ANNOTATION,
  syncLabels,
} from "./manifests/target.ts";
export { duplicateProblems, type ReadManifests, readManifests } from "./manifests/read.ts";
export { glob, globMatches, GlobMeter, pathBytes } from "./manifests/glob.ts";
export { type FileTree, isManifestName, isManifestPath, selectedFiles } from "./manifests/files.ts";
export { syncManifests } from "./source/remote.ts";
export { revisionText } from "./source/revision.ts";
export { dependencyKeys } from "./source/schedule.ts";
export { reconcileMeshSync } from "./sync.ts";
export { Turns } from "./turns.ts";
export { withoutValues } from "./manifests/variables.ts";
