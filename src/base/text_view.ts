/**
 * Other ways to read a text: with its escapes undone, its base64 decoded, without spaces. Each character knows where in the
 * text it comes from, so that what is found in a view can be hidden in the text. Pure, and linear in the length of the text.
 *
 * @module
 */

/** A text as it reads another way. */
export interface TextView {
  readonly text: string;
  /** Where in the original each character begins. */
  readonly from: readonly number[];
  /** Where in the original each character ends. */
  readonly to: readonly number[];
}

/** Builds a view a character at a time. */
class ViewBuilder {
  readonly #chars: string[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  /** Adds one character (one code unit). */
  add(char: string, from: number, to: number): void {
    this.#chars.push(char);
    this.#from.push(from);
    this.#to.push(to);
  }

  view(): TextView {
    return { text: this.#chars.join(""), from: this.#from, to: this.#to };
  }
}

/** The text itself. */
export function plainView(text: string): TextView {
  const from = Array.from({ length: text.length }, (_, at) => at);
  return { text, from, to: from.map((at) => at + 1) };
}

/** A part of a text that stands for other characters, and how long it is. */
interface Replacement {
  readonly chars: string;
  readonly length: number;
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const ESCAPE_DIGITS: Readonly<Record<string, number>> = { U: 8, u: 4, x: 2 };
const ENTITY = /^&(?:amp|lt|gt|quot|apos|#\d{1,5}|#x[0-9a-f]{1,4});/i;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  gt: ">",
  lt: "<",
  quot: '"',
};
const ENTITY_LENGTH_MAX = 9;

/** With the escapes undone that Go, JSON, YAML and HTML write. */
export function unescapedView(view: TextView): TextView {
  return replacedView(
    view,
    "\\&",
    (text, at) => text[at] === "&" ? entity(text, at) : escape(text, at),
  );
}

function escape(text: string, at: number): Replacement | undefined {
  const next = text[at + 1] ?? "";
  const simple = SIMPLE_ESCAPES[next];
  if (simple !== undefined) return { chars: simple, length: 2 };
  const digits = ESCAPE_DIGITS[next];
  if (digits === undefined) return next === "" ? undefined : { chars: next, length: 2 };
  const code = hexNumber(text.slice(at + 2, at + 2 + digits), digits);
  if (code === undefined || code > 0x10ffff) return undefined;
  return { chars: String.fromCodePoint(code), length: 2 + digits };
}

function entity(text: string, at: number): Replacement | undefined {
  const whole = ENTITY.exec(text.slice(at, at + ENTITY_LENGTH_MAX))?.[0];
  if (whole === undefined) return undefined;
  const name = whole.slice(1, -1).toLowerCase();
  const code = name.startsWith("#x") ? Number(`0${name.slice(1)}`) : Number(name.slice(1));
  return { chars: ENTITIES[name] ?? String.fromCharCode(code), length: whole.length };
}

/** With percent-encoding undone, as bytes of UTF-8. */
export function percentView(view: TextView): TextView {
  return replacedView(view, "%", (text, at) => {
    const code = hexNumber(text.slice(at + 1, at + 3), 2);
    return code === undefined ? undefined : { chars: String.fromCharCode(code), length: 3 };
  });
}

function hexNumber(text: string, digits: number): number | undefined {
  return text.length === digits && /^[0-9a-f]+$/i.test(text) ? Number(`0x${text}`) : undefined;
}

/** The view itself where it holds none of the characters with which replacements begin. */
function replacedView(
  view: TextView,
  starts: string,
  replacementAt: (text: string, at: number) => Replacement | undefined,
): TextView {
  const { from, text, to } = view;
  if (![...starts].some((start) => text.includes(start))) return view;
  const built = new ViewBuilder();
  for (let at = 0; at < text.length;) {
    const char = text[at] ?? "";
    const found = starts.includes(char) ? replacementAt(text, at) : undefined;
    const { chars, length } = found ?? { chars: char, length: 1 };
    for (let index = 0; index < chars.length; index++) {
      built.add(chars[index] ?? "", from[at] ?? 0, to[at + length - 1] ?? 0);
    }
    at += length;
  }
  return built.view();
}

/** What says nothing: spaces, line ends, quotes, backslashes; who prints a text adds and drops these. */
// deno-lint-ignore no-control-regex -- control characters are meant
const FILLERS = /[\u0000- "'`\\]+/g;

function isFiller(char: string): boolean {
  return char <= " " || char === '"' || char === "'" || char === "`" || char === "\\";
}

/** Without what says nothing. */
export function squeezedView({ from, text, to }: TextView): TextView {
  const built = new ViewBuilder();
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (!isFiller(char)) built.add(char, from[at] ?? 0, to[at] ?? 0);
  }
  return built.view();
}

/** A text in small letters, as long as it was. */
export function folded(text: string): string {
  const small = text.toLowerCase();
  if (small.length === text.length) return small;
  return Array.from({ length: text.length }, (_, at) => {
    const char = (text[at] ?? "").toLowerCase();
    return char.length === 1 ? char : text[at] ?? "";
  }).join("");
}

/** A text as views are compared: without what says nothing, in small letters. */
export function canonicalText(text: string): string {
  return folded(text.replace(FILLERS, ""));
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX = "0123456789abcdef";

/** Bits that a character stands for, by its code; -1 for characters of no meaning. */
function digitTable(digits: string): Int8Array {
  const table = new Int8Array(128).fill(-1);
  [...digits].forEach((char, value) => table[char.charCodeAt(0)] = value);
  return table;
}

const BASE64_TABLE = digitTable(BASE64);
BASE64_TABLE["-".charCodeAt(0)] = 62;
BASE64_TABLE["_".charCodeAt(0)] = 63;
const HEX_TABLE = digitTable(HEX);
[..."ABCDEF"].forEach((char, at) => HEX_TABLE[char.charCodeAt(0)] = 10 + at);

/** Stands between runs: nothing is found across it. */
const GAP = "\u0000";

/** What runs of digits decode to, as bytes, begun at each place where a group may begin. */
export function decodedViews(view: TextView): TextView[] {
  return [
    ...[0, 1, 2, 3].map((phase) => bitsView(view, { table: BASE64_TABLE, bits: 6, phase })),
    ...[0, 1].map((phase) => bitsView(view, { table: HEX_TABLE, bits: 4, phase })),
  ];
}

interface Digits {
  readonly table: Int8Array;
  readonly bits: number;
  /** How many digits of a run are passed over. */
  readonly phase: number;
}

function bitsView({ from, text, to }: TextView, { bits, phase, table }: Digits): TextView {
  const built = new ViewBuilder();
  let [held, value, skipped, first] = [0, 0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const digit = table[text.charCodeAt(at)] ?? -1;
    if (digit < 0) {
      if (skipped > 0) built.add(GAP, from[at] ?? 0, to[at] ?? 0);
      [held, value, skipped] = [0, 0, 0];
      continue;
    }
    if (skipped < phase) {
      skipped++;
      continue;
    }
    skipped = Math.max(1, phase);
    if (held === 0) first = at;
    value = (value << bits) | digit;
    held += bits;
    if (held < 8) continue;
    held -= 8;
    built.add(String.fromCharCode((value >> held) & 0xff), from[first] ?? 0, to[at] ?? 0);
    value &= (1 << held) - 1;
    first = at;
  }
  return built.view();
}

/** What lists of bytes stand for, as Go prints them: `[115 51 99]`. */
export function bytesView(text: string): TextView {
  const built = new ViewBuilder();
  let last = 0;
  for (const { 0: digits, index } of text.matchAll(/\d+/g)) {
    const isNext = /^(?: |,|, )$/.test(text.slice(last, Math.min(index, last + 3)));
    if (!isNext) built.add(GAP, index, index);
    last = index + digits.length;
    const isByte = digits.length <= 3 && Number(digits) < 256;
    built.add(isByte ? String.fromCharCode(Number(digits)) : GAP, index, last);
  }
  return built.view();
}
