import { byText } from "./canonical.ts";

/** A version as Semantic Versioning 2 has it. */
export interface Version {
  /** Major, minor and patch, as digits without leading zeros. */
  readonly numbers: readonly [string, string, string];
  /** What follows a `-`; empty for a release. */
  readonly prerelease: readonly string[];
}

/** Which versions are wanted. */
export interface VersionRange {
  /** What stands before the version in a tag's name, e.g. `app/` or `app-`; empty for none. */
  readonly prefix: string;
  /** A version is in the range when it meets all demands of one of these. */
  readonly groups: readonly RangeGroup[];
}

/** Demands that a version has to meet together. */
interface RangeGroup {
  readonly demands: readonly Demand[];
  /** Whether one of them names a prerelease: without that, prereleases are not wanted. */
  readonly hasPrerelease: boolean;
}

interface Demand {
  /** From the lower bound on, up to but without the upper one; absent bounds are open. */
  readonly from?: Version;
  readonly to?: Version;
  /** Wanted is what is not between the bounds. */
  readonly isNegated: boolean;
}

/** Longer is no version: what others take, and Git's names have no limit. */
const VERSION_CHARS_MAX = 256;
const NUMBER = "(0|[1-9]\\d*)";
const VERSION = new RegExp(
  `^v?${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z.-]+)?$`,
);

/**
 * A version, with or without `v`; undefined when a text is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseVersion } from "#base";
 * assertEquals(parseVersion("v1.10.0-rc.1"), { numbers: ["1", "10", "0"], prerelease: ["rc", "1"] });
 * assertEquals(["1.2", "01.0.0", "nightly", "1.0.0-"].map(parseVersion), Array(4).fill(undefined));
 * ```
 */
export function parseVersion(text: string): Version | undefined {
  if (text.length > VERSION_CHARS_MAX) return undefined;
  const [whole, major = "", minor = "", patch = "", labels] = VERSION.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const prerelease = labels === undefined ? [] : labels.split(".");
  if (prerelease.some((label) => label === "" || /^0\d+$/.test(label))) return undefined;
  return { numbers: [major, minor, patch], prerelease };
}

/** Which of two versions is the higher one: a number below 0, above 0, or 0 when they have the same rank. */
export function compareVersions(a: Version, b: Version): number {
  for (const place of [0, 1, 2] as const) {
    const order = compareDigits(a.numbers[place], b.numbers[place]);
    if (order !== 0) return order;
  }
  // A release is higher than all that led to it.
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return b.prerelease.length - a.prerelease.length;
  }
  for (const [index, label] of a.prerelease.entries()) {
    const other = b.prerelease[index];
    if (other === undefined) return 1;
    if (other === label) continue;
    const order = compareLabels(label, other);
    if (order !== 0) return order;
  }
  return a.prerelease.length - b.prerelease.length;
}

function compareDigits(a: string, b: string): number {
  return a.length - b.length || byText(a, b);
}

function compareLabels(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber && isOtherNumber) return compareDigits(a, b);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return byText(a, b);
}

/**
 * A range of versions as Flux and npm users write it: `>=1.2.0 <2.0.0`, `>=1.2, !=1.4.1`, `^1`, `~1.2`, `1.x`, `1.2 - 2`,
 * `^1 || ^3`; a name before the version (`app/v1.x`, `app->=1.0.0`) wants tags with that name before theirs. Prereleases
 * are wanted by a group that names one: `>=0.0.0-0` is everything.
 *
 * @returns undefined when a text is no range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isInRange, parseRange, parseVersion } from "#base";
 * const isIn = (version: string, text: string) => isInRange(parseVersion(version)!, parseRange(text)!);
 * assertEquals(["1.9.0", "2.0.0", "1.9.0-rc.1"].map((version) => isIn(version, ">=1.0.0, <2.0.0")), [true, false, false]);
 * assertEquals(isIn("2.0.0-rc.1", ">=0.0.0-0"), true);
 * assertEquals(parseRange("app/^1.2")?.prefix, "app/");
 * ```
 */
export function parseRange(text: string): VersionRange | undefined {
  for (const prefix of prefixes(text.trim())) {
    const parts = text.trim().split("||").map((part) => part.trim());
    const rests = parts.map((part) => part.startsWith(prefix) ? part.slice(prefix.length) : part);
    // A name alone is none before a version.
    if (prefix !== "" && rests.includes("")) continue;
    const groups = rests.map(group);
    if (groups.every((one) => one !== undefined)) return { prefix, groups };
  }
  return undefined;
}

/** What may be a name before the version: nothing, or all up to a `/`, `-`, `_` or `@`. */
function prefixes(text: string): string[] {
  const name = /^[A-Za-z][\w./@-]*/.exec(text)?.[0] ?? "";
  const ends = [...name].flatMap((letter, index) => "/-_@".includes(letter) ? [index + 1] : []);
  return ["", ...ends.slice(0, PREFIXES_MAX).map((end) => text.slice(0, end))];
}

/** No name has so many parts; bounds the work for a text that is no range. */
const PREFIXES_MAX = 20;

/** Whether a version is in a range. */
export function isInRange(version: Version, { groups }: VersionRange): boolean {
  return groups.some(({ demands, hasPrerelease }) =>
    (version.prerelease.length === 0 || hasPrerelease) &&
    demands.every((demand) => isMet(demand, version))
  );
}

function isMet({ from, isNegated, to }: Demand, version: Version): boolean {
  const isBetween = (from === undefined || compareVersions(version, from) >= 0) &&
    (to === undefined || compareVersions(version, to) < 0);
  return isBetween !== isNegated;
}

function group(text: string): RangeGroup | undefined {
  const words = demandWords(text);
  const demands = words.map(demandsOf);
  if (demands.some((demand) => demand === undefined)) return undefined;
  return {
    demands: demands.flatMap((demand) => demand ?? []),
    hasPrerelease: words.some(({ from, to }) =>
      (partial(from)?.prerelease.length ?? 0) > 0 || (partial(to)?.prerelease.length ?? 0) > 0
    ),
  };
}

interface Word {
  readonly operator: string;
  readonly from: string;
  /** The other end of `1.2 - 2.0`. */
  readonly to: string;
}

/** `>= 1.2, <2` as its parts; a hyphen between spaces joins two versions. */
function demandWords(text: string): Word[] {
  const tokens = text.replaceAll(",", " ").split(/\s+/).filter((token) => token !== "");
  const words: Word[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    const operator = /^[<>=!~^]*/.exec(token)?.[0] ?? "";
    const rest = token.slice(operator.length);
    if (rest === "") words.push({ operator, from: tokens[++index] ?? "?", to: "" });
    else if (tokens[index + 1] === "-" && operator === "") {
      words.push({ operator: "-", from: rest, to: tokens[index + 2] ?? "?" });
      index += 2;
    } else words.push({ operator, from: rest, to: "" });
  }
  return words.length === 0 ? [{ operator: "", from: "*", to: "" }] : words;
}

/** A version of which the end may be left open. */
interface Partial {
  /** The numbers that are given, from the left. */
  readonly given: readonly string[];
  readonly prerelease: readonly string[];
}

function partial(text: string): Partial | undefined {
  const exact = parseVersion(text);
  if (exact !== undefined) return { given: exact.numbers, prerelease: exact.prerelease };
  const parts = text.replace(/^[vV](?=.)/, "").split(".");
  const isOpen = (part: string) => ["x", "X", "*"].includes(part);
  const end = parts.findIndex(isOpen);
  const given = end < 0 ? parts : parts.slice(0, end);
  if (parts.length > 3 || (end < 0 && parts.length > 2)) return undefined;
  if (end >= 0 && !parts.slice(end).every(isOpen)) return undefined;
  if (!given.every((part) => /^(0|[1-9]\d*)$/.test(part))) return undefined;
  return { given, prerelease: [] };
}

function demandsOf({ from: text, operator, to: end }: Word): Demand | undefined {
  const from = partial(text);
  if (from === undefined) return undefined;
  const [lower, upper] = [lowest(from), after(from)];
  const whole = { ...least(lower), ...below(upper) };
  switch (operator) {
    case "":
    case "=":
    case "==":
      return { ...whole, isNegated: false };
    case "!=":
      return { ...whole, isNegated: true };
    case ">=":
    case "=>":
      return { ...least(lower), isNegated: false };
    case "<":
      return { ...below(lower), isNegated: lower === undefined };
    case ">":
      return { ...least(upper), isNegated: upper === undefined };
    case "<=":
    case "=<":
      return { ...below(upper), isNegated: false };
    case "~":
    case "~>":
      return { ...least(lower), ...below(raised(from, 1)), isNegated: false };
    case "^":
      return { ...least(lower), ...below(raised(from, caretPlace(from))), isNegated: false };
    case "-": {
      const to = partial(end);
      return to && { ...least(lower), ...below(after(to)), isNegated: false };
    }
    default:
      return undefined;
  }
}

function least(from: Version | undefined): Pick<Demand, "from"> {
  return from === undefined ? {} : { from };
}

function below(to: Version | undefined): Pick<Demand, "to"> {
  return to === undefined ? {} : { to };
}

/** The lowest release of what is given; undefined when nothing is, so that everything is meant. */
function lowest({ given, prerelease }: Partial): Version | undefined {
  const [major, minor = "0", patch = "0"] = given;
  return major === undefined ? undefined : { numbers: [major, minor, patch], prerelease };
}

/** What comes right after all that is given. */
function after(from: Partial): Version | undefined {
  const exact = lowest(from);
  if (exact === undefined || from.prerelease.length === 0) {
    return raised(from, from.given.length - 1);
  }
  return { ...exact, prerelease: [...exact.prerelease, "0"] };
}

/** The very first version, prereleases included, in which one of the given numbers is higher by one. */
function raised({ given }: Partial, place: number): Version | undefined {
  const last = Math.min(place, given.length - 1);
  if (last < 0) return undefined;
  const numbers = [0, 1, 2].map((index) =>
    index < last ? given[index] ?? "0" : index === last ? plusOne(given[index] ?? "0") : "0"
  ) as [string, string, string];
  return { numbers, prerelease: ["0"] };
}

/** The first number that is not zero: where it changes, a version promises nothing. */
function caretPlace({ given }: Partial): number {
  const place = given.findIndex((digits) => digits !== "0");
  return place < 0 ? given.length - 1 : place;
}

function plusOne(digits: string): string {
  return String(BigInt(digits) + 1n);
}
