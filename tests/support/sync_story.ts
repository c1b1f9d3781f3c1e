/** A MeshSync of a test: its repository, its namespace in a real cluster, and the loop that brings them together. */
import { customResourceDefinitions, type MeshSync, resourceOf } from "#api";
import {
  conditionOf,
  type KubeObject,
  type Next,
  type ObjectKey,
  Semaphore,
  systemClock,
} from "#base";
import { type GitSource, gitSource } from "#git";
import {
  NO_CACHES,
  type ObjectCache,
  Proofs,
  reconcileSync,
  type SyncCache,
  type SyncContext,
} from "#gitops";
import { manifestsWith } from "#manifests";
import { type ClusterClient, installDefinitions } from "#kube";
import type { EventDraft } from "#plan";
import { type ApiRequestSample, createLogger, createMetrics } from "#telemetry";
import type { TestCluster } from "./control_plane.ts";
import {
  type CountedGit,
  countedGit,
  temporaryFolder,
  type TestRepository,
  testRepository,
} from "./git_repository.ts";
import { gitServer } from "./git_server.ts";
import { type TestClient, testClient } from "./transport.ts";

/** One sync, run by hand: each pass is a call. */
export interface SyncStory extends AsyncDisposable {
  readonly namespace: string;
  readonly key: ObjectKey;
  /** Its `url` is that of a Git server over HTTP, this story's own. */
  readonly repository: TestRepository;
  readonly client: TestClient;
  readonly git: CountedGit;
  readonly events: EventDraft[];
  /** Log lines so far, of every level. */
  readonly logs: string[];
  /** All that the loop has on the disk. */
  readonly cacheDirectory: string;
  readonly metrics: ReturnType<typeof createMetrics>;
  /** What the loop runs with; a new one after {@linkcode SyncStory.restart}. */
  context(): SyncContext;
  /** Makes or changes the MeshSync. */
  sync(spec?: Record<string, unknown>, annotations?: Record<string, string>): Promise<void>;
  /** One pass, with a look at the remote even before its time. */
  pass(): Promise<Next>;
  /** One pass as the queue would make it: a look only when one is due. */
  idlePass(): Promise<Next>;
  /** Forgets all that a process remembers. */
  restart(): void;
  status(): Promise<NonNullable<MeshSync["status"]>>;
  /** Reason and message of Ready, as `True Healthy: …`. */
  ready(): Promise<string>;
  /** Requests since the last call, as `verb Kind`, sorted. */
  requests(): string[];
}

/** Functions only are followed. */
export function functionCaches(cache: ObjectCache): SyncContext["caches"] {
  return { ...NO_CACHES, of: ({ kind }) => kind === "Function" ? cache : undefined };
}

/** A cache that knows one sync, as it was read last. */
export function onlySync(get: () => KubeObject | undefined, cluster: ClusterClient): SyncCache {
  const list = async (signal: AbortSignal) =>
    await cluster.list(resourceOf("MeshSync"), { signal }) as MeshSync[];
  return { get, list, synced: true };
}

const WRITES: readonly string[] = ["apply", "create", "delete", "patch", "remove", "update"];

/** Whether a request, as {@linkcode SyncStory.requests} tells it, changes something. */
export function isWrite(request: string): boolean {
  return WRITES.includes(request.split(" ")[0] ?? "");
}

/** A loop that acts for itself, follows nothing, and has nobody to tell. */
const SURROUNDINGS = {
  clientOf: () => {
    throw new Error("this story acts as nobody else");
  },
  caches: NO_CACHES,
  tenancy: {
    home: "meshwright",
    isSingleTenant: true,
    kinds: "any",
    defaultServiceAccount: "default",
  },
  reading: new Semaphore(2),
  readManifests: manifestsWith,
  wake: () => {},
  notices: { tell: () => {} },
  isTransient: false,
  random: Math.random,
} satisfies Partial<SyncContext>;

/** Starts a story in a namespace of its own. */
export async function syncStory(
  cluster: TestCluster,
  more: Partial<Pick<SyncContext, "clientOf" | "notices">> = {},
): Promise<SyncStory> {
  const stack = new AsyncDisposableStack();
  const client = stack.use(testClient(await cluster.access()));
  await installDefinitions(client.cluster, customResourceDefinitions(), {
    fieldManager: "meshwright",
    clock: systemClock,
  });
  const space = stack.use(await cluster.namespace());
  const repository = served(stack.use(await testRepository()), stack);
  const folder = stack.use(await temporaryFolder());
  const git = await countedGit(folder.path);
  const key = { namespace: space.name, name: "shop" };
  const events: EventDraft[] = [];
  const logs: string[] = [];
  const cacheDirectory = `${folder.path}/cache`;
  const metrics = createMetrics();
  const fixed = {
    cluster: client.cluster,
    ...SURROUNDINGS,
    startGit: () => gitSource({ cacheDirectory, environment: git.environment }),
    clock: systemClock,
    log: createLogger({ level: "debug", sink: (line) => logs.push(line) }),
    metrics,
    events: { record: (_object: KubeObject, event: EventDraft) => events.push(event) },
    bootstrap: { key, url: repository.url },
    signal: new AbortController().signal,
    ...more,
  };
  return {
    namespace: space.name,
    key,
    repository,
    client,
    git,
    events,
    logs,
    cacheDirectory,
    metrics,
    ...passes(key, { ...fixed, client }),
    sync: async (spec = {}, annotations = {}) => {
      await client.cluster.apply({
        apiVersion: "gitops.functionmesh.io/v1alpha1",
        kind: "MeshSync",
        metadata: { ...key, annotations },
        spec: { url: repository.url, path: "meshes", interval: "1h", ...spec },
      }, { fieldManager: "user" });
    },
    requests: () => {
      const taken = client.requests.splice(0).filter(isAboutObjects);
      return taken.map(({ verb, kind }) => `${verb} ${kind}`).sort();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A repository with the address of a server that starts now and ends with the story. */
function served(repository: TestRepository, stack: AsyncDisposableStack): TestRepository {
  const folder = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
  const server = stack.use(gitServer({ folder }));
  return { ...repository, url: `${server.url}/work/.git` };
}

/** Starts a story whose first revision is applied: a ConfigMap of each name, in a file of its own. */
export async function appliedStory(
  cluster: TestCluster,
  names: readonly string[],
): Promise<SyncStory> {
  await using stack = new AsyncDisposableStack();
  const story = stack.use(await syncStory(cluster));
  await story.repository.commit(
    Object.fromEntries(names.map((name) => [`meshes/${name}.yaml`, configMapText(name, "1")])),
  );
  await story.sync();
  await story.pass();
  stack.move();
  return story;
}

/** The loop, one pass at a call, with a cache of the one MeshSync that is read before each. */
function passes(
  key: ObjectKey,
  { startGit, ...fixed }: Omit<SyncContext, "git" | "proofs" | "syncs"> & {
    readonly client: TestClient;
    readonly startGit: () => GitSource;
  } & Partial<Pick<SyncContext, "git">>,
): Pick<SyncStory, "context" | "pass" | "idlePass" | "restart" | "status" | "ready"> {
  let proofs = new Proofs();
  let git = startGit();
  let cached: KubeObject | undefined;
  const context = (): SyncContext => ({
    git,
    ...fixed,
    proofs,
    syncs: onlySync(() => cached, fixed.client.cluster),
  });
  const read = async () => {
    cached = await fixed.client.cluster.get(resourceOf("MeshSync"), key);
    return cached as MeshSync | undefined;
  };
  const idlePass = async () => {
    await read();
    return await reconcileSync(key, context());
  };
  return {
    context,
    idlePass,
    pass: async () => {
      proofs.setPass(key, { ...proofs.pass(key), nextLookAtMs: 0 });
      return await idlePass();
    },
    restart: () => {
      proofs = new Proofs();
      git = startGit();
    },
    status: async () => (await read())?.status ?? {},
    ready: async () => {
      const ready = conditionOf((await read())?.status?.conditions, "Ready");
      return `${ready?.status} ${ready?.reason}: ${ready?.message}`;
    },
  };
}

/** Discovery is asked once for a kind, and reading the MeshSync is the test's doing, a cache's elsewhere. */
function isAboutObjects(sample: ApiRequestSample): boolean {
  return sample.verb !== "discover" && !(sample.verb === "get" && sample.kind === "MeshSync");
}

/** A ConfigMap in YAML. */
export function configMapText(name: string, value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  value: "${value}"\n`;
}

/** A Function in YAML. */
export function functionText(name: string, spec = ""): string {
  return `apiVersion: compute.functionmesh.io/v1alpha1
kind: Function
metadata:
  name: ${name}
spec:
  className: org.example.Exclaim
  image: example/runner:1
  input:
    topics: [persistent://public/default/in]
  output:
    topic: persistent://public/default/out
  pulsar:
    pulsarConfig: pulsar
  java:
    jar: /pulsar/exclaim.jar
${spec}`;
}
