import { isCommitHash } from "#base";
import { GitError } from "./git_error.ts";
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
  resolve(refs: readonly AdvertisedRef[]): ResolvedRef | undefined;
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
      resolve(refs) {
        const versions = versionChoice(refs.map((ref) => shortName(ref.name)), semver);
        if (versions.chosen === undefined) return undefined;
        const resolved = found(refs, `${TAGS}${versions.chosen}`);
        return resolved && { ...resolved, versions };
      },
    };
  }
  if (tag !== undefined) {
    const name = `${TAGS}${tag}`;
    return { flags: [], patterns: [name, `${name}^{}`], resolve: (refs) => found(refs, name) };
  }
  if (branch !== undefined) {
    const name = `${HEADS}${branch}`;
    return { flags: [], patterns: [name], resolve: (refs) => found(refs, name) };
  }
  return { flags: ["--symref"], patterns: ["HEAD"], resolve: (refs) => found(refs, "HEAD") };
}

/**
 * The answer of `git ls-remote`, with annotated tags peeled and a symbolic HEAD under the name of its branch.
 */
export function advertisedRefs(output: string): { refs: AdvertisedRef[]; headName?: string } {
  const commits = new Map<string, string>();
  let headName: string | undefined;
  for (const line of output.split("\n")) {
    const [value = "", name = ""] = line.split("\t");
    if (value.startsWith("ref: ") && name === "HEAD") headName = value.slice(5);
    else if (isCommitHash(value)) commits.set(name, value);
  }
  const refs = [...commits].filter(([name]) => !name.endsWith("^{}")).map(([name, hash]) => {
    const peeled = commits.get(`${name}^{}`);
    return peeled === undefined
      ? { name, commit: hash }
      : { name, commit: peeled, tagObject: hash };
  });
  return { refs, ...(headName === undefined ? {} : { headName }) };
}

/** The error for a ref that is not there, naming what is. */
export function missingRef(
  wanted: GitRef,
  refs: readonly AdvertisedRef[],
  place: string,
): GitError {
  const isTag = wanted.tag !== undefined || wanted.semver !== undefined;
  const names = refs.map((ref) => ref.name)
    .filter((name) => name.startsWith(isTag ? TAGS : HEADS)).map(shortName).sort();
  const kind = isTag ? "tags" : "branches";
  const there = names.length === 0
    ? `the remote has no ${kind}${refs.length === 0 ? ": is it empty?" : ""}`
    : `the remote has the ${kind} ${shown(names)}`;
  const what = wanted.semver !== undefined
    ? noVersionText(wanted.semver, names)
    : wanted.tag !== undefined
    ? `tag ${wanted.tag} does not exist`
    : wanted.branch !== undefined
    ? `branch ${wanted.branch} does not exist`
    : "it has no default branch";
  return new GitError("no_ref", `Cannot follow ${refText(wanted)} of ${place}: ${what}; ${there}`);
}

function noVersionText(range: string, tags: readonly string[]): string {
  const { passedOver } = versionChoice(tags, range);
  const [named] = passedOver.filter(({ reason }) => reason === "OtherName");
  const hint = named === undefined
    ? ""
    : ` (a name before the version, as of ${named.tag}, has to be in the range, too)`;
  return `no tag is a version in ${JSON.stringify(range)}${hint}`;
}

const SHOWN_MAX = 10;

function shown(names: readonly string[]): string {
  const first = names.slice(0, SHOWN_MAX).join(", ");
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
