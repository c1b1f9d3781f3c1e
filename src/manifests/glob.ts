/**
 * Patterns of paths as Git reads them in `.gitignore`, matched byte by byte without ever going back: the work is at most the
 * length of the pattern times that of the path, whatever they hold.
 *
 * @module
 */

/** Matching would take more steps than it may. */
export class GlobBudgetError extends Error {
  override readonly name = "GlobBudgetError";
}

/** Counts steps of matching, and ends it when there are too many. */
export class GlobMeter {
  #steps = 0;
  readonly #stepsMax: number;

  constructor(stepsMax: number) {
    this.#stepsMax = stepsMax;
  }

  get steps(): number {
    return this.#steps;
  }

  /** @throws {GlobBudgetError} */
  count(steps: number): void {
    this.#steps += steps;
    if (this.#steps <= this.#stepsMax) return;
    throw new GlobBudgetError(
      `comparing patterns with paths takes more than ${this.#stepsMax} steps; ` +
        "use fewer patterns, and fewer * in each",
    );
  }
}

type Token =
  | { readonly kind: "byte"; readonly value: number }
  | { readonly kind: "set"; readonly members: ReadonlySet<number>; readonly isNegated: boolean }
  /** `?`: any byte of a name. */
  | { readonly kind: "any" }
  /** `*`: any bytes of a name. */
  | { readonly kind: "star" }
  /** `**` at the end: any bytes. */
  | { readonly kind: "rest" }
  /** `**` before a slash: goes on after what follows, or with it. */
  | { readonly kind: "skip" }
  /** Any bytes up to a slash. */
  | { readonly kind: "folders" };

/** A pattern ready to be matched; `undefined` for one that no path can match. */
export type Glob = readonly Token[] | undefined;

const SLASH = 0x2f;
const STAR = 0x2a;
const BACKSLASH = 0x5c;
/** What begins something else than a byte: `*`, `?`, `[` and a backslash. */
const SPECIAL: readonly number[] = [STAR, 0x3f, 0x5b, BACKSLASH];
const encoder = new TextEncoder();

/** A path or name in the form in which patterns are matched: bytes, as Git has them. */
export function pathBytes(path: string): Uint8Array {
  return encoder.encode(path);
}

/**
 * Reads a pattern, in which a slash stands for itself and `**` between slashes for any folders.
 *
 * Git compares what stands before the first special character on its own, so that `**` right after it (`a/b**`) counts as one
 * at the start: so here.
 */
export function glob(pattern: string): Glob {
  const bytes = pathBytes(pattern);
  const start = bytes.findIndex((byte) => SPECIAL.includes(byte));
  const tokens: Token[] = [];
  for (let at = 0; at < bytes.length;) {
    const read = bytes[at] === STAR ? stars(bytes, at, at === start) : tokenAt(bytes, at);
    if (read === undefined) return undefined;
    tokens.push(...read.tokens);
    at = read.next;
  }
  return tokens;
}

interface Read {
  readonly tokens: readonly Token[];
  readonly next: number;
}

function tokenAt(bytes: Uint8Array, at: number): Read | undefined {
  switch (bytes[at]) {
    case BACKSLASH: {
      const value = bytes[at + 1];
      // One at the end escapes nothing, and nothing is like it.
      return value === undefined ? undefined : one({ kind: "byte", value }, at + 2);
    }
    case 0x3f:
      return one({ kind: "any" }, at + 1);
    case 0x5b:
      return setAt(bytes, at + 1);
    default:
      return one({ kind: "byte", value: bytes[at] ?? 0 }, at + 1);
  }
}

function one(token: Token, next: number): Read {
  return { tokens: [token], next };
}

function stars(bytes: Uint8Array, at: number, isStart: boolean): Read {
  let next = at;
  while (bytes[next] === STAR) next++;
  const isBetweenSlashes = (isStart || bytes[at - 1] === SLASH) &&
    (next === bytes.length || bytes[next] === SLASH ||
      (bytes[next] === BACKSLASH && bytes[next + 1] === SLASH));
  if (next - at === 1 || !isBetweenSlashes) return one({ kind: "star" }, next);
  return bytes[next] === SLASH
    ? { tokens: [{ kind: "skip" }, { kind: "folders" }], next: next + 1 }
    : one({ kind: "rest" }, next);
}

/** `[a-z]`, from behind its bracket; undefined when it does not end. */
function setAt(bytes: Uint8Array, start: number): Read | undefined {
  const isNegated = bytes[start] === 0x21 || bytes[start] === 0x5e;
  const members = new Set<number>();
  let at = isNegated ? start + 1 : start;
  let before: number | undefined;
  for (let isFirst = true; isFirst || bytes[at] !== 0x5d; isFirst = false) {
    const item = setItem(bytes, at, before);
    if (item === undefined) return undefined;
    for (let value = item.from; value <= item.to; value++) members.add(value);
    item.members?.forEach((value) => members.add(value));
    before = item.before;
    at = item.next;
    if (at >= bytes.length) return undefined;
  }
  return one({ kind: "set", members, isNegated }, at + 1);
}

interface SetItem {
  readonly from: number;
  readonly to: number;
  readonly members?: readonly number[];
  /** What a range that follows begins with. */
  readonly before: number | undefined;
  readonly next: number;
}

function setItem(
  bytes: Uint8Array,
  at: number,
  before: number | undefined,
): SetItem | undefined {
  const byte = bytes[at];
  if (byte === undefined) return undefined;
  const follows = bytes[at + 1];
  if (byte === 0x2d && before !== undefined && follows !== undefined && follows !== 0x5d) {
    const isEscaped = follows === BACKSLASH;
    const to = isEscaped ? bytes[at + 2] : follows;
    if (to === undefined) return undefined;
    return { from: before, to, before: undefined, next: at + (isEscaped ? 3 : 2) };
  }
  if (byte === BACKSLASH) {
    if (follows === undefined) return undefined;
    return { from: follows, to: follows, before: follows, next: at + 2 };
  }
  if (byte === 0x5b && follows === 0x3a) return classAt(bytes, at);
  return { from: byte, to: byte, before: byte, next: at + 1 };
}

/** `[:alpha:]` within a set; a bracket like any byte where it does not end with `:]`. */
function classAt(bytes: Uint8Array, at: number): SetItem | undefined {
  const end = bytes.indexOf(0x5d, at + 2);
  if (end < 0) return undefined;
  if (end < at + 3 || bytes[end - 1] !== 0x3a) {
    return { from: 0x5b, to: 0x5b, before: 0x5b, next: at + 1 };
  }
  const name = new TextDecoder().decode(bytes.subarray(at + 2, end - 1));
  const isMember = CLASSES.get(name);
  if (isMember === undefined) return undefined;
  const members = ASCII.filter((value) => isMember(String.fromCharCode(value)));
  return { from: 1, to: 0, members, before: undefined, next: end + 1 };
}

const ASCII = Array.from({ length: 128 }, (_, value) => value);

const oneOf = (pattern: RegExp) => (text: string) => pattern.test(text);

const CLASSES: ReadonlyMap<string, (character: string) => boolean> = new Map([
  ["alnum", oneOf(/[0-9A-Za-z]/)],
  ["alpha", oneOf(/[A-Za-z]/)],
  ["blank", oneOf(/[ \t]/)],
  // deno-lint-ignore no-control-regex
  ["cntrl", oneOf(/[\x00-\x1f\x7f]/)],
  ["digit", oneOf(/[0-9]/)],
  ["graph", oneOf(/[\x21-\x7e]/)],
  ["lower", oneOf(/[a-z]/)],
  ["print", oneOf(/[\x20-\x7e]/)],
  ["punct", oneOf(/[!-/:-@[-`{-~]/)],
  ["space", oneOf(/[ \t\n\v\f\r]/)],
  ["upper", oneOf(/[A-Z]/)],
  ["xdigit", oneOf(/[0-9A-Fa-f]/)],
]);

/**
 * Whether all of a path fits a pattern. Every place in the pattern that the path can be at is followed at once.
 *
 * @throws {GlobBudgetError} when the meter ends it
 */
export function globMatches(pattern: Glob, path: Uint8Array, meter: GlobMeter): boolean {
  meter.count(1);
  if (pattern === undefined || !endsAlike(pattern, path)) return false;
  let [places, next] = [new Places(pattern), new Places(pattern)];
  places.add(0);
  for (const byte of path) {
    meter.count(places.list.length);
    for (const place of places.list) step(pattern[place], { byte, place, next });
    if (next.list.length === 0) return false;
    [places, next] = [next, places];
    next.clear();
  }
  return places.list.includes(pattern.length);
}

/** Whether a path ends with the bytes at the end of a pattern: most that do not fit are found here. */
function endsAlike(pattern: readonly Token[], path: Uint8Array): boolean {
  for (let back = 1; back <= pattern.length; back++) {
    const token = pattern.at(-back);
    if (token?.kind !== "byte") return true;
    if (path.at(-back) !== token.value) return false;
  }
  return path.length === pattern.length;
}

/** Places in a pattern, each once. */
class Places {
  readonly list: number[] = [];
  readonly #pattern: readonly Token[];
  readonly #has: Uint8Array;

  constructor(pattern: readonly Token[]) {
    this.#pattern = pattern;
    this.#has = new Uint8Array(pattern.length + 1);
  }

  /** Adds a place, and those that are reached from it by nothing. */
  add(place: number): void {
    if (this.#has[place] === 1) return;
    this.#has[place] = 1;
    this.list.push(place);
    const kind = this.#pattern[place]?.kind;
    if (kind === "star" || kind === "rest" || kind === "skip") this.add(place + 1);
    if (kind === "skip") this.add(place + 2);
  }

  clear(): void {
    for (const place of this.list) this.#has[place] = 0;
    this.list.length = 0;
  }
}

function step(
  token: Token | undefined,
  { byte, next, place }: { readonly byte: number; readonly place: number; readonly next: Places },
): void {
  switch (token?.kind) {
    case undefined:
    case "skip":
      return;
    case "byte":
      if (token.value === byte) next.add(place + 1);
      return;
    case "any":
      if (byte !== SLASH) next.add(place + 1);
      return;
    case "set":
      if (byte !== SLASH && token.members.has(byte) !== token.isNegated) next.add(place + 1);
      return;
    case "star":
      if (byte !== SLASH) next.add(place);
      return;
    case "rest":
      next.add(place);
      return;
    case "folders":
      next.add(place);
      if (byte === SLASH) next.add(place + 1);
      return;
    default:
      token satisfies never;
  }
}
