import { keyOf, keyText, type KubeObject, printableText, redactedText, shortText } from "#base";
import { membersOf, textOf } from "./component_node.ts";

const ADDRESS_LENGTH_MAX = 300;

/**
 * Addresses of Pulsar by their ConfigMaps, `namespace/name`: two that name the same one are the same cluster.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clustersIn } from "#topology";
 * const config = {
 *   apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "shop", name: "pulsar" },
 *   data: { brokerServiceURL: "pulsar://broker:6650" },
 * };
 * assertEquals([...clustersIn([config])], [["shop/pulsar", "pulsar://broker:6650"]]);
 * ```
 */
export function clustersIn(objects: readonly KubeObject[]): ReadonlyMap<string, string> {
  return new Map(objects.flatMap((object) => {
    if (object.kind !== "ConfigMap" || object.apiVersion !== "v1") return [];
    const data = membersOf(object["data"]);
    const address = textOf(data["brokerServiceURL"], textOf(data["webServiceURL"], ""));
    if (address === "") return [];
    const { namespace, name } = keyOf(object);
    const shown = shortText(printableText(redactedText(address)), ADDRESS_LENGTH_MAX);
    return [[namespace === "" ? `/${name}` : keyText({ namespace, name }), shown] as const];
  }));
}

/** ConfigMaps that say where the Pulsar of components is, each once. */
export function pulsarConfigsOf(
  components: readonly { readonly namespace: string; readonly pulsarConfig: string }[],
): { readonly namespace: string; readonly name: string }[] {
  const keys = new Map(
    components.filter(({ pulsarConfig }) => pulsarConfig !== "").map((
      one,
    ) => [`${one.namespace}/${one.pulsarConfig}`, {
      namespace: one.namespace,
      name: one.pulsarConfig,
    }]),
  );
  return [...keys.values()];
}
