/**
 * A text of so many characters at most, with `…` where it was cut. What is cut between the two halves of a character
 * would reach nobody as it was sent.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { shortText } from "#base";
 * assertEquals(shortText("orders", 6), "orders");
 * assertEquals(shortText("orders-enrich", 6), "order…");
 * assertEquals(shortText("orde😀rs", 6), "orde…");
 * ```
 */
export function shortText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const cut = text.slice(0, lengthMax - 1);
  return `${cut.isWellFormed() ? cut : cut.replace(/[\ud800-\udbff]$/, "")}…`;
}

/**
 * The first of some words, with how many more there are.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { shortList } from "#base";
 * assertEquals(shortList(["a", "b"], 2), "a, b");
 * assertEquals(shortList(["a", "b", "c"], 2), "a, b and 1 more");
 * ```
 */
export function shortList(words: readonly string[], countMax: number): string {
  const shown = words.slice(0, countMax).join(", ");
  return words.length > countMax ? `${shown} and ${words.length - countMax} more` : shown;
}
