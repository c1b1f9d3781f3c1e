/** The reasons that conditions of a MeshSync give for how it is. */
export const SYNC_REASONS = [
  "AccessDenied",
  "AddressRefused",
  "Applied",
  "ApplyFailed",
  "DecryptionKeyNotFound",
  "DeletionWaits",
  "DependencyCycle",
  "DependencyNotReady",
  "FieldConflict",
  "GitFailed",
  "GitTimeout",
  "Healthy",
  "HostKeyUnknown",
  "InvalidAddress",
  "InvalidManifests",
  "InvalidSpec",
  "KindNotServed",
  "LeftBehind",
  "NoServiceAccount",
  "NotAGitServer",
  "NothingToApply",
  "OutOfTime",
  "PathNotFound",
  "Progressing",
  "PruneFailed",
  "PruneLimit",
  "PruneWaits",
  "Quarantined",
  "ReadingTooLong",
  "RefMoved",
  "RefNotFound",
  "RepositoryMoved",
  "RepositoryNotFound",
  "RepositoryUnreachable",
  "RevisionTooLarge",
  "SecretNotFound",
  "SignatureRefused",
  "SignerKeysNotFound",
  "Superseded",
  "Suspended",
  "SyncFailed",
  "Unhealthy",
  "Unknown",
  "VariablesNotFound",
  "WaitingForKind",
  "WaitingForWindow",
] as const;

/** A reason of a condition of a MeshSync. */
export type SyncReason = typeof SYNC_REASONS[number];

/** The same reason where a MeshSync may have it; that the pass failed, where not. */
export function syncReasonOf(reason: string): SyncReason {
  return SYNC_REASONS.find((known) => known === reason) ?? "SyncFailed";
}
