/**
 * The one place that takes secret values out of texts, in whatever spelling somebody else repeats them. Pure.
 *
 * @module
 */
import { MASK } from "./redacted_text.ts";
import { numberKey, numberKeys, quantityWords } from "./secret_number.ts";
import {
  bytesView,
  canonicalText,
  decodedViews,
  folded,
  percentView,
  plainView,
  squeezedView,
  type TextView,
  unescapedView,
} from "./text_view.ts";

/** Shorter values could be part of any word: they are found standing alone only. */
const SHORT_LENGTH = 6;
/** Shorter lines of a value are no secret of their own. */
const LINE_LENGTH_MIN = 10;

/** Long values are looked for in pieces, so that a comparison never takes long. */
const PIECE_LENGTH = 64;
/** Places where a text was cut off that are looked at. */
const CUTS_MAX = 4;

type PiecesByLength = ReadonlyMap<number, ReadonlySet<string>>;

/** What is looked for. */
interface Patterns {
  /** Pieces of values of some length as views are compared: by their first characters, then by length, the longest first. */
  readonly long: ReadonlyMap<string, PiecesByLength>;
  /** Words by their length. */
  readonly short: ReadonlyMap<number, ReadonlySet<string>>;
  readonly numbers: ReadonlySet<string>;
}

/** Of lists that were asked for before: one message after another is cleaned of the same values. */
const known = new WeakMap<
  readonly string[],
  { readonly count: number; readonly asked: number; readonly found: Patterns | undefined }
>();

/** How often the values of a list are looked at one by one before patterns of all are made, which take longer. */
const ASKED_MAX = 4;
/** Longer lists, and longer texts, are not looked at so. */
const SECRETS_MAX = 256;
const TEXT_LENGTH_MAX = 1_024;

/** With what values may begin in texts that were looked at last. */
const startsByText = new Map<string, ReadonlySet<string>>();
const TEXTS_MAX = 4;

/**
 * A text without secret values: as they are, in capitals, quoted, escaped, percent-encoded, split over lines, cut off, as
 * base64 or hexadecimal digits (also as part of a longer text), as bytes, and as the number that was read from them. Short
 * values, which could be part of any word, are found where they stand alone.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withoutValues } from "#base";
 * assertEquals(withoutValues('Invalid value: "s3cret": of 7', ["s3cret", "7", ""]), 'Invalid value: "***": of ***');
 * assertEquals(withoutValues("7 of 77", ["7"]), "*** of 77");
 * assertEquals(withoutValues("bXktczNjcmV0LXg= is odd", ["s3cret"]), "bXkt***LXg= is odd");
 * assertEquals(withoutValues("got {Value:81726354}", ["8_1726_354"]), "got {Value:***}");
 * ```
 */
export function withoutValues(text: string, secrets: readonly string[]): string {
  if (secrets.length === 0 || text === "") return text;
  const patterns = patternsOf(text, secrets);
  if (patterns === undefined) return text;
  const ranges = [
    ...patterns.long.size === 0 ? [] : longRanges(text, patterns.long),
    ...shortRanges(text, patterns.short),
    ...patterns.numbers.size === 0 ? [] : numberRanges(text, patterns.numbers),
  ];
  return ranges.length === 0 ? text : masked(text, ranges);
}

/**
 * A JSON value of which every text, number and truth value is without secret values; keys stay as they are.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withoutValuesIn } from "#base";
 * assertEquals(withoutValuesIn({ a: ["my s3cret", 4711] }, ["s3cret", "4711"]), { a: ["my ***", "***"] });
 * ```
 */
export function withoutValuesIn(value: unknown, secrets: readonly string[]): unknown {
  if (secrets.length === 0) return value;
  if (Array.isArray(value)) return value.map((item) => withoutValuesIn(item, secrets));
  if (value instanceof Error || ArrayBuffer.isView(value)) return value;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([name, member]) => [
      name,
      withoutValuesIn(member, secrets),
    ]);
    return Object.fromEntries(members);
  }
  if (value === undefined || value === null) return value;
  const text = String(value);
  const without = withoutValues(text, secrets);
  return without === text ? value : without;
}

/** What to look for in a text; undefined where nothing of it can be there. */
function patternsOf(text: string, secrets: readonly string[]): Patterns | undefined {
  const count = secrets.length;
  const before = known.get(secrets);
  const { asked, found } = before?.count === count ? before : { asked: 0, found: undefined };
  if (found !== undefined) return found;
  const isQuick = asked < ASKED_MAX && count <= SECRETS_MAX && text.length <= TEXT_LENGTH_MAX;
  if (isQuick && !mayHold(text, secrets)) {
    known.set(secrets, { count, asked: asked + 1, found });
    return undefined;
  }
  const made = newPatterns(secrets);
  known.set(secrets, { count, asked, found: made });
  return made;
}

/** Whether a text may hold one of some values: one that is short or a number may be anywhere. */
function mayHold(text: string, secrets: readonly string[]): boolean {
  const starts = startsIn(text);
  return secrets.some((secret) => {
    const canonical = canonicalText(secret);
    return canonical.length < SHORT_LENGTH || numberKeys(secret).length > 0 ||
      quantityWords(secret).length > 0 ||
      longTexts(secret, canonical).flatMap(piecesOf).some((piece) => starts.has(startOf(piece)));
  });
}

/** With what pieces of values may begin in a text; of a few texts at a time, as one message is compared with many lists. */
function startsIn(text: string): ReadonlySet<string> {
  const before = startsByText.get(text);
  if (before !== undefined) return before;
  const starts = new Set<string>();
  for (const { text: view } of comparedViews(text)) {
    const compared = folded(view);
    for (let at = 0; at + SHORT_LENGTH <= compared.length; at++) {
      starts.add(compared.slice(at, at + SHORT_LENGTH));
    }
  }
  if (startsByText.size >= TEXTS_MAX) startsByText.clear();
  startsByText.set(text, starts);
  return starts;
}

function startOf(piece: string): string {
  return piece.slice(0, SHORT_LENGTH);
}

/** What is looked for of a value that is not short: all of it, its longer lines, and both as bytes. */
function longTexts(secret: string, canonical: string): string[] {
  const lines = secret.includes("\n") ? secret.split("\n").map(canonicalText) : [];
  return [canonical, ...lines.filter((line) => line.length >= LINE_LENGTH_MIN)].flatMap((text) => {
    const bytes = folded(bytesText(text));
    return bytes === text ? [text] : [text, bytes];
  });
}

function newPatterns(secrets: readonly string[]): Patterns {
  const long = new Map<string, Set<string>>();
  const short = new Map<number, Set<string>>();
  const numbers = new Set<string>();
  const addShort = (word: string) => {
    if (word === "") return;
    const words = short.get(word.length) ?? new Set();
    short.set(word.length, words.add(word));
  };
  const addLong = (text: string) => {
    for (const piece of piecesOf(text)) {
      const pieces = long.get(startOf(piece)) ?? new Set();
      long.set(startOf(piece), pieces.add(piece));
    }
  };
  for (const secret of new Set(secrets)) {
    for (const key of numberKeys(secret)) numbers.add(key);
    quantityWords(secret).forEach(addShort);
    const canonical = canonicalText(secret);
    if (canonical.length < SHORT_LENGTH) {
      shortSpellings(secret).forEach(addShort);
      continue;
    }
    longTexts(secret, canonical).forEach(addLong);
  }
  const grouped = [...long].map(([start, texts]) => [start, byLength(texts)] as const);
  return { long: new Map(grouped), short, numbers };
}

function piecesOf(text: string): string[] {
  if (text.length <= PIECE_LENGTH) return [text];
  const starts = Array.from(
    { length: Math.ceil(text.length / PIECE_LENGTH) },
    (_, at) => Math.min(at * PIECE_LENGTH, text.length - PIECE_LENGTH),
  );
  return starts.map((at) => text.slice(at, at + PIECE_LENGTH));
}

function byLength(texts: ReadonlySet<string>): PiecesByLength {
  const groups = Map.groupBy(texts, ({ length }) => length);
  return new Map(
    [...groups].sort(([a], [b]) => b - a).map(([length, group]) => [length, new Set(group)]),
  );
}

/** A text as bytes of UTF-8, a character each. */
function bytesText(text: string): string {
  // deno-lint-ignore no-control-regex -- whether there is anything but ASCII
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

/** How a short value may stand in a text, as a word. */
function shortSpellings(secret: string): string[] {
  const trimmed = secret.trim();
  const spellings = [secret, trimmed].filter((text) => text !== "").flatMap((text) => {
    const bytes = new TextEncoder().encode(text);
    const base64 = bytes.toBase64();
    return [
      text,
      text.toUpperCase(),
      text.toLowerCase(),
      JSON.stringify(text).slice(1, -1),
      encodeURIComponent(text.toWellFormed()),
      base64,
      bytes.toBase64({ omitPadding: true }),
      bytes.toBase64({ alphabet: "base64url", omitPadding: true }),
      bytes.toHex(),
      bytes.toHex().toUpperCase(),
    ];
  });
  return [...spellings, ...truthWords(trimmed)];
}

/** What YAML reads from a word. */
function truthWords(word: string): string[] {
  const small = word.toLowerCase();
  if (["y", "yes", "on", "true"].includes(small)) return ["true"];
  return ["n", "no", "off", "false"].includes(small) ? ["false"] : [];
}

/** A part of a text that is to be hidden. */
type Range = readonly [from: number, to: number];

function longRanges(text: string, long: Patterns["long"]): Range[] {
  return comparedViews(text).flatMap((view) => foundIn(view, long));
}

/** All ways in which a text is read. */
function comparedViews(text: string): TextView[] {
  const plain = plainView(text);
  const once = unescapedView(plain);
  const spelled = new Set([
    plain,
    once,
    unescapedView(once),
    percentView(plain),
    percentView(once),
  ]);
  const views = [...spelled].map(squeezedView);
  return [
    ...views,
    ...views.flatMap(decodedViews).map(squeezedView),
    squeezedView(bytesView(text)),
  ];
}

/** Where values are in a view; what is cut off counts where enough of it is left. */
function foundIn(view: TextView, long: Patterns["long"]): Range[] {
  const text = folded(view.text);
  const cuts = cutsIn(text);
  const ranges: Range[] = [];
  for (let at = 0; at + SHORT_LENGTH <= text.length;) {
    const pieces = long.get(text.slice(at, at + SHORT_LENGTH));
    const length = pieces === undefined ? 0 : lengthAt(text, at, { cuts, pieces });
    if (length > 0) ranges.push([view.from[at] ?? 0, view.to[at + length - 1] ?? 0]);
    at += Math.max(1, length);
  }
  return ranges;
}

/** How much of a text from a place on is a piece of a value. */
function lengthAt(
  text: string,
  at: number,
  { cuts, pieces }: { readonly cuts: readonly number[]; readonly pieces: PiecesByLength },
): number {
  for (const [length, group] of pieces) {
    if (at + length <= text.length && group.has(text.slice(at, at + length))) return length;
  }
  const cut = cuts.find((place) => place >= at + SHORT_LENGTH && place < at + PIECE_LENGTH);
  if (cut === undefined) return 0;
  const rest = text.slice(at, cut);
  for (const group of pieces.values()) {
    for (const piece of group) if (piece.startsWith(rest)) return rest.length;
  }
  return 0;
}

/** Where a text was cut off: at its end, or where dots say so. */
function cutsIn(text: string): number[] {
  const dots = [...text.matchAll(/…|\.\.\./g).take(CUTS_MAX)];
  return [...dots.map(({ index }) => index), text.length];
}

function shortRanges(text: string, short: Patterns["short"]): Range[] {
  const ranges: Range[] = [];
  for (const [length, words] of short) {
    for (let at = 0; at + length <= text.length;) {
      const isFound = words.has(text.slice(at, at + length)) && !isWordAt(text, at - 1) &&
        !isWordAt(text, at + length);
      if (isFound) ranges.push([at, at + length]);
      at += isFound ? length : 1;
    }
  }
  return ranges;
}

function isWordAt(text: string, at: number): boolean {
  return /^\w$/.test(text[at] ?? "");
}

function numberRanges(text: string, numbers: ReadonlySet<string>): Range[] {
  const found = text.matchAll(/0[xX][0-9a-fA-F]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?/g);
  return [...found].flatMap(({ 0: digits, index }): Range[] => {
    const key = numberKey(Number(digits.replaceAll("_", "")));
    return numbers.has(key) ? [[index, index + digits.length]] : [];
  });
}

/** The text with a mask for each range; ranges that touch are one. */
function masked(text: string, ranges: readonly Range[]): string {
  const sorted = ranges.toSorted(([a, aEnd], [b, bEnd]) => a - b || bEnd - aEnd);
  let [result, end] = ["", 0];
  let isFirst = true;
  for (const [from, to] of sorted) {
    if (isFirst || from > end) result += text.slice(end, from) + MASK;
    end = isFirst ? to : Math.max(end, to);
    isFirst = false;
  }
  return result + text.slice(end);
}
