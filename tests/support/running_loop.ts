/** The controller and the GitOps loop inside the test's process, on a real cluster and on Git over HTTP. */
import { customResourceDefinitions, type MeshSync, resourceOf } from "#api";
import { conditionOf, type KubeObject, systemClock, TaskGroup } from "#base";
import { DEFAULT_SETTINGS } from "#desired";
import { installDefinitions } from "#kube";
import { Following } from "../../src/following.ts";
import { Lead } from "../../src/lead.ts";
import { openParts, type Parts } from "../../src/parts.ts";
import { eventually, type TestCluster } from "./control_plane.ts";
import { temporaryFolder, type TestRepository, testRepository } from "./git_repository.ts";
import { type GitServer, gitServer } from "./git_server.ts";

/** A loop at work, in one namespace, with one repository. */
export interface RunningLoop extends AsyncDisposable {
  readonly namespace: string;
  readonly repository: TestRepository;
  readonly server: GitServer;
  readonly parts: Parts;
  /** The log so far, one JSON text a line. */
  readonly logLines: readonly string[];
  /** Makes or changes a MeshSync of the repository. */
  sync(name: string, spec?: Record<string, unknown>): Promise<void>;
  read(name: string): Promise<MeshSync | undefined>;
  /** Reason and message of Ready, as `True Healthy: …`. */
  ready(name: string): Promise<string>;
  /** Waits until Ready reads so. */
  isReady(name: string, pattern: RegExp): Promise<void>;
  /** Has a sync look at Git now. */
  look(name: string): Promise<void>;
}

/** Starts the loop in a namespace of its own. */
export async function runningLoop(cluster: TestCluster): Promise<RunningLoop> {
  const stack = new AsyncDisposableStack();
  const space = stack.use(await cluster.namespace());
  const repository = stack.use(await testRepository());
  const folder = stack.use(await temporaryFolder());
  const parent = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
  const server = stack.use(gitServer({ folder: parent }));
  const logLines: string[] = [];
  const parts = stack.use(await startedParts(cluster, { space: space.name, folder, logLines }));
  const read = async (name: string) => {
    const key = { namespace: space.name, name };
    return await parts.cluster.get(resourceOf("MeshSync"), key) as MeshSync | undefined;
  };
  const ready = async (name: string) => {
    const condition = conditionOf((await read(name))?.status?.conditions, "Ready");
    return `${condition?.status} ${condition?.reason}: ${condition?.message}`;
  };
  const url = `${server.url}/work/.git`;
  return {
    namespace: space.name,
    repository,
    server,
    parts,
    logLines,
    read,
    ready,
    isReady: async (name, pattern) => {
      const look = async () => {
        const text = await ready(name);
        if (!pattern.test(text)) throw new Error(text);
        return true;
      };
      await eventually(look, { timeoutMs: 180_000, intervalMs: 100 });
    },
    look: async (name) => {
      const annotation = `reconcile.functionmesh.io/requestedAt=${crypto.randomUUID()}`;
      await cluster.kubectl([
        "annotate",
        "msync",
        name,
        "-n",
        space.name,
        "--overwrite",
        annotation,
      ]);
    },
    sync: async (name, spec = {}) => {
      const object: KubeObject = {
        apiVersion: "gitops.functionmesh.io/v1alpha1",
        kind: "MeshSync",
        metadata: { namespace: space.name, name },
        spec: { url, path: name, interval: "1h", ...spec },
      };
      await parts.cluster.apply(object, { fieldManager: "user" });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function startedParts(
  cluster: { readonly kubeconfigPath: string },
  { space, folder, logLines }: {
    readonly space: string;
    readonly folder: { readonly path: string };
    readonly logLines: string[];
  },
): Promise<Parts & AsyncDisposable> {
  const parts = await openParts({
    cluster: { kubeconfig: cluster.kubeconfigPath, namespace: space },
    settings: DEFAULT_SETTINGS,
    namespacedBackendConfig: "backend-config",
    cacheDirectory: folder.path,
    concurrency: 4,
    watchedNamespace: space,
    pauseRollout: false,
    rolloutOnUpgrade: false,
    reconcileMeshes: true,
    allowLocalAddresses: true,
    installDefinitions: true,
    logLevel: "info",
    metricsAddress: "0",
    healthAddress: "0",
  }, { logSink: (line) => logLines.push(line) });
  await installDefinitions(parts.cluster, customResourceDefinitions(), {
    fieldManager: "meshwright-definitions",
    clock: systemClock,
  });
  const stop = new AbortController();
  const following = new Following(parts);
  const group = new TaskGroup(stop.signal);
  following.start(group);
  group.start((signal) => new Lead(parts, following).run(signal));
  return {
    ...parts,
    async [Symbol.asyncDispose]() {
      stop.abort(new DOMException("the test is over", "AbortError"));
      await group.ended();
      await following[Symbol.asyncDispose]();
      await parts[Symbol.asyncDispose]();
    },
  };
}
