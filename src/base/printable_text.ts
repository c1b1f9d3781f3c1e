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
