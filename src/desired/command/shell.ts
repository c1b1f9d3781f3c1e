/** Values that a shell and the kubelet read as they are written. */
const HARMLESS = /^[A-Za-z0-9_\/:=.,@%+-]+$/;

/**
 * A value between single quotes: whatever it holds, a shell passes it on exactly.
 *
 * The kubelet reads a command before any shell does: `$(NAME)` is replaced by a variable of the container and `$$`
 * becomes `$`. So a `$` is cut off from a following `$` or `(` by an empty pair of quotes, which the shell drops.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { quoted } from "#desired";
 * assertEquals(quoted("it's"), `'it'"'"'s'`);
 * assertEquals(quoted("$(reboot)"), `'$''(reboot)'`);
 * ```
 */
export function quoted(value: string): string {
  const inner = value.replaceAll("'", `'"'"'`).replaceAll(/\$(?=[$(])/g, "$&''");
  return `'${inner}'`;
}

/** One word of a script that reaches its program as `value`: bare where that is safe, so that commands stay readable. */
export function word(value: string): string {
  return HARMLESS.test(value) ? value : quoted(value);
}

/**
 * A path as an argument: as {@linkcode word}, and never taken for an option.
 *
 * For programs that take files as plain operands (`ls`, `chmod`, `exec`); an option's value needs no such care.
 */
export function operand(path: string): string {
  return word(path.startsWith("-") ? `./${path}` : path);
}

/**
 * The value of a variable of the container as one word. The quotes keep a value with blanks or `*` in one piece.
 *
 * @param fallback used when the variable is unset or empty
 */
export function variable(name: string, fallback?: string): string {
  return fallback === undefined ? `"$${name}"` : `"\${${name}:-${fallback}}"`;
}

/** The value of a variable that the script itself sets, with braces as the reference operator writes those. */
export function ownVariable(name: string): string {
  return `"\${${name}}"`;
}

/** The words of one command or script in a row. Empty ones are left out: a shell would not see them either. */
export function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}
