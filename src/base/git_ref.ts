/**
 * Whether a text can be the name of a branch or tag: the rules of `git check-ref-format` for what stands below
 * `refs/heads/` or `refs/tags/`, and nothing that a command could take for an option.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isRefName } from "#base";
 * assertEquals(["release/1.2", "app@v1", "-x", "a..b", "a.lock/b", "a/.b", "@"].map(isRefName), [
 *   true, true, false, false, false, false, false,
 * ]);
 * ```
 */
export function isRefName(name: string): boolean {
  if (name === "" || name === "@") return false;
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  return !/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|[/.]$|\.lock(\/|$)|\/\./.test(name);
}

/** Whether a text is the full name of a commit: 40 hexadecimal digits, 64 in a SHA-256 repository. */
export function isCommitHash(text: string): boolean {
  return /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(text);
}
