/** What moves a cursor, colours a terminal or turns the direction of a text, and what nobody sees at all. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text that somebody else wrote, for one line of a terminal or a page: what is no visible character reads `�`, so that a
 * name or an exception shows what it is and does nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { printableText } from "#base";
 * assertEquals(printableText("orders-enrich"), "orders-enrich");
 * assertEquals(printableText("a\u001b[2Jb\u202ec\nd"), "a�[2Jb�c�d");
 * ```
 */
export function printableText(text: string): string {
  return text.replaceAll(UNSEEN, "�");
}

/**
 * A value as JSON of visible characters: the same value for whoever parses it, and nothing for a terminal to do.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { printableJson } from "#base";
 * assertEquals(printableJson({ a: "\u009b2J\u202e" }), '{"a":"\\u009b2J\\u202e"}');
 * assertEquals(JSON.parse(printableJson({ a: "\u009b2J\n" })), { a: "\u009b2J\n" });
 * ```
 */
export function printableJson(value: unknown): string {
  // Lone halves of a character JSON writes as escapes itself; formats beyond the first plane have two halves.
  return JSON.stringify(value).replaceAll(UNSEEN, (sign) =>
    Array.from(
      { length: sign.length },
      (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""));
}
