import { COMPONENT_KINDS, resourceOf } from "#api";
import { pulsarConfigs } from "#console";
import type { ClusterClient } from "#kube";
import { clustersIn, componentNode, componentSources, type Topology, topology } from "#topology";

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
