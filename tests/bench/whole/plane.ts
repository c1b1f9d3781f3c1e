/** The control plane that all subjects of a size share, and how it is asked. */
import { customResourceDefinitions } from "#api";
import { type KubeObject, systemClock } from "#base";
import { type ClusterClient, httpCluster, httpTransport, installDefinitions } from "#kube";
import { type ControlPlane, startControlPlane } from "../../../scripts/control_plane.ts";
import { ApiSession } from "../../../scripts/control_plane/api_session.ts";
import type { Progress } from "../../../scripts/control_plane/progress.ts";
import { treeUsage, type Usage } from "./usage.ts";

/** A control plane without nodes: pods are made and wait, for all subjects alike. */
export interface BenchPlane extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly cluster: ClusterClient;
  /** How many objects of a kind are there: `/api/v1/namespaces/a/services`. Costs the server one object. */
  count(path: string): Promise<number>;
  /** An object; undefined when it is not there. */
  find<T extends KubeObject>(path: string): Promise<T | undefined>;
  /** Requests that the server has answered so far, watches and questions about its metrics left out. */
  requests(): Promise<number>;
  serverUsage(): Promise<Usage>;
}

/** Paths of the three kinds that a Function is made of. */
export function pathsOf(namespace: string): {
  readonly functions: string;
  readonly statefulSets: string;
  readonly services: string;
} {
  return {
    functions: `/apis/compute.functionmesh.io/v1alpha1/namespaces/${namespace}/functions`,
    statefulSets: `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
    services: `/api/v1/namespaces/${namespace}/services`,
  };
}

/** Starts one, with our definitions. */
export async function startBenchPlane(progress: Progress): Promise<BenchPlane> {
  await using stack = new AsyncDisposableStack();
  const plane = stack.use(await startControlPlane({ nodeCount: 0, progress }));
  const session = stack.use(
    new ApiSession({ serverUrl: plane.serverUrl, caPem: plane.caPem, token: plane.adminToken }),
  );
  const transport = stack.use(httpTransport({
    server: plane.serverUrl,
    certificateAuthority: plane.caPem,
    credentials: () => Promise.resolve({ authorization: `Bearer ${plane.adminToken}` }),
  }));
  const cluster = httpCluster(transport);
  const signal = new AbortController().signal;
  await installDefinitions(cluster, customResourceDefinitions(), {
    clock: systemClock,
    fieldManager: "bench",
    signal,
  });
  const serverId = Number(await Deno.readTextFile(`${plane.directory}/kube-apiserver.pid`));
  const ask = async (path: string) => {
    const answer = await session.ask(path);
    if (answer === undefined) throw new Error(`Cannot ask for ${path}: the server does not answer`);
    return answer;
  };
  const running = stack.move();
  return {
    plane,
    cluster,
    async count(path) {
      const { items = [], metadata } = JSON.parse((await ask(`${path}?limit=1`)).text);
      return items.length + (metadata?.remainingItemCount ?? 0);
    },
    async find(path) {
      const { status, text } = await ask(path);
      return status === 404 ? undefined : JSON.parse(text);
    },
    async requests() {
      return requestsIn((await ask("/metrics")).text);
    },
    serverUsage: () => treeUsage(serverId),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function requestsIn(exposition: string): number {
  return exposition.split("\n")
    .filter((line) => line.startsWith("apiserver_request_total{") && !line.includes('"WATCH"'))
    .reduce((all, line) => all + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
