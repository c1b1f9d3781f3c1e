/**
 * From the text of files to objects that can be applied: which files of a folder hold manifests, what they say, which of it
 * is left to the API server and to controllers. {@linkcode readManifests} reads, {@linkcode ManifestReader} does so in a
 * thread of its own, {@linkcode targetObject} makes of an object what a MeshSync applies.
 *
 * @module
 */
export {
  type FileTree,
  isManifestName,
  isManifestPath,
  linkedFiles,
  manifestEntries,
  type PassedOver,
  selectedFiles,
} from "./files.ts";
export { DROPPED_VERSIONS, droppedVersionWarnings } from "./dropped_versions.ts";
export { duplicateProblems } from "./duplicates.ts";
export { glob, globMatches, GlobMeter, pathBytes } from "./glob.ts";
export {
  controllerOf,
  keeperText,
  type LeftObject,
  ownerProblems,
  withoutLeft,
} from "./left_alone.ts";
export {
  type Manifest,
  type ManifestFile,
  type ManifestProblem,
  manifestProblemText,
  problemOf,
} from "./manifest.ts";
export { IGNORE_FILE } from "./patterns.ts";
export {
  manifestsWith,
  type ReadingCall,
  type ReadInputs,
  type ReadManifests,
  readManifests,
} from "./read.ts";
export { ManifestReader, manifestsOnce, ReadingEndedError } from "./reader.ts";
export { ageIdentities } from "./sops.ts";
export {
  authoredObject,
  belongsTo,
  definedKinds,
  fieldManager,
  formerFieldManagers,
  holderOf,
  isNestedSync,
  kindKey,
  type Kinds,
  syncLabels,
  syncSelector,
  type TargetObject,
  targetObject,
  withFile,
} from "./target.ts";
export { type Variable, type Variables } from "./variables.ts";
export { lightManifests } from "./wire.ts";
