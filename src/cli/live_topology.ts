import { COMPONENT_KINDS, resourceOf } from "#api";
import { errorText, type KubeObject, printableText } from "#base";
import { type ClusterClient, isForbidden, type ResourceType } from "#kube";
import {
  clustersIn,
  componentNode,
  componentSources,
  pulsarConfigsOf,
  type Topology,
  topology,
} from "#topology";

const CONFIG_MAP: ResourceType = {
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};

/** Components of a cluster that one look is about. */
export interface LiveScope {
  readonly cluster: ClusterClient;
  /** All namespaces when left out. */
  readonly namespace?: string;
  /** Those of one FunctionMesh. */
  readonly mesh?: string;
  /** Those with some labels, as the API server reads them. */
  readonly labelSelector?: string;
  readonly signal: AbortSignal;
}

/** A live topology, and what could not be read for it. */
export interface LiveTopology {
  readonly topology: Topology;
  readonly unread: readonly string[];
}

/**
 * The components of a cluster, and where their Pulsar is as far as the caller may read that.
 *
 * @throws what a list of components throws: without it there is nothing to show
 */
export async function liveTopology(scope: LiveScope): Promise<LiveTopology> {
  const { cluster, labelSelector, mesh, namespace, signal } = scope;
  const at = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    signal,
  };
  const lists = COMPONENT_KINDS.map((kind) => cluster.list(resourceOf(kind), at));
  const objects = (await Promise.all(lists)).flat();
  const sources = componentSources(objects.map((object) => ({ object })))
    .filter((source) => mesh === undefined || source.mesh === mesh);
  const { configs, unread } = await pulsarConfigs(sources.map(componentNode), scope);
  return { topology: topology(sources, { clusters: clustersIn(configs) }), unread };
}

/** The ConfigMaps that say where Pulsar is; what may not be read is said once a namespace. */
async function pulsarConfigs(
  components: Parameters<typeof pulsarConfigsOf>[0],
  { cluster, signal }: LiveScope,
): Promise<{ readonly configs: readonly KubeObject[]; readonly unread: readonly string[] }> {
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
