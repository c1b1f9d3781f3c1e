/** Which metrics and labels an expression of Prometheus names, and which of them there are not. Pure. */
import type { MetricDefinition } from "#telemetry";

/** Labels that Prometheus itself gives to what it scrapes. */
const OF_TARGETS: readonly string[] = ["instance", "job", "namespace", "pod"];

const METRIC = /\b(?:function_mesh|mesh|process)_[a-z0-9_]+\b/g;
const PARTS = ["_bucket", "_count", "_sum"] as const;

/**
 * What an expression, or a text with `{{ $labels.x }}` or `{{x}}`, names that does not exist, in words.
 *
 * @param texts templates whose labels are those of the expression's result
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unknownNames } from "./named.ts";
 * const known = [{ name: "mesh_a_total", help: "", type: "counter", labels: ["kind"] }] as const;
 * assertEquals(unknownNames('sum by (kind) (rate(mesh_a_total{kin="x"}[5m])) / mesh_b', known),
 *   ["mesh_b", "mesh_a_total{kin}"]);
 * ```
 */
export function unknownNames(
  expr: string,
  known: readonly MetricDefinition[],
  texts: readonly string[] = [],
): string[] {
  const named = [...expr.matchAll(METRIC)].map(([name]) => name);
  const found = named.map((name) => definitionOf(name, known));
  const missing = named.filter((_, index) => found[index] === undefined);
  const labels = new Set([...found.flatMap((one) => one?.labels ?? []), ...OF_TARGETS]);
  if (named.some((name) => name.endsWith("_bucket"))) labels.add("le");
  const inSelectors = [...expr.matchAll(/(\b[a-z_0-9]+)\{([^}]*)\}/g)].flatMap(
    ([, metric = "", selector = ""]) => {
      const own = definitionOf(metric, known)?.labels ?? [];
      return selectedLabels(selector)
        .filter((label) => !own.includes(label) && !OF_TARGETS.includes(label))
        .map((label) => `${metric}{${label}}`);
    },
  );
  const grouped = [...expr.matchAll(/\b(?:by|without|on|ignoring) \(([^)]*)\)/g)]
    .flatMap(([, list = ""]) => list.split(",").map((label) => label.trim()));
  const shown = texts.flatMap((text) =>
    [...text.matchAll(/\{\{ ?(?:\$labels\.)?([a-z_]+)/g)].map(([, label = ""]) => label)
  );
  const unknown = [...grouped, ...shown].filter((label) => label !== "" && !labels.has(label));
  return [...missing, ...inSelectors, ...unknown];
}

/** The names of labels in a selector; what its quoted values hold is none. */
function selectedLabels(selector: string): string[] {
  return [...selector.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"/g)]
    .map(([, label = ""]) => label);
}

function definitionOf(
  name: string,
  known: readonly MetricDefinition[],
): MetricDefinition | undefined {
  return known.find((one) =>
    one.type === "histogram" ? PARTS.some((part) => one.name + part === name) : one.name === name
  );
}
