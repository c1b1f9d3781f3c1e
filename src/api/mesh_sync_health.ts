/** The parts of a MeshSync that are about health: what to do about it, who is told, what is remembered. */
import { Type } from "@sinclair/typebox";
import { ADDRESS_LENGTH_MAX, NAME_LENGTH_MAX, TEMPLATE_LENGTH_MAX } from "./limits.ts";
import { choice, flag, list, optional, text, time, type Value } from "./schema.ts";

/** What a MeshSync can tell about a revision. */
export const NOTICE_EVENTS = [
  "Applied",
  "Healthy",
  "Unhealthy",
  "Failed",
  "Quarantined",
  "Released",
] as const;

/** One thing that a MeshSync tells. */
export type NoticeEvent = typeof NOTICE_EVENTS[number];

/** The only fields that a template of a notification can name: none of them can hold a secret. */
export const NOTICE_FIELDS = [
  "author",
  "commit",
  "event",
  "message",
  "namespace",
  "path",
  "reason",
  "repository",
  "revision",
  "subject",
  "sync",
] as const;

/** Services that call when a repository changed. */
export const RECEIVER_TYPES = ["bitbucket", "generic", "gitea", "github", "gitlab"] as const;

/** Services that can be told. */
export const NOTIFY_TYPES = ["github", "gitlab", "slack", "webhook"] as const;

const SecretRefSchema = Type.Object({
  name: text("Name of the Secret", { maxLength: NAME_LENGTH_MAX }),
}, {
  description: "In the namespace of the MeshSync",
});

/** Schema of `spec.receiver`. */
export const ReceiverSchema = Type.Object({
  type: choice("Who calls", RECEIVER_TYPES),
  secretRef: SecretRefSchema,
}, {
  description: "Look at once when the Git service calls POST /receive/NAMESPACE/NAME; " +
    "the Secret holds what the call proves to know: token",
});

/** Schema of an item of `spec.notify`. */
export const NotifySchema = Type.Object({
  type: choice("Who is told: a commit status of github or gitlab, slack, or any webhook", [
    ...NOTIFY_TYPES,
  ]),
  address: optional(
    text("Where: https://…; default: the Secret's address, or the API of the repository's host", {
      maxLength: ADDRESS_LENGTH_MAX,
    }),
  ),
  secretRef: optional(SecretRefSchema),
  events: optional(
    list("What is told (default: everything)", choice("", NOTICE_EVENTS), { maxItems: 20 }),
  ),
  template: optional(
    text(`The text, with {{name}} for each of: ${NOTICE_FIELDS.join(", ")}`, {
      maxLength: TEMPLATE_LENGTH_MAX,
    }),
  ),
}, { description: "One that is told" });

/** Schema of an item of `status.quarantined`. */
export const QuarantineSchema = Type.Object({
  revision: text("Revision that did not become healthy"),
  healthyRevision: text("Revision that the objects went back to"),
  objects: list("What it changed, as in the inventory", text("namespace_name_group_Kind")),
  contentHash: text("Hash of what it wanted of these objects; another content ends the hold"),
  cause: text("What was sick"),
  since: time("Since when"),
  frozen: optional(
    flag("The healthy revision cannot be read any longer: the objects stay as they are"),
  ),
});

/** Schema of an item of `status.trials`. */
export const TrialSchema = Type.Object({
  revision: text("Revision that has to become healthy"),
  healthyRevision: text("Revision that its objects go back to when it does not"),
  objects: list("What it changed, as in the inventory", text("namespace_name_group_Kind")),
  since: time("Since when it is applied"),
});

/** Schema of an item of `status.history`. */
export const HistorySchema = Type.Object({
  revision: text("Revision"),
  result: text("Applying, Applied, Healthy, Unhealthy, Quarantined or the reason of a failure"),
  author: optional(text("Who wrote the commit")),
  subject: optional(text("First line of its message")),
  committedAt: optional(time("When it was committed")),
  attemptedAt: time("When it was tried first"),
  appliedAt: optional(time("When it was applied")),
  healthyAt: optional(time("When it was healthy first")),
});

/** Who calls when a repository changed. */
export type Receiver = Value<typeof ReceiverSchema>;
/** One that is told. */
export type Notify = Value<typeof NotifySchema>;
/** A revision whose objects went back. */
export type Quarantine = Value<typeof QuarantineSchema>;
/** A revision that has not been healthy yet. */
export type Trial = Value<typeof TrialSchema>;
/** What became of a revision. */
export type HistoryEntry = Value<typeof HistorySchema>;
