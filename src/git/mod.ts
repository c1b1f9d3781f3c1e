/**
 * Repositories by the `git` program: where a ref points to, a revision, the files of a folder in it. No shell, no work
 * tree, nothing of this machine's Git settings; time and output are bounded; credentials reach the transport only.
 *
 * Start at {@linkcode gitSource}.
 *
 * @module
 */
export type { FetchCall, GitCall, LookCall, ReadCall, Revision } from "./call.ts";
export { type GitCommand, isGitAbort, runGit } from "./command.ts";
export { inheritedEnvironment } from "./environment.ts";
export { GitError, type GitErrorKind } from "./git_error.ts";
export {
  checkedRef,
  type GitRef,
  parseRef,
  type PassedTagReason,
  RefSyntaxError,
  refText,
  type VersionChoice,
  versionChoice,
} from "./ref.ts";
export type { Programs } from "./program.ts";
export type { ResolvedRef } from "./references.ts";
export { type LaneLimits, Lanes } from "./lanes.ts";
export { type SignedObject, type Signer, type SignerKey, signerKeyKind } from "./signature.ts";
export {
  type GitCredentials,
  placeText,
  type Remote,
  remoteScheme,
  RemoteUrlError,
} from "./remote.ts";
export { type GitSource, gitSource, type GitSourceOptions, isRemoteFault } from "./source.ts";
export { type FileChange, lastChange } from "./checkout.ts";
export { linkedFolder } from "./links.ts";
export { ThreadedPrograms } from "./threaded_programs.ts";
export { folderPath, type LinkEnd, type TreeEntry, type TreeFile, type TreeNode } from "./tree.ts";
