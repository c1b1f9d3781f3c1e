import { Type } from "@sinclair/typebox";
import { NAME_LENGTH_MAX, PATH_LENGTH_MAX, VALUE_LENGTH_MAX } from "./limits.ts";
import { choice, flag, int32, list, map, optional, text, type Value } from "./schema.ts";

const SecretRefSchema = (description: string) =>
  Type.Object({ name: text("Name of the Secret", { maxLength: NAME_LENGTH_MAX }) }, {
    description,
  });

const PatternsSchema = (description: string) =>
  list(
    description,
    text("Pattern as in .gitignore, from the path", { maxLength: PATH_LENGTH_MAX }),
    {
      maxItems: 200,
    },
  );

const VerifySchema = Type.Object({
  mode: optional(
    choice("What must be signed: the commit (default), the tag that is followed, or both", [
      "commit",
      "tag",
      "tagAndCommit",
    ]),
  ),
  secretRef: SecretRefSchema("Public keys, GPG or ssh, one or more a member"),
}, { description: "Take only what one of these keys signed" });

const VariablesSchema = map(
  "Values of ${NAME} in manifests, by name",
  text("", { maxLength: VALUE_LENGTH_MAX }),
  { maxProperties: 500 },
);

const VariableSourceSchema = Type.Object({
  kind: choice("Kind of object", ["ConfigMap", "Secret"]),
  name: text("Name of the object, in the namespace of the MeshSync", {
    maxLength: NAME_LENGTH_MAX,
  }),
  optional: optional(flag("Whether it may be missing (default: false)")),
}, { description: "An object whose data are variables" });

const DecryptionSchema = Type.Object({
  secretRef: SecretRefSchema("age identities (AGE-SECRET-KEY-1…), in any member"),
}, { description: "Decrypt files of SOPS, in memory only" });

/** Members of the spec about what is read from Git. */
export const SOURCE_MEMBERS = {
  include: optional(PatternsSchema("Read only these files")),
  exclude: optional(PatternsSchema("Do not read these files")),
  verify: optional(VerifySchema),
  variables: optional(VariablesSchema),
  variablesFrom: optional(
    list("Objects whose data are variables; later ones win", VariableSourceSchema, {
      maxItems: 50,
    }),
  ),
  decryption: optional(DecryptionSchema),
};

const RefMoveSchema = Type.Object({
  type: choice("Kind of ref", ["branch", "tag"]),
  name: text("Name of the ref"),
  from: text("Commit that it led to before"),
  to: text("Commit that it leads to"),
  isRewritten: optional(
    flag("Whether the newer commit does not descend from the older one"),
  ),
}, { description: "The ref leads somewhere else than before, and not onwards" });

const PassedOverSchema = Type.Object({
  submodules: optional(list("The first folders of other repositories", text(""))),
  moreSubmodules: optional(int32("How many more of these")),
  leftOut: optional(int32("Manifests that patterns leave out")),
  others: optional(int32("Files that are no manifests by their name")),
  objects: optional(list("The first objects that are somebody else's, and whose", text(""))),
  moreObjects: optional(int32("How many more of these")),
}, { description: "What of the folder was not read" });

const PassedTagSchema = Type.Object({
  tag: text("Name of the tag"),
  reason: choice("Why it was not chosen", ["Prerelease", "OutOfRange", "OtherName", "NoVersion"]),
}, { description: "A tag that was not chosen" });

const VersionsSchema = Type.Object({
  chosen: text("The tag with the highest version in the range"),
  passedOver: optional(list("The highest ones that were not chosen", PassedTagSchema)),
  morePassedOver: optional(int32("How many more of these")),
}, { description: "What became of the tags, where semver is followed" });

const SourceStatusSchema = Type.Object({
  versions: optional(VersionsSchema),
  moved: optional(RefMoveSchema),
  passedOver: optional(PassedOverSchema),
}, { description: "What Git said besides a commit; in words: notes" });

/** What Git said besides a commit. */
export type SourceStatus = Value<typeof SourceStatusSchema>;
/** That a ref leads somewhere else than before. */
export type RefMove = Value<typeof RefMoveSchema>;

/** Members of the status about what was read from Git. */
export const SOURCE_STATUS_MEMBERS = {
  source: optional(SourceStatusSchema),
  signer: optional(text("Who signed the revision that was read last")),
  notes: optional(list("What was passed over in it, and other news of Git", text(""))),
};
