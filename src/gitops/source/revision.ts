import { durationMs, type MeshSync, type RefMove, type SourceStatus } from "#api";
import { errorText } from "#base";
import {
  type FetchCall,
  GitError,
  type GitRef,
  type GitSource,
  type Remote,
  type ResolvedRef,
  type Revision,
  type SignedObject,
  type SignerKey,
} from "#git";
import { IGNORE_FILE, isManifestPath, type PassedOver } from "#manifests";

/** The ref of a sync, without members that say nothing. */
export function refOf(sync: MeshSync): GitRef {
  const given = Object.entries(sync.spec.ref ?? {}).filter(([, value]) => value);
  return Object.fromEntries(given);
}

/** Longest that a pass takes. */
const TIMEOUT_MS = 300_000;

/**
 * How the revision of a sync is fetched: its folder, with the contents that are read of it, in the time that a pass has.
 * What was fetched so is read without a word to the remote.
 */
export function fetchCall(sync: MeshSync, signal: AbortSignal): FetchCall & {
  readonly signal: AbortSignal;
} {
  return {
    signal,
    timeoutMs: durationMs(sync.spec.timeout ?? "") ?? TIMEOUT_MS,
    share: sync.metadata.namespace ?? "",
    path: sync.spec.path || ".",
    wants: (path) => isManifestPath(path) || path.split("/").at(-1) === IGNORE_FILE,
  };
}

/**
 * A revision in words: `main@sha1:3fa1c2…`, as Flux writes it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { revisionText } from "#gitops";
 * const commit = "3fa1c2".padEnd(40, "0");
 * assertEquals(revisionText({ name: "main", commit }), `main@sha1:${commit}`);
 * assertEquals(revisionText({ name: "commit", commit }), `sha1:${commit}`);
 * ```
 */
export function revisionText(revision: { readonly commit: string; readonly name: string }): string {
  const digest = `${revision.commit.length === 64 ? "sha256" : "sha1"}:${revision.commit}`;
  return revision.name === "commit" ? digest : `${revision.name}@${digest}`;
}

/** The name and the commit in what {@linkcode revisionText} wrote; empty where it wrote nothing. */
export function revisionParts(
  text: string | undefined,
): { readonly name?: string; readonly commit?: string } {
  const at = (text ?? "").lastIndexOf("@");
  const digest = (text ?? "").slice(at + 1);
  const commit = /^sha(?:1|256):([0-9a-f]+)$/.exec(digest)?.[1];
  if (commit === undefined) return {};
  return { name: at < 0 ? "commit" : (text ?? "").slice(0, at), commit };
}

/** Whether a commit may be taken, as far as signatures go. */
export interface SignatureCheck {
  /** Who signed it, in words; empty where nobody has to, or nobody did. */
  readonly signer: string;
  /** Why it must not be applied; absent when it may. */
  readonly refusal?: string;
}

/**
 * Looks whether somebody signed a commit, or the tag that leads to it, whom the MeshSync trusts; nothing to do where it
 * does not ask for that.
 *
 * @throws what keeps the signature from being looked at
 */
export async function signatureCheck(
  { git, remote, revision, signal, signers, sync }: {
    readonly sync: MeshSync;
    readonly remote: Remote;
    readonly revision: Pick<Revision, "commit" | "name" | "tagObject">;
    /** Whose signatures count; everything is taken when left out. */
    readonly signers: readonly SignerKey[] | undefined;
    readonly git: Pick<GitSource, "verifySigner">;
    readonly signal: AbortSignal;
  },
): Promise<SignatureCheck> {
  if (signers === undefined) return { signer: "" };
  const found: string[] = [];
  const share = sync.metadata.namespace ?? "";
  try {
    for (const object of signedObjects(sync, revision)) {
      const { key, name } = await git.verifySigner(remote, {
        object,
        keys: signers,
        share,
        signal,
      });
      found.push(`${object.type === "tag" ? "tag: " : ""}${name} (${key})`);
    }
    return { signer: found.join(", ") };
  } catch (error) {
    if (!(error instanceof GitError) || error.kind !== "unverified") throw error;
    return { signer: "", refusal: errorText(error) };
  }
}

/** What has to be signed, as `spec.verify.mode` says. */
function signedObjects(
  sync: MeshSync,
  { commit, name, tagObject }: Pick<Revision, "commit" | "name" | "tagObject">,
): SignedObject[] {
  const mode = sync.spec.verify?.mode ?? "commit";
  const ofCommit: SignedObject = { type: "commit", hash: commit };
  if (mode === "commit") return [ofCommit];
  if (tagObject === undefined) {
    const message = `Cannot trust tag ${name}: it is a lightweight tag, which cannot be signed`;
    throw new GitError("unverified", message);
  }
  const ofTag: SignedObject = { type: "tag", hash: tagObject, name, commit };
  return mode === "tag" ? [ofTag] : [ofTag, ofCommit];
}

/**
 * That a ref leads somewhere else than before and not onwards, for `status.source.moved`: what is known of the commit that
 * it leads to, or a tag that another commit got; undefined when there is nothing to say.
 */
export function refMove(
  sync: MeshSync,
  { commit: to, name }: Pick<ResolvedRef, "commit" | "name">,
): RefMove | undefined {
  const known = sync.status?.source?.moved;
  if (known?.name === name && known.to === to) return known;
  if (!sync.spec.ref?.tag && !sync.spec.ref?.semver) return undefined;
  const before = revisionParts(sync.status?.lastAttemptedRevision);
  if (before.name !== name || before.commit === undefined || before.commit === to) return undefined;
  return { type: "tag", name, from: before.commit, to };
}

/**
 * A branch that leads to another commit than what was applied of it: whether that descends from it is worth a question to
 * the remote ({@linkcode GitSource.descends}), when there is time; {@linkcode judgedMove} makes of the answer what there is
 * to say.
 *
 * @param open the last such question that nobody could answer yet; once another commit comes it is about what is applied
 *   then, as in a new process
 */
export function branchMove(
  sync: MeshSync,
  { commit: to, name }: Pick<ResolvedRef, "commit" | "name">,
  open: RefMove | undefined,
): RefMove | undefined {
  const { ref } = sync.spec;
  if (ref?.tag || ref?.semver || ref?.commit) return undefined;
  const applied = revisionParts(sync.status?.lastAppliedRevision);
  const from = open?.name === name && open.to === to ? open.from : applied.commit;
  if (applied.name !== name || from === undefined || from === to) return undefined;
  return { type: "branch", name, from, to };
}

/** A branch move with what was found out of it; undefined when it only went on. */
export function judgedMove(move: RefMove, isDescendant: boolean | undefined): RefMove | undefined {
  return isDescendant === false ? { ...move, isRewritten: true } : undefined;
}

/** What became of the tags, for `status.source.versions`; undefined where no range of versions is followed. */
export function versionsStatus(
  { versions }: Pick<ResolvedRef, "versions">,
): SourceStatus["versions"] {
  if (versions?.chosen === undefined) return undefined;
  const { chosen, morePassedOver, passedOver } = versions;
  return {
    chosen,
    ...(passedOver.length > 0 ? { passedOver } : {}),
    ...(morePassedOver > 0 ? { morePassedOver } : {}),
  };
}

const SHOWN_MAX = 10;

/** What was passed over, for `status.source.passedOver`; undefined when nothing was. */
export function passedOverStatus(
  { leftOut, others, submodules }: PassedOver,
  objects: readonly string[] = [],
): SourceStatus["passedOver"] {
  const rest = Math.max(0, submodules.length - SHOWN_MAX);
  const moreObjects = Math.max(0, objects.length - SHOWN_MAX);
  const said = {
    ...(submodules.length > 0 ? { submodules: submodules.slice(0, SHOWN_MAX) } : {}),
    ...(rest > 0 ? { moreSubmodules: rest } : {}),
    ...(leftOut > 0 ? { leftOut } : {}),
    ...(others > 0 ? { others } : {}),
    ...(objects.length > 0 ? { objects: objects.slice(0, SHOWN_MAX) } : {}),
    ...(moreObjects > 0 ? { moreObjects } : {}),
  };
  return Object.keys(said).length === 0 ? undefined : said;
}

/**
 * `status.source` in words, for `status.notes`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sourceNotes } from "./revision.ts";
 * assertEquals(sourceNotes({ passedOver: { others: 2, submodules: ["vendor"] } }), [
 *   "vendor is a submodule, another repository: not read",
 *   "2 files passed over: not *.yaml, *.yml or *.json, or hidden",
 * ]);
 * ```
 */
export function sourceNotes({ moved, passedOver = {}, versions }: SourceStatus): string[] {
  const { leftOut = 0, moreObjects = 0, moreSubmodules = 0, others = 0 } = passedOver;
  const { objects = [], submodules = [] } = passedOver;
  return [
    ...(moved === undefined ? [] : moveNotes(moved)),
    ...(versions === undefined ? [] : versionNotes(versions)),
    ...submodules.map((path) => `${path} is a submodule, another repository: not read`),
    ...(moreSubmodules > 0 ? [`${moreSubmodules} more submodules: not read`] : []),
    ...(leftOut > 0 ? [`${files(leftOut)} left out by patterns`] : []),
    ...(others > 0 ? [`${files(others)} passed over: not *.yaml, *.yml or *.json, or hidden`] : []),
    ...objects,
    ...(moreObjects > 0 ? [`${moreObjects} more objects of somebody else: not applied`] : []),
  ];
}

/** What there is to say of a move: of a branch only that it was rewritten. */
export function moveNotes({ from, isRewritten, name, to, type }: RefMove): string[] {
  const words = `${type} ${name} was moved from ${from.slice(0, 12)} to ${to.slice(0, 12)}`;
  if (type === "tag") return [words];
  return isRewritten === true ? [`${words}, which does not descend from it`] : [];
}

const TAG_WORDS = {
  Prerelease: "a prerelease, which the range does not name",
  OutOfRange: "not in the range",
  OtherName: "another name before the version than in the range",
  NoVersion: "no version",
} as const;

const TAGS_SHOWN_MAX = 3;

/** Which tag was chosen before which others; nothing to say where nobody could have expected another one. */
function versionNotes(
  { chosen, morePassedOver = 0, passedOver = [] }: NonNullable<SourceStatus["versions"]>,
): string[] {
  const shown = passedOver.slice(0, TAGS_SHOWN_MAX)
    .map(({ reason, tag }) => `${tag} (${TAG_WORDS[reason]})`);
  const rest = passedOver.length - shown.length + morePassedOver;
  if (shown.length === 0) return [];
  const more = rest > 0 ? ` and ${rest} more` : "";
  return [`tag ${chosen} was chosen; passed over ${shown.join(", ")}${more}`];
}

function files(count: number): string {
  return `${count} file${count === 1 ? "" : "s"}`;
}
