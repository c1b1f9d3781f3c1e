import { MASK, redactedText, shortText } from "#base";

/** Whatever looks at a text looks at no more than this of it: who wrote it may have written megabytes. */
const LOOKED_AT_MAX = 4_000;

const NAME = String
  .raw`(?:token|passw(?:or)?d|passphrase|secret|credentials?|(?:api|private)[_-]?key)`;
/** What follows a word that announces a secret: up to its closing quote, or up to the next blank or comma. */
const QUOTED = new RegExp(String.raw`(${NAME}["']?\s*[=:]\s*)(["'])[^"']*`, "gi");
const PLAIN = new RegExp(String.raw`(${NAME}["']?\s*[=:]\s*)[^\s"',;}]+`, "gi");

/**
 * What a program said, for a status: bounded, and without what looks like a token or a password, as a status goes to
 * where more people look than at logs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { programText } from "./program_text.ts";
 * assertEquals(programText('Error: {"clientSecret": "a b"} access_token=c, x', 300),
 *   'Error: {"clientSecret": "***"} access_token=***, x');
 * assertEquals(programText("Error: no token", 6), "Error…");
 * ```
 */
export function programText(text: string, lengthMax: number): string {
  const masked = redactedText(text.slice(0, LOOKED_AT_MAX).toWellFormed())
    .replaceAll(QUOTED, `$1$2${MASK}`).replaceAll(PLAIN, `$1${MASK}`);
  return shortText(masked, lengthMax);
}
