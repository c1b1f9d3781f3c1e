import type { KubeObject, Problem } from "#base";
import { componentSources } from "./component_node.ts";
import type { Finding } from "./finding.ts";
import { findings } from "./findings.ts";
import { topology } from "./topology.ts";

/**
 * The warnings between the components of one object: of a FunctionMesh those among its items, of a component those with
 * itself; other objects have none. Paths are those of the object. Asks nobody.
 *
 * @param told what is said of the object already; nothing is said twice of a field
 */
export function ownWarnings(object: KubeObject, told: readonly Problem[] = []): Finding[] {
  const known = new Set(told.map(({ path }) => path));
  // No line is asked for; with an origin, paths lead from the object.
  const sources = componentSources([{ object, file: "", lineOf: () => 0 }]);
  return findings(topology(sources))
    .filter(({ path, severity }) => severity === "warning" && !known.has(path));
}
