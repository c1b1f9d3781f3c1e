import { errorText, type KubeObject, printableText } from "#base";
import { type ClusterClient, isForbidden, type ResourceType } from "#kube";
import { pulsarConfigsOf } from "#topology";

const CONFIG_MAP: ResourceType = {
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};

/** ConfigMaps that say where Pulsar is, and why some could not be read. */
export interface PulsarConfigs {
  readonly configs: readonly KubeObject[];
  readonly unread: readonly string[];
}

/** The ConfigMaps that say where Pulsar is; what may not be read is said once a namespace. */
export async function pulsarConfigs(
  components: Parameters<typeof pulsarConfigsOf>[0],
  { cluster, signal }: {
    readonly cluster: Pick<ClusterClient, "get">;
    readonly signal: AbortSignal;
  },
): Promise<PulsarConfigs> {
  const configs: KubeObject[] = [];
  const unread = new Map<string, string>();
  for (const { name, namespace } of pulsarConfigsOf(components)) {
    if (unread.has(namespace)) continue;
    try {
      const config = await cluster.get(CONFIG_MAP, { namespace, name }, signal);
      if (config !== undefined) configs.push(config);
    } catch (error) {
      if (signal.aborted) throw error;
      const words = isForbidden(error) ? "you may not read them" : errorText(error);
      const reason = `cannot read where Pulsar is, ConfigMaps in namespace ${namespace}: ${words}`;
      unread.set(namespace, printableText(reason));
    }
  }
  return { configs, unread: [...unread.values()] };
}
