import { isPlainObject, type JsonObject } from "#base";

/** How often an object was put right, one time after another. All times are on the monotonic clock. */
export interface Contest {
  readonly lastMs: number;
  /** How long it is left as somebody changes it, from the last correction on. */
  readonly delayMs: number;
  /** When it was put right, as far as that counts. */
  readonly correctedMs: readonly number[];
  /** Somebody undoes what Git says, again and again. */
  readonly isFight: boolean;
  /** Who changes it, and where, as the last correction showed. */
  readonly opponents: readonly string[];
  readonly fields: readonly string[];
}

/** One correction. */
export interface Correction {
  readonly nowMs: number;
  readonly fields: readonly string[];
  readonly opponents: readonly string[];
}

const DELAY_MS_MIN = 1_000;
const DELAY_MS_MAX = 600_000;
/** How long an object stays as Git says before all is forgotten. */
export const CALM_MS = 600_000;
/** So many corrections within this time are a fight. */
const FIGHT_CORRECTIONS = 3;
const FIGHT_MS = 300_000;

/**
 * An object's corrections with one more: what is changed a second time waits, and each time twice as long as the time
 * before, until the object stayed calm.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { contestAfter } from "#plan";
 * const correction = { fields: ["data.a"], opponents: [] };
 * const first = contestAfter(undefined, { ...correction, nowMs: 0 });
 * const second = contestAfter(first, { ...correction, nowMs: 1_000 });
 * const third = contestAfter(second, { ...correction, nowMs: 3_000 });
 * assertEquals([first, second, third].map(({ delayMs, isFight }) => [delayMs, isFight]),
 *   [[0, false], [1_000, false], [2_000, true]]);
 * ```
 */
export function contestAfter(before: Contest | undefined, correction: Correction): Contest {
  const { fields, nowMs, opponents } = correction;
  const known = before === undefined || isCalm(before, nowMs) ? undefined : before;
  const correctedMs = [...(known?.correctedMs ?? []), nowMs].slice(-FIGHT_CORRECTIONS);
  const [firstMs = nowMs] = correctedMs;
  const isOften = correctedMs.length === FIGHT_CORRECTIONS && nowMs - firstMs <= FIGHT_MS;
  return {
    lastMs: nowMs,
    delayMs: known === undefined ? 0 : nextDelayMs(known.delayMs),
    correctedMs,
    isFight: known?.isFight === true || isOften,
    opponents: opponents.length > 0 ? opponents : known?.opponents ?? [],
    fields,
  };
}

function nextDelayMs(delayMs: number): number {
  return Math.min(DELAY_MS_MAX, Math.max(DELAY_MS_MIN, delayMs * 2));
}

/** Until when an object is left as it is, whatever somebody does to it. */
export function heldUntilMs({ delayMs, lastMs }: Contest): number {
  return lastMs + delayMs;
}

/** When an object that nobody changes is out of contest. */
export function calmAtMs(contest: Contest): number {
  return heldUntilMs(contest) + CALM_MS;
}

/** Whether an object stayed as Git says for so long that what was before does not count. */
export function isCalm(contest: Contest, nowMs: number): boolean {
  return nowMs >= calmAtMs(contest);
}

/** Whether another correction would make it a fight: then it is worth knowing who is on the other side. */
export function isFightNext(contest: Contest | undefined): boolean {
  return contest !== undefined && contest.correctedMs.length >= FIGHT_CORRECTIONS - 1;
}

/**
 * Who else manages fields of an object: by `metadata.managedFields`, and where that names nobody, who wrote it last.
 *
 * @param paths as of `differences`
 * @param own the manager that asks
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fieldOwners } from "#plan";
 * const entry = (manager: string, fieldsV1: object) => ({ manager, operation: "Update", fieldsV1: { ...fieldsV1 } });
 * const managed = [entry("helm", { "f:data": { "f:a": {} } }), entry("me", { "f:data": { "f:b": {} } })];
 * assertEquals(fieldOwners(managed, ["data.a"], "me"), ["helm"]);
 * ```
 */
export function fieldOwners(
  managedFields: readonly JsonObject[],
  paths: readonly string[],
  own: string,
): string[] {
  const others = managedFields.filter(({ manager, subresource }) =>
    manager !== own && subresource !== "status"
  );
  const owners = others.filter(({ fieldsV1 }) =>
    paths.some((path) => holds(fieldsV1, pathParts(path)))
  );
  const latest = [...others].sort((a, b) => String(a["time"]) < String(b["time"]) ? 1 : -1);
  const found = owners.length > 0 ? owners : latest.slice(0, 1);
  return [...new Set(found.map(({ manager }) => String(manager)))].sort();
}

/** Parts of a path: names, and items of lists in brackets. */
function pathParts(path: string): string[] {
  const parts: string[] = [];
  let part = "";
  let isItem = false;
  for (const letter of path) {
    if (letter === "[") isItem = true;
    const isEnd = letter === "[" || (letter === "." && !isItem);
    if (isEnd && part !== "") parts.push(part);
    if (isEnd) part = letter === "[" ? "[" : "";
    else if (letter === "]") isItem = false;
    else part += letter;
  }
  return part === "" ? parts : [...parts, part];
}

function holds(node: unknown, [part, ...rest]: readonly string[]): boolean {
  if (!isPlainObject(node)) return false;
  const names = Object.keys(node).filter((name) => name !== ".");
  // Who owns a whole value owns all that is in it.
  if (part === undefined || names.length === 0) return true;
  const name = part.startsWith("[") ? part.slice(1) : part;
  const quoted = name.startsWith('"') ? name.slice(1, -1) : name;
  const fitting = names.filter((key) =>
    key === `f:${quoted}` || (part.startsWith("[") && key.startsWith("k:") &&
      key.includes(`:${JSON.stringify(quoted)}`))
  );
  return fitting.some((key) => holds(node[key], rest));
}
