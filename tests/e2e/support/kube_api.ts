import { type KubeObject, systemClock } from "#base";
import { type ClusterClient, httpCluster, httpTransport } from "#kube";
import { connect } from "../../../src/kube/connect.ts";
import type { E2eSetting } from "./setting.ts";

/** Looks at a cluster over one connection: cheap enough to look often. */
export interface KubeApi extends AsyncDisposable {
  /** An object as it is, or undefined. `apiVersion` and `kind` as in manifests. */
  find<T extends KubeObject>(id: ObjectName): Promise<T | undefined>;
  /** All objects of a kind in a namespace. */
  list<T extends KubeObject>(id: Omit<ObjectName, "name">): Promise<T[]>;
}

/** Which object. */
export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Connects as the kubeconfig of the run says. */
export async function kubeApi(setting: E2eSetting): Promise<KubeApi> {
  const { endpoint } = await connect({
    kubeconfig: setting.kubeconfigPath,
    env: (name) => Deno.env.get(name),
    clock: systemClock,
  });
  const transport = httpTransport(endpoint);
  const cluster = httpCluster(transport);
  return {
    async find<T extends KubeObject>({ apiVersion, kind, namespace, name }: ObjectName) {
      const type = await typeOf(cluster, { apiVersion, kind });
      return await cluster.get(type, { namespace, name }) as T | undefined;
    },
    async list<T extends KubeObject>(
      { apiVersion, kind, namespace }: Omit<ObjectName, "name">,
    ) {
      const type = await typeOf(cluster, { apiVersion, kind });
      return await cluster.list(type, { namespace }) as T[];
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

async function typeOf(
  cluster: ClusterClient,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
) {
  const type = await cluster.resourceType(apiVersion, kind);
  if (type === undefined) throw new Error(`Cannot look at ${kind}: ${apiVersion} does not have it`);
  return type;
}
