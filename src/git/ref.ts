import {
  byText,
  compareVersions,
  firstInTurns,
  isCommitHash,
  isInRange,
  isRefName,
  mappedInTurns,
  parseRange,
  parseVersion,
  systemClock,
  type Version,
  type VersionRange,
} from "#base";

/** What to follow in a repository; exactly one of the members, none for the remote's default branch. */
export interface GitRef {
  readonly branch?: string;
  readonly tag?: string;
  /** A range of versions, e.g. `>=1.2 <2`: the newest tag in it. */
  readonly semver?: string;
  /** All hexadecimal digits. */
  readonly commit?: string;
}

/** A ref that cannot mean anything. */
export class RefSyntaxError extends Error {
  override readonly name = "RefSyntaxError";
}

/**
 * A ref as people write it on a command line: a branch name, or `tag:…`, `semver:…`, `commit:…`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseRef } from "#git";
 * assertEquals(parseRef("release/1.2"), { branch: "release/1.2" });
 * assertEquals(parseRef("semver:>=1.2 <2"), { semver: ">=1.2 <2" });
 * assertEquals(parseRef(""), {});
 * ```
 * @throws {RefSyntaxError} when it can be no ref
 */
export function parseRef(text: string): GitRef {
  const match = /^(tag|semver|commit|branch):(.*)$/s.exec(text);
  const kind = match?.[1] ?? "branch";
  const value = (match?.[2] ?? text).trim();
  if (value === "" && match === null) return {};
  return checkedRef({ [kind]: value });
}

/**
 * The ref itself, when it can be one.
 *
 * @throws {RefSyntaxError} naming what is wrong with it
 */
export function checkedRef(ref: GitRef): GitRef {
  const given = Object.entries(ref).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const names = given.map(([name]) => name).sort().join(", ");
    throw new RefSyntaxError(`Cannot follow ${names} at once: give one of them`);
  }
  const { branch, tag, semver, commit } = ref;
  if (commit !== undefined && !isCommitHash(commit)) {
    throw new RefSyntaxError(
      `Cannot follow commit ${JSON.stringify(commit)}: give all its 40 (or 64) hexadecimal digits`,
    );
  }
  if (semver !== undefined && (semver.trim() === "" || parseRange(semver) === undefined)) {
    throw new RefSyntaxError(
      `Cannot follow versions ${JSON.stringify(semver)}: give a range such as ">=1.2.0 <2.0.0"`,
    );
  }
  const name = branch ?? tag;
  if (name !== undefined && !isRefName(name)) {
    throw new RefSyntaxError(`Cannot follow ${JSON.stringify(name)}: it is no valid name in Git`);
  }
  return ref;
}

/**
 * A ref in words for messages and status: `main`, `tag:v1`, `semver:^1`, `commit:…`; `HEAD` for the default branch.
 */
export function refText(ref: GitRef): string {
  if (ref.commit !== undefined) return `commit:${ref.commit}`;
  if (ref.semver !== undefined) return `semver:${ref.semver}`;
  if (ref.tag !== undefined) return `tag:${ref.tag}`;
  return ref.branch ?? "HEAD";
}

/** Why a tag was not chosen. */
export type PassedTagReason = "Prerelease" | "OutOfRange" | "OtherName" | "NoVersion";

/** What became of the tags of a remote. */
export interface VersionChoice {
  /** The tag with the highest version in the range; absent when there is none. */
  readonly chosen?: string;
  /** Tags that somebody may have expected instead: the highest versions that were not taken, then what is no version. */
  readonly passedOver: readonly { readonly tag: string; readonly reason: PassedTagReason }[];
  /** How many more there are. */
  readonly morePassedOver: number;
}

const PASSED_SHOWN_MAX = 10;

/**
 * The tag with the highest version in a range, and those that were passed over: tags that are no versions or have another
 * name before it, prereleases that the range does not want, and versions out of it that are higher than the chosen one. Of
 * equal versions (`1.0.0`, `v1.0.0`) the first by name is taken. A remote has as many tags as it likes: now and then everything
 * else has a turn, and only the few that are shown are put in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { versionChoice } from "#git";
 * const tags = ["v1.2.0", "v1.10.0", "v2.0.0", "nightly"];
 * const { chosen, passedOver } = await versionChoice(tags, "^1.0.0");
 * assertEquals(chosen, "v1.10.0");
 * assertEquals(passedOver, [{ tag: "v2.0.0", reason: "OutOfRange" }, { tag: "nightly", reason: "NoVersion" }]);
 * assertEquals((await versionChoice(["app/v1.0.0", "v2.0.0"], "app/>=1")).chosen, "app/v1.0.0");
 * ```
 */
export async function versionChoice(
  tags: readonly string[],
  text: string,
): Promise<VersionChoice> {
  const range = parseRange(text);
  if (range === undefined) return { passedOver: [], morePassedOver: tags.length };
  const parsed = await mappedInTurns(tags, (tag) => ({ tag, ...versionOf(tag, range) }), TURNS);
  const named = parsed.filter((one): one is VersionTag => one.version !== undefined);
  const others = parsed.filter(({ version }) => version === undefined).map(({ tag }) => tag);
  const inRange = named.filter(({ isIn }) => isIn);
  const [best] = await firstInTurns(inRange, { ...TURNS, count: 1, compare: byHeight });
  const isHigher = (one: VersionTag) => best === undefined || byHeight(one, best) < 0;
  const areHigher = await mappedInTurns(named, isHigher, TURNS);
  const higher = named.filter((_, at) => areHigher[at]);
  const few = { ...TURNS, count: PASSED_SHOWN_MAX };
  const shown = await firstInTurns(higher, { ...few, compare: byHeight });
  const rest = await firstInTurns(others, { ...few, compare: byText });
  return {
    ...(best === undefined ? {} : { chosen: best.tag }),
    passedOver: [
      ...shown.map(({ tag, version }) => ({ tag, reason: missedReason(version, range) })),
      ...rest.map((tag) => ({ tag, reason: otherReason(tag) })),
    ].slice(0, PASSED_SHOWN_MAX),
    morePassedOver: Math.max(0, higher.length + others.length - PASSED_SHOWN_MAX),
  };
}

/** Each of them takes some microseconds. */
const TURNS = { each: 2_000, clock: systemClock };

interface VersionTag {
  readonly tag: string;
  readonly version: Version;
  readonly isIn: boolean;
}

/** The highest version first; of equal ones the first by name. */
function byHeight(a: VersionTag, b: VersionTag): number {
  return compareVersions(b.version, a.version) || byText(a.tag, b.tag);
}

/** Why a version is not in a range. */
function missedReason(version: Version, range: VersionRange): PassedTagReason {
  const released = { ...version, prerelease: [] };
  const isPrerelease = version.prerelease.length > 0 && isInRange(released, range);
  return isPrerelease ? "Prerelease" : "OutOfRange";
}

function otherReason(tag: string): PassedTagReason {
  return hasVersion(tag) ? "OtherName" : "NoVersion";
}

function versionOf(
  tag: string,
  range: VersionRange,
): { readonly version: Version | undefined; readonly isIn: boolean } {
  const { prefix } = range;
  const version = tag.startsWith(prefix) ? parseVersion(tag.slice(prefix.length)) : undefined;
  return { version, isIn: version !== undefined && isInRange(version, range) };
}

/** Whether a tag ends in a version, after some name. */
function hasVersion(tag: string): boolean {
  if (parseVersion(tag) !== undefined) return true;
  return [...tag].slice(0, NAME_LENGTH_MAX).some((letter, index) =>
    "/-_@".includes(letter) && parseVersion(tag.slice(index + 1)) !== undefined
  );
}

const NAME_LENGTH_MAX = 250;
