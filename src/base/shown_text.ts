import { printableText } from "./printable_text.ts";
import { redactedText } from "./redacted_text.ts";
import { shortText } from "./short_text.ts";

/**
 * A text that somebody else wrote, as it may be shown: without the credentials of URLs and headers, on one line, of so many
 * characters at most. Bounded before anything looks at it: who wrote it may have written megabytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { shownText } from "#base";
 * assertEquals(shownText("a\nb", 10), "a�b");
 * assertEquals(shownText("https://bot:s3cret@git.example", 100), "https://***@git.example");
 * assertEquals(shownText("x".repeat(1_000_000), 3), "xx…");
 * ```
 */
export function shownText(text: string, lengthMax: number): string {
  const bounded = text.slice(0, 4 * lengthMax).toWellFormed();
  return shortText(printableText(redactedText(bounded)), lengthMax);
}
