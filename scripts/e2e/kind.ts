import { type Progress, reported } from "../control_plane/progress.ts";
import type { ImageArchive } from "./image_archive.ts";
import type { KindEngine, NewCluster } from "./kind_engine.ts";

/** What names of clusters of these tests begin with. */
const CLUSTER_PREFIX = "meshwright-e2e-";

/** A control plane and two nodes, so that one can be drained. */
const CONFIGURATION = {
  kind: "Cluster",
  apiVersion: "kind.x-k8s.io/v1alpha4",
  nodes: [{ role: "control-plane" }, { role: "worker" }, { role: "worker" }],
};

/** A name that no other run has: clusters of two runs are there side by side. */
export function newClusterName(): string {
  return `${CLUSTER_PREFIX}${crypto.getRandomValues(new Uint8Array(4)).toHex()}`;
}

/** How a cluster is made, what it runs, whether it stays. */
export interface KindRun {
  readonly nodeImage: string;
  readonly images: readonly ImageArchive[];
  /** Whether it stays when the work on it ends, well or not. */
  readonly keep: boolean;
  /** Where the folder of its files is made; the one for temporary files when left out. */
  readonly parentFolder?: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A cluster that is there. */
export interface KindCluster {
  readonly kubeconfigPath: string;
  /** Names of the nodes that run pods, sorted. */
  readonly workers: readonly string[];
  /** For files that live as long as the cluster. */
  readonly folder: string;
}

/**
 * Does work on a cluster of its own, whose worker nodes have the images; the control plane runs none of them.
 *
 * # Guarantees
 * Whatever happens, the cluster is deleted in the end, unless work on it began and it is to stay. Clusters of other runs
 * are left alone.
 */
export async function withKindCluster<T>(
  engine: KindEngine,
  run: KindRun,
  work: (cluster: KindCluster) => Promise<T>,
): Promise<T> {
  const { keep, nodeImage, parentFolder, progress } = run;
  await tellOthers(engine, progress);
  const folder = await Deno.makeTempDir({
    prefix: "meshwright-kind-",
    ...(parentFolder === undefined ? {} : { dir: parentFolder }),
  });
  const [kubeconfigPath, configurationPath] = [`${folder}/kubeconfig`, `${folder}/kind.json`];
  const cluster = { name: newClusterName(), nodeImage, kubeconfigPath, configurationPath };
  let isAtWork = false;
  try {
    await Deno.writeTextFile(configurationPath, JSON.stringify(CONFIGURATION));
    const workers = await preparedWorkers(engine, cluster, run);
    isAtWork = true;
    return await work({ folder, kubeconfigPath, workers });
  } finally {
    const { name } = cluster;
    if (keep && isAtWork) {
      progress(
        `kept: KUBECONFIG=${kubeconfigPath}; to delete it: kind delete cluster --name ${name}`,
      );
    } else {
      await engine.delete(cluster);
      await Deno.remove(folder, { recursive: true });
    }
  }
}

async function preparedWorkers(
  engine: KindEngine,
  cluster: NewCluster,
  { images, progress, signal }: KindRun,
): Promise<readonly string[]> {
  const { name, nodeImage } = cluster;
  const create = () => engine.create(cluster, signal);
  await reported(`creating the kind cluster ${name} from ${nodeImage}`, create, progress);
  const workers = await engine.workers(name);
  for (const { reference, path } of images) {
    const load = () => engine.load(path, { name, nodes: workers, signal });
    await reported(`loading ${reference}`, load, progress);
  }
  return workers;
}

/** A run that was killed could not delete its cluster: who starts the next one hears of it. */
async function tellOthers(engine: KindEngine, progress: Progress): Promise<void> {
  for (const name of await engine.clusters()) {
    if (!name.startsWith(CLUSTER_PREFIX)) continue;
    progress(
      `the cluster ${name} of another run is there, at work, kept or left; ` +
        `to delete it: kind delete cluster --name ${name}`,
    );
  }
}
