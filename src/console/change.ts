import { sameJson } from "#base";
import type { Changed, View, ViewChange } from "./view.ts";

type Values<T> = Readonly<Record<string, T>>;

/**
 * What is different in a later view: by key, so that what stayed is not told again. Undefined where nothing is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { viewChange } from "./change.ts";
 * const before = {
 *   at: "2026-01-01T00:00:00Z", program: { version: "1", server: "" }, components: {}, topics: { a: { label: "x" } },
 *   flows: {}, syncs: {}, findings: [], someHidden: false,
 * };
 * const after = { ...before, at: "2026-01-01T00:00:01Z", topics: { b: { label: "x" } } };
 * assertEquals(viewChange(before, after), { at: after.at, topics: { a: null, b: { label: "x" } } });
 * assertEquals(viewChange(after, { ...after, at: "2026-01-01T00:00:02Z" }), undefined);
 * ```
 */
export function viewChange(before: View, after: View): ViewChange | undefined {
  const components = changed(before.components, after.components);
  const topics = changed(before.topics, after.topics);
  const flows = changed(before.flows, after.flows);
  const syncs = changed(before.syncs, after.syncs);
  const change = {
    ...(sameJson(before.program, after.program) ? {} : { program: after.program }),
    ...(components === undefined ? {} : { components }),
    ...(topics === undefined ? {} : { topics }),
    ...(flows === undefined ? {} : { flows }),
    ...(syncs === undefined ? {} : { syncs }),
    ...(sameJson(before.findings, after.findings) ? {} : { findings: after.findings }),
    ...(before.someHidden === after.someHidden ? {} : { someHidden: after.someHidden }),
  };
  return Object.keys(change).length === 0 ? undefined : { at: after.at, ...change };
}

function changed<T>(before: Values<T>, after: Values<T>): Changed<T> | undefined {
  const news: [string, T | null][] = [];
  for (const [key, value] of Object.entries(after)) {
    // What did not change is the same value: most of it is not compared at all.
    if (before[key] !== value && !sameJson(before[key], value)) news.push([key, value]);
  }
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) news.push([key, null]);
  return news.length === 0 ? undefined : Object.fromEntries(news);
}
