/**
 * Whether a pattern of topics fits a name, without a regular expression engine: patterns are foreign, and an engine can be
 * made to run for years. What is understood is what people write: characters, `.`, classes, `*`, `+` and `?`. Of any other
 * pattern it is not known what it fits, and nothing is claimed.
 *
 * @module
 */

/** One character of a pattern, and how often it may come. */
interface Token {
  readonly fits: (char: string) => boolean;
  readonly isOptional: boolean;
  readonly isRepeated: boolean;
}

/** A pattern that is understood. */
export interface TopicPattern {
  /** What every name that fits begins with. */
  readonly prefix: string;
  readonly tokens: readonly Token[];
}

/** Counts steps, so that many patterns on many topics come to an end. */
export class StepMeter {
  #left: number;

  constructor(stepsMax: number) {
    this.#left = stepsMax;
  }

  /** Whether that many further steps may be taken. */
  take(steps: number): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }
}

const TOKENS_MAX = 500;
/** What means something in a regular expression and is not understood here. */
const FOREIGN = "(){}|^$";

/** The pattern that a text is; undefined for one that is not understood. */
export function topicPattern(text: string): TopicPattern | undefined {
  const tokens: Token[] = [];
  let prefix = "";
  let isPrefix = true;
  for (let at = 0; at < text.length;) {
    const atom = atomAt(text, at);
    if (atom === undefined || tokens.length >= TOKENS_MAX) return undefined;
    const mark = text[atom.end] ?? "";
    const isMarked = "*+?".includes(mark) && mark !== "";
    at = atom.end + (isMarked ? 1 : 0);
    // `.*?` and `.*+` fit the same names.
    if (isMarked && (text[at] === "?" || text[at] === "+")) at += 1;
    tokens.push({
      fits: atom.fits,
      isOptional: mark === "*" || mark === "?",
      isRepeated: mark === "*" || mark === "+",
    });
    isPrefix &&= atom.literal !== undefined && !isMarked;
    if (isPrefix) prefix += atom.literal ?? "";
  }
  return { prefix, tokens };
}

/**
 * Whether a name fits; undefined when the meter is empty. Takes no more than tokens times characters steps.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { patternFits, StepMeter, topicPattern } from "./pattern.ts";
 * const fits = (pattern: string, name: string) => {
 *   const known = topicPattern(pattern);
 *   return known === undefined ? undefined : patternFits(known, name, new StepMeter(1_000));
 * };
 * assertEquals([fits("orders-.*", "orders-eu"), fits("orders-[^-]+", "orders-eu-1"), fits("a(b|c)", "ab")],
 *   [true, false, undefined]);
 * ```
 */
export function patternFits(
  { tokens }: TopicPattern,
  name: string,
  meter: StepMeter,
): boolean | undefined {
  if (!meter.take((tokens.length + 1) * (name.length + 1))) return undefined;
  // A state is the number of tokens that are done.
  let states = reachable(new Set([0]), tokens);
  for (const char of name) {
    const next = new Set<number>();
    for (const state of states) {
      const token = tokens[state];
      if (token?.fits(char) !== true) continue;
      next.add(state + 1);
      if (token.isRepeated) next.add(state);
    }
    if (next.size === 0) return false;
    states = reachable(next, tokens);
  }
  return states.has(tokens.length);
}

/** States with those that are reached without a character. A repeated token that was met once may be left or met again. */
function reachable(states: Set<number>, tokens: readonly Token[]): Set<number> {
  const all = new Set(states);
  for (const state of all) if (tokens[state]?.isOptional === true) all.add(state + 1);
  return all;
}

interface Atom {
  readonly fits: (char: string) => boolean;
  /** The character that it is, where it is just one. */
  readonly literal?: string;
  readonly end: number;
}

function atomAt(text: string, at: number): Atom | undefined {
  const char = text[at] ?? "";
  if (char === ".") return { fits: () => true, end: at + 1 };
  if (char === "[") return classAt(text, at);
  if (char === "\\") return escapeAt(text, at);
  if (FOREIGN.includes(char) || "*+?]".includes(char)) return undefined;
  return { fits: (other) => other === char, literal: char, end: at + 1 };
}

const CLASSES: Readonly<Record<string, (char: string) => boolean>> = {
  d: (char) => /\d/.test(char),
  w: (char) => /\w/.test(char),
  D: (char) => !/\d/.test(char),
  W: (char) => !/\w/.test(char),
};

function escapeAt(text: string, at: number): Atom | undefined {
  const char = text[at + 1];
  if (char === undefined) return undefined;
  const known = CLASSES[char];
  if (known !== undefined) return { fits: known, end: at + 2 };
  if (/[A-Za-z0-9]/.test(char)) return undefined;
  return { fits: (other) => other === char, literal: char, end: at + 2 };
}

function classAt(text: string, at: number): Atom | undefined {
  const end = text.indexOf("]", at + 2);
  const isNegated = text[at + 1] === "^";
  const body = end < 0 ? "" : text.slice(at + (isNegated ? 2 : 1), end);
  // Classes in classes, escapes and intersections are not understood.
  if (body === "" || /[[\\&]/.test(body)) return undefined;
  const ranges: (readonly [string, string])[] = [];
  for (let index = 0; index < body.length; index += 1) {
    const from = body[index] ?? "";
    const to = body[index + 1] === "-" ? body[index + 2] : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) index += 2;
  }
  const isIn = (char: string) => ranges.some(([from, to]) => from <= char && char <= to);
  return { fits: (char) => isIn(char) !== isNegated, end: end + 1 };
}
