import { Type } from "@sinclair/typebox";
import {
  EXPRESSION_LENGTH_MAX,
  NAME_LENGTH_MAX,
  PATH_LENGTH_MAX,
  REASON_LENGTH_MAX,
} from "./limits.ts";
import { choice, duration, flag, int32, list, map, optional, text, time } from "./schema.ts";

/** One time in which revisions are applied (`allow`) or not (`deny`). */
const WindowSchema = Type.Object({
  kind: choice("Whether revisions are applied in it, or not", ["allow", "deny"]),
  schedule: text("When it begins: five fields as cron has them", { maxLength: 200 }),
  duration: duration("How long it lasts, e.g. 8h"),
  timeZone: optional(
    text("Of the schedule, e.g. Europe/Berlin (default: UTC)", { maxLength: 100 }),
  ),
});

/** Which objects a rule means. */
const OBJECT_MEMBERS = {
  apiVersion: optional(text("Only objects of this version", { maxLength: NAME_LENGTH_MAX })),
  kind: optional(text("Only objects of this kind", { maxLength: NAME_LENGTH_MAX })),
  namespace: optional(text("Only objects in this namespace", { maxLength: NAME_LENGTH_MAX })),
  name: optional(text("Only objects of this name", { maxLength: NAME_LENGTH_MAX })),
} as const;

/** Objects that may be deleted and made anew. */
const ReplaceSchema = Type.Object({
  ...OBJECT_MEMBERS,
  kind: text("Only objects of this kind", { minLength: 1, maxLength: NAME_LENGTH_MAX }),
}, { description: "Objects to replace: every member that is given must fit" });

/** Objects whose health does not count. */
const UncountedSchema = Type.Object({
  ...OBJECT_MEMBERS,
  kind: text("Only objects of this kind", { minLength: 1, maxLength: NAME_LENGTH_MAX }),
}, { description: "Objects whose health does not count: every member that is given must fit" });

/** What the health of a kind is read from. */
const ExpressionSchema = Type.Object({
  apiVersion: text("Version of the kind, e.g. example.org/v1", { maxLength: NAME_LENGTH_MAX }),
  kind: text("The kind", { minLength: 1, maxLength: NAME_LENGTH_MAX }),
  current: text("CEL over self, the object: true when it is as it should be", {
    minLength: 1,
    maxLength: EXPRESSION_LENGTH_MAX,
  }),
  failed: optional(
    text("CEL over self, the object: true when waiting makes it no better", {
      maxLength: EXPRESSION_LENGTH_MAX,
    }),
  ),
}, { description: "How to tell whether objects of a kind are healthy" });

/** Fields that are left to others. */
const IgnoreSchema = Type.Object({
  ...OBJECT_MEMBERS,
  paths: list("JSON pointers, e.g. /spec/replicas", text("", { maxLength: PATH_LENGTH_MAX }), {
    maxItems: 100,
  }),
}, { description: "Fields that others may set: every member that is given must fit" });

/** Members of a MeshSync's spec about how a revision is applied, and when it is not. */
export const APPLY_MEMBERS = {
  force: optional(flag("Take fields from other managers; otherwise a conflict holds the object")),
  commonLabels: optional(
    map("Labels of everything that is applied", text("", { maxLength: NAME_LENGTH_MAX }), {
      maxProperties: 50,
    }),
  ),
  serviceAccountName: optional(
    text("Apply with the rights of this ServiceAccount, in the namespace of the MeshSync", {
      maxLength: NAME_LENGTH_MAX,
    }),
  ),
  dependsOn: optional(
    list(
      "MeshSyncs that must be ready first",
      Type.Object({
        name: text("Name of the MeshSync", { maxLength: NAME_LENGTH_MAX }),
        namespace: optional(
          text("Its namespace (default: the same)", { maxLength: NAME_LENGTH_MAX }),
        ),
      }),
      { maxItems: 100 },
    ),
  ),
  pruneLimit: optional(
    Type.Object({
      objects: optional(int32("Objects that may go at once (default: 10)", { minimum: 0 })),
      percent: optional(
        int32("Share of the inventory that may go at once (default: 20)", { minimum: 0 }),
      ),
    }, { description: "A revision that deletes more than both is held until it is allowed" }),
  ),
  deletionPolicy: optional(
    choice(
      "What becomes of the objects of a deleted MeshSync (default: MirrorPrune, Delete if prune is true)",
      ["Delete", "MirrorPrune", "Orphan"],
    ),
  ),
  drift: optional(
    Type.Object({
      mode: optional(
        choice("What to do about changes by others (default: correct)", [
          "correct",
          "ignore",
          "report",
        ]),
      ),
      ignore: optional(list("Fields that are left to others", IgnoreSchema, { maxItems: 100 })),
    }, { description: "Changes that did not come from Git" }),
  ),
  replace: optional(
    list(
      "Objects that are deleted and made anew where a field cannot be changed",
      ReplaceSchema,
      { maxItems: 100 },
    ),
  ),
  health: optional(
    Type.Object({
      ignore: optional(
        list("Objects whose health does not count", UncountedSchema, { maxItems: 100 }),
      ),
      expressions: optional(
        list(
          "Health of custom resources (default: observedGeneration and conditions)",
          ExpressionSchema,
          { maxItems: 50 },
        ),
      ),
    }, { description: "What healthy means" }),
  ),
  suspendReason: optional(text("Why it is suspended", { maxLength: REASON_LENGTH_MAX })),
  suspendUntil: optional(time("When it goes on by itself")),
  windows: optional(
    list("When revisions are applied (default: always)", WindowSchema, { maxItems: 20 }),
  ),
} as const;

/** Members of a MeshSync's status about what a revision does. */
export const APPLY_STATUS_MEMBERS = {
  actsAs: optional(
    Type.Object({
      serviceAccount: optional(text("NAMESPACE/NAME of the account whose rights it has")),
      namespace: optional(text("The only namespace that it may touch (default: any)")),
      kinds: optional(choice("What it may apply (default: anything)", ["none", "mesh-only"])),
    }, { description: "As whom it acts and how far that reaches: what else Git holds is refused" }),
  ),
  plan: optional(
    Type.Object({
      revision: text("Revision that it is about"),
      counts: map("Objects by what becomes of them", int32("")),
      changes: list("The first objects that change", Type.String()),
    }, { description: "What the revision that was tried last changes" }),
  ),
  jobs: optional(
    list(
      "Jobs that were applied: one that is done and was removed is not made again",
      Type.Object({
        id: text("namespace_name_group_Kind"),
        hash: text("Hash of its spec in Git"),
        result: optional(choice("How it ended", ["Failed", "Succeeded"])),
      }),
    ),
  ),
  drifted: optional(
    list("The first objects that others changed and that were left", Type.String()),
  ),
  inventoryParts: optional(
    list(
      "ConfigMaps with the inventory, where it is too large for the status; a name ends with the hash of the content",
      Type.String(),
    ),
  ),
  inventoryKinds: optional(
    list("Kinds of what is in these ConfigMaps, to look for where one is lost", Type.String()),
  ),
} as const;
