/**
 * A text without some characters at its end. A pattern for that (`/x+$/`) would begin anew at each of them.
 *
 * @param characters what goes, whichever of them and however many
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withoutEnd } from "#base";
 * assertEquals(withoutEnd("https://example.org//", "/"), "https://example.org");
 * ```
 */
export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
