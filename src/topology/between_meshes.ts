import type { KubeObject } from "#base";
import { componentSources } from "./component_node.ts";
import { type Finding, type FindingCode, findingText } from "./finding.ts";
import { findings } from "./findings.ts";
import { topology } from "./topology.ts";

/** Findings that two components bring about by what both have: see {@linkcode sharedMarks}. */
const BY_MARKS: ReadonlySet<FindingCode> = new Set([
  "OrderingOnSharedSubscription",
  "PulsarNameCollision",
  "SharedSubscription",
]);

/**
 * What a component has that no other one should have: its name in Pulsar, and each subscription on a topic, where Pulsar is
 * found by the same ConfigMap. A subscription by a pattern counts as the pattern that it is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sharedMarks } from "#topology";
 * const component = {
 *   apiVersion: "compute.functionmesh.io/v1alpha1", kind: "Sink",
 *   metadata: { namespace: "shop", name: "archive" },
 *   spec: { input: { topics: ["orders"] }, subscriptionName: "all", pulsar: { pulsarConfig: "p" } },
 * };
 * assertEquals(sharedMarks(component), [
 *   "shop/p public/default/archive",
 *   "shop/p persistent://public/default/orders all",
 * ]);
 * ```
 */
export function sharedMarks(component: KubeObject): string[] {
  const { components, edges } = topology([{ component }]);
  return components.flatMap(({ namespace, pulsarConfig, pulsarName }) => [
    `${namespace}/${pulsarConfig} ${pulsarName}`,
    ...edges.flatMap(({ role, subscription, topic }) =>
      role === "input" && subscription !== undefined ? [`${topic} ${subscription}`] : []
    ),
  ]);
}

/**
 * What is wrong between the items of a mesh and components that are not its own. Paths are those of the mesh.
 *
 * @param others components that have a mark of an item
 */
export function warningsBetween(mesh: KubeObject, others: readonly KubeObject[]): Finding[] {
  if (others.length === 0) return [];
  // Who comes first is the one that all others are said to be in the way of.
  const foreign = componentSources(others.map((object) => ({ object })));
  const own = componentSources([{ object: mesh, file: "", lineOf: () => 0 }]);
  const alone = new Set(findings(topology(own)).map(findingKey));
  return findings(topology([...foreign, ...own])).filter((finding) =>
    finding.object !== undefined && BY_MARKS.has(finding.code) && !alone.has(findingKey(finding))
  );
}

function findingKey(finding: Finding): string {
  return `${finding.path} ${findingText(finding)}`;
}
