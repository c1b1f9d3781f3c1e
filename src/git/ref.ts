import { canParse, compare, parse, parseRange, satisfies, tryParseRange } from "@std/semver";

/** What to follow in a repository; exactly one of the members, none for the remote's default branch. */
export interface GitRef {
  readonly branch?: string;
  readonly tag?: string;
  /** A range of versions, e.g. `>=1.2 <2`: the newest tag in it. */
  readonly semver?: string;
  /** 40 hexadecimal digits. */
  readonly commit?: string;
}

/** A ref that cannot mean anything. */
export class RefSyntaxError extends Error {
  override readonly name = "RefSyntaxError";
}

const COMMIT = /^[0-9a-f]{40}$|^[0-9a-f]{64}$/;

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
  if (commit !== undefined && !COMMIT.test(commit)) {
    throw new RefSyntaxError(
      `Cannot follow commit ${JSON.stringify(commit)}: give all 40 hexadecimal digits`,
    );
  }
  if (semver !== undefined && (semver.trim() === "" || tryParseRange(semver) === undefined)) {
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

/**
 * The tag with the highest version in a range, or undefined. Tags that are no versions are passed over; a leading `v`
 * is allowed; of equal versions (`1.0.0`, `v1.0.0`) the first by name is taken.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { newestVersion } from "#git";
 * assertEquals(newestVersion(["v1.2.0", "v1.10.0", "v2.0.0", "nightly"], "^1.0.0"), "v1.10.0");
 * assertEquals(newestVersion(["v1.2.0-rc.1"], "^1.0.0"), undefined);
 * ```
 */
export function newestVersion(tags: readonly string[], range: string): string | undefined {
  const wanted = parseRange(range);
  const fitting = tags.filter((tag) => canParse(tag) && satisfies(parse(tag), wanted));
  return fitting.sort((a, b) => compare(parse(b), parse(a)) || (a < b ? -1 : 1))[0];
}

/** The rules of `git check-ref-format` for a name below `refs/heads/` or `refs/tags/`. */
function isRefName(name: string): boolean {
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  if (/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|[/.]$|\.lock(\/|$)|\/\./.test(name)) {
    return false;
  }
  return name !== "" && name !== "@";
}
