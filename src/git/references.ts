import { byText, firstInTurns, isCommitHash, mappedInTurns, systemClock } from "#base";
import { GitError } from "./git_error.ts";
import { records } from "./tree.ts";
import { checkedRef, type GitRef, refText, type VersionChoice, versionChoice } from "./ref.ts";

/** Where a ref points to right now. */
export interface ResolvedRef {
  readonly commit: string;
  /** What to show: a branch (`main`), a tag (`v1.2.0`), or `commit`. */
  readonly name: string;
  /** Full name on the remote (`refs/heads/main`); absent for a commit. */
  readonly fullName?: string;
  /** The object of an annotated tag, which points to the commit and may be signed. */
  readonly tagObject?: string;
  /** Of a range of versions: what became of the tags. */
  readonly versions?: VersionChoice;
}

/** One advertised reference. Annotated tags point to their commit. */
export interface AdvertisedRef {
  readonly name: string;
  readonly commit: string;
  readonly tagObject?: string;
}

/** How to ask a remote for one ref: the arguments after the URL, and what to make of the answer. */
export interface RefQuery {
  readonly flags: readonly string[];
  readonly patterns: readonly string[];
  resolve(refs: readonly AdvertisedRef[]): Promise<ResolvedRef | undefined>;
}

const HEADS = "refs/heads/";
const TAGS = "refs/tags/";

/**
 * The one question that answers where a ref is; undefined for a commit, which is its own answer.
 *
 * @throws {RefSyntaxError} when the ref cannot mean anything
 */
export function refQuery(wanted: GitRef): RefQuery | undefined {
  const { branch, tag, semver, commit } = checkedRef(wanted);
  if (commit !== undefined) return undefined;
  if (semver !== undefined) {
    return {
      flags: ["--tags"],
      patterns: [],
      async resolve(refs) {
        const versions = await versionChoice(refs.map((ref) => shortName(ref.name)), semver);
        if (versions.chosen === undefined) return undefined;
        const resolved = found(refs, `${TAGS}${versions.chosen}`);
        return resolved && { ...resolved, versions };
      },
    };
  }
  if (tag !== undefined) {
    const name = `${TAGS}${tag}`;
    const resolve = (refs: readonly AdvertisedRef[]) => Promise.resolve(found(refs, name));
    return { flags: [], patterns: [name, `${name}^{}`], resolve };
  }
  if (branch !== undefined) {
    const name = `${HEADS}${branch}`;
    const resolve = (refs: readonly AdvertisedRef[]) => Promise.resolve(found(refs, name));
    return { flags: [], patterns: [name], resolve };
  }
  const resolve = (refs: readonly AdvertisedRef[]) => Promise.resolve(found(refs, "HEAD"));
  return { flags: ["--symref"], patterns: ["HEAD"], resolve };
}

/**
 * The answer of `git ls-remote`, with annotated tags peeled and a symbolic HEAD under the name of its branch. Remotes name as
 * many refs as they like: now and then everything else has a turn.
 */
export async function advertisedRefs(
  output: Uint8Array,
): Promise<{ readonly refs: readonly AdvertisedRef[]; readonly headName?: string }> {
  const commits = new Map<string, string>();
  const peeled = new Map<string, string>();
  let headName: string | undefined;
  for await (const line of records(output, LINE_END)) {
    const [value = "", name = ""] = decoder.decode(line).split("\t");
    if (value.startsWith("ref: ") && name === "HEAD") headName = value.slice(5);
    else if (!isCommitHash(value)) continue;
    else if (name.endsWith(PEELED)) peeled.set(name.slice(0, -PEELED.length), value);
    else commits.set(name, value);
  }
  const refs = await mappedInTurns([...commits], ([name, hash]): AdvertisedRef => {
    const commit = peeled.get(name);
    return commit === undefined ? { name, commit: hash } : { name, commit, tagObject: hash };
  }, { each: REFS_AT_ONCE, clock: systemClock });
  return { refs, ...(headName === undefined ? {} : { headName }) };
}

const LINE_END = 0x0a;
/** What `git ls-remote` adds to the name of an annotated tag for the commit that it points to. */
const PEELED = "^{}";
const REFS_AT_ONCE = 20_000;
const decoder = new TextDecoder();

/** The error for a ref that is not there, naming what is. */
export async function missingRef(
  wanted: GitRef,
  refs: readonly AdvertisedRef[],
  place: string,
): Promise<GitError> {
  const isTag = wanted.tag !== undefined || wanted.semver !== undefined;
  const names = refs.map((ref) => ref.name)
    .filter((name) => name.startsWith(isTag ? TAGS : HEADS)).map(shortName);
  const kind = isTag ? "tags" : "branches";
  const there = names.length === 0
    ? `the remote has no ${kind}${refs.length === 0 ? ": is it empty?" : ""}`
    : `the remote has the ${kind} ${await shown(names)}`;
  const what = wanted.semver !== undefined
    ? await noVersionText(wanted.semver, names)
    : wanted.tag !== undefined
    ? `tag ${wanted.tag} does not exist`
    : wanted.branch !== undefined
    ? `branch ${wanted.branch} does not exist`
    : "it has no default branch";
  return new GitError("no_ref", `Cannot follow ${refText(wanted)} of ${place}: ${what}; ${there}`);
}

async function noVersionText(range: string, tags: readonly string[]): Promise<string> {
  const { passedOver } = await versionChoice(tags, range);
  const [named] = passedOver.filter(({ reason }) => reason === "OtherName");
  const hint = named === undefined
    ? ""
    : ` (a name before the version, as of ${named.tag}, has to be in the range, too)`;
  return `no tag is a version in ${JSON.stringify(range)}${hint}`;
}

const SHOWN_MAX = 10;

async function shown(names: readonly string[]): Promise<string> {
  const some = { each: REFS_AT_ONCE, clock: systemClock, count: SHOWN_MAX, compare: byText };
  const first = (await firstInTurns(names, some)).join(", ");
  return names.length > SHOWN_MAX ? `${first} and ${names.length - SHOWN_MAX} more` : first;
}

function found(refs: readonly AdvertisedRef[], fullName: string): ResolvedRef | undefined {
  const ref = refs.find((candidate) => candidate.name === fullName);
  if (ref === undefined) return undefined;
  const { commit, tagObject } = ref;
  const base = { commit, name: shortName(fullName), fullName };
  return tagObject === undefined ? base : { ...base, tagObject };
}

function shortName(name: string): string {
  return name.replace(/^refs\/(heads|tags)\//, "");
}
