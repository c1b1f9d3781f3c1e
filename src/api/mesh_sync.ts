import type { KubeObject } from "#base";
import { Type } from "@sinclair/typebox";
import { APPLY_MEMBERS, APPLY_STATUS_MEMBERS } from "./mesh_sync_apply.ts";
import {
  choice,
  duration,
  flag,
  int32,
  int64,
  list,
  map,
  optional,
  text,
  time,
  type Value,
} from "./schema.ts";
import { ADDRESS_LENGTH_MAX, NAME_LENGTH_MAX, PATH_LENGTH_MAX } from "./limits.ts";
import {
  HistorySchema,
  NotifySchema,
  QuarantineSchema,
  ReceiverSchema,
  TrialSchema,
} from "./mesh_sync_health.ts";
import { SOURCE_MEMBERS, SOURCE_STATUS_MEMBERS } from "./mesh_sync_source.ts";
import { ConditionsSchema } from "./status.ts";

/** Where a MeshSync can stand: `status.phase`. */
export const MESH_SYNC_PHASES = [
  "Applying",
  "Deleting",
  "Failed",
  "Healthy",
  "Invalid",
  "Refused",
  "RolledBack",
  "RollingBack",
  "Suspended",
  "Unhealthy",
  "Verifying",
  "Waiting",
] as const;

/** Schema of {@linkcode MeshSyncSpec}. */
export const MeshSyncSpecSchema = Type.Object({
  url: text("Repository: https://, http://, ssh:// or user@host:path", {
    minLength: 1,
    maxLength: ADDRESS_LENGTH_MAX,
  }),
  ref: optional(
    Type.Object({
      branch: optional(text("Name of a branch", { maxLength: NAME_LENGTH_MAX })),
      tag: optional(text("Name of a tag", { maxLength: NAME_LENGTH_MAX })),
      semver: optional(
        text("Range of versions; the highest matching tag", { maxLength: NAME_LENGTH_MAX }),
      ),
      commit: optional(text("Full hash of a commit", { maxLength: NAME_LENGTH_MAX })),
    }, { description: "What to check out: one of the members (default: the default branch)" }),
  ),
  path: optional(
    Type.String({
      default: ".",
      maxLength: PATH_LENGTH_MAX,
      description: "Folder in the repository (default: all)",
    }),
  ),
  interval: optional(duration("Time between looks at the repository, e.g. 30s", { default: "1m" })),
  timeout: optional(duration("Longest time that one run may take", { default: "5m" })),
  prune: optional(
    Type.Boolean({ default: true, description: "Delete what the repository no longer holds" }),
  ),
  suspend: optional(Type.Boolean({ default: false, description: "Do nothing for now" })),
  targetNamespace: optional(
    text("Namespace of everything that has one", { maxLength: NAME_LENGTH_MAX }),
  ),
  secretRef: optional(
    Type.Object({ name: text("Name of the Secret", { maxLength: NAME_LENGTH_MAX }) }, {
      description: "Credentials, in the namespace of the MeshSync",
    }),
  ),
  ...SOURCE_MEMBERS,
  // Health, and who is told.
  healthTimeout: optional(
    duration("Time that a revision has to become healthy (default: timeout)"),
  ),
  settleTime: optional(
    duration(
      "Time that meshes have to stay ready before their revision is healthy, at most half " +
        "of healthTimeout (default: 30s with onUnhealthy: rollback, else 0s)",
    ),
  ),
  onUnhealthy: optional(
    choice("What to do about a revision that does not become healthy (default: nothing)", [
      "nothing",
      "rollback",
    ]),
  ),
  receiver: optional(ReceiverSchema),
  notify: optional(list("Who is told", NotifySchema, { maxItems: 20 })),
  // How a revision is applied, and when it is not.
  ...APPLY_MEMBERS,
}, { description: "What to take from Git, and how often" });

/** Schema of {@linkcode MeshSyncStatus}. */
export const MeshSyncStatusSchema = Type.Object({
  conditions: optional(ConditionsSchema),
  observedGeneration: optional(int64("Generation that was looked at")),
  phase: optional(choice("Where it stands", MESH_SYNC_PHASES)),
  pruneWaitsSince: optional(time("Since when objects wait to be deleted, for other MeshSyncs")),
  deletionTriedSince: optional(
    time("Since when objects of the deleted MeshSync are tried to be deleted"),
  ),
  lastAttemptedRevision: optional(text("Revision that was tried last")),
  lastAppliedRevision: optional(text("Revision that was applied last")),
  lastHealthyRevision: optional(text("Revision that became healthy last")),
  lastAppliedTree: optional(text("Hash of the folder that was applied last")),
  lastAppliedTime: optional(time("When it was applied")),
  lastHandledReconcileAt: optional(text("Request that was answered last")),
  inventory: optional(
    list(
      "What was applied",
      Type.Object({
        id: text("namespace_name_group_Kind"),
        version: optional(text("Version of the API")),
        from: optional(text("MeshSync that it is on its way from")),
        left: optional(flag("Git holds it no longer, and it is not gone yet")),
      }),
    ),
  ),
  counts: optional(map("Objects by what became of them", int32(""))),
  ...SOURCE_STATUS_MEMBERS,
  // Health, and who is told.
  trials: optional(list("Revisions that have not been healthy yet", TrialSchema)),
  quarantined: optional(list("Revisions whose objects went back", QuarantineSchema)),
  history: optional(list("The last revisions, newest first", HistorySchema)),
  ...APPLY_STATUS_MEMBERS,
}, { description: "What was seen; written by the controller" });

/** `spec` of a MeshSync. */
export type MeshSyncSpec = Value<typeof MeshSyncSpecSchema>;
/** `status` of a MeshSync. */
export type MeshSyncStatus = Value<typeof MeshSyncStatusSchema>;
/** A MeshSync: what a folder of a Git repository says is applied. */
export interface MeshSync extends KubeObject {
  readonly kind: "MeshSync";
  readonly spec: MeshSyncSpec;
  readonly status?: MeshSyncStatus;
}
