import { conditionOf, type KubeObject } from "#base";
import type { MeshSync } from "#api";
import { TargetCluster } from "../../../scripts/e2e/target_cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { PULSAR_CONFIG } from "./components.ts";
import { evidence, shownState } from "./evidence.ts";
import { type KubeApi, kubeApi } from "./kube_api.ts";
import { type BrokerAccess, e2eCluster, type E2eSetting, e2eSetting } from "./setting.ts";
import { Toolbox } from "./toolbox.ts";

const COMPUTE = "compute.functionmesh.io/v1alpha1";
const GITOPS = "gitops.functionmesh.io/v1alpha1";

/** A busy machine starts a Java function in a minute, where an idle one takes four seconds. */
const PATIENCE_MS = 240_000;

/** A pod's status, as far as tests look at it. */
export interface Pod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: unknown;
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly containerID?: string;
  readonly restartCount: number;
  readonly state?: Readonly<
    Record<string, { readonly exitCode?: number; readonly reason?: string }>
  >;
  readonly lastState?: Readonly<
    Record<string, { readonly exitCode?: number; readonly reason?: string }>
  >;
}

/** Any resource of ours, or a StatefulSet. */
export interface Resource extends KubeObject {
  readonly status?: Readonly<Record<string, unknown>>;
}

/** One test on a real cluster: a namespace, a Git repository, and the MeshSync that follows it. */
export class Story implements AsyncDisposable {
  readonly setting: E2eSetting;
  readonly cluster: TargetCluster;
  readonly api: KubeApi;
  readonly toolbox: Toolbox;
  readonly namespace: string;
  /** Image of the function runners. */
  readonly image: string;

  constructor(
    slug: string,
    parts: { readonly setting: E2eSetting; readonly api: KubeApi; readonly toolbox: Toolbox },
  ) {
    this.setting = parts.setting;
    this.cluster = e2eCluster(parts.setting);
    this.api = parts.api;
    this.toolbox = parts.toolbox;
    this.image = parts.setting.images.runner;
    // Topics and subscriptions outlive a test: a run on a kept cluster gets names of its own.
    this.namespace = `e2e-${slug}-${crypto.randomUUID().slice(0, 4)}`;
  }

  /** Name of the MeshSync and of the repository. */
  get sync(): string {
    return this.namespace;
  }

  /** A topic of this test's own. */
  topic(name: string, options: { readonly namespace?: string } = {}): string {
    return `persistent://${options.namespace ?? "public/default"}/${this.namespace}-${name}`;
  }

  /** The ConfigMap with a broker's addresses. */
  pulsarConfig(broker: BrokerAccess = this.setting.broker): KubeObject {
    const data = { webServiceURL: broker.webUrl, brokerServiceURL: broker.serviceUrl };
    return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: PULSAR_CONFIG }, data };
  }

  /** Makes the namespace and the MeshSync: from now on commits are applied. */
  async begin(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.toolbox.commit(this.sync, { "meshes/README.md": "Meshes of a test.\n" });
    await this.cluster.apply([
      { apiVersion: "v1", kind: "Namespace", metadata: { name: this.namespace } },
    ]);
    await this.cluster.apply([{
      apiVersion: GITOPS,
      kind: "MeshSync",
      metadata: { name: this.sync, namespace: this.namespace },
      spec: {
        url: `${this.setting.toolboxUrl}/${this.sync}`,
        ref: { branch: "main" },
        path: "meshes",
        interval: "2s",
        targetNamespace: this.namespace,
        ...spec,
      },
    }]);
  }

  /** Changes members of the MeshSync's spec. */
  async changeSync(spec: Readonly<Record<string, unknown>>): Promise<void> {
    const patch = JSON.stringify({ spec });
    await this.kubectl("patch", "meshsync", this.sync, "--type=merge", "--patch", patch);
  }

  /** Commits objects, a file for each (`undefined` removes one), and answers the commit. */
  async commit(
    files: Readonly<Record<string, KubeObject | undefined>>,
    message?: string,
  ): Promise<string> {
    const texts = Object.entries(files).map(([name, object]) =>
      [`meshes/${name}.yaml`, object === undefined ? null : JSON.stringify(object)] as const
    );
    return await this.toolbox.commit(this.sync, Object.fromEntries(texts), message);
  }

  /** Commits the first revision, with the broker's addresses, and waits until all of it is healthy. */
  async start(files: Readonly<Record<string, KubeObject>>): Promise<void> {
    await this.untilHealthy(await this.commit({ pulsar: this.pulsarConfig(), ...files }));
  }

  /** Resolves when a commit is applied and healthy. */
  async untilHealthy(commit: string, timeoutMs = PATIENCE_MS): Promise<void> {
    await eventually(async () => {
      const { status } = await this.meshSync();
      if (status?.lastHealthyRevision?.includes(commit)) return true;
      throw new Error(`${this.sync} ${conditionText(status?.conditions, "Ready")}`);
    }, { timeoutMs, intervalMs: 250 });
  }

  async meshSync(): Promise<MeshSync> {
    return await this.get<MeshSync>("MeshSync", this.sync);
  }

  /** An object of a kind of ours, a Pod, or a StatefulSet. */
  async find<T extends KubeObject = Resource>(kind: string, name: string): Promise<T | undefined> {
    const { namespace } = this;
    return await this.api.find<T>({ apiVersion: apiVersionOf(kind), kind, namespace, name });
  }

  /** The same. @throws {Error} when it is not there */
  async get<T extends KubeObject = Resource>(kind: string, name: string): Promise<T> {
    const object = await this.find<T>(kind, name);
    if (object === undefined) throw new Error(`${kind} ${this.namespace}/${name} is not there`);
    return object;
  }

  /** The pods of a component, by name: `orders-function`. */
  async pods(workload: string): Promise<Pod[]> {
    const { namespace } = this;
    const pods = await this.api.list<Pod>({ apiVersion: "v1", kind: "Pod", namespace });
    return pods.filter(({ metadata }) => metadata.name.startsWith(`${workload}-`))
      .sort((a, b) => a.metadata.name < b.metadata.name ? -1 : 1);
  }

  /** Ready of a resource as `False ErrImagePull: 0/1 pods ready: …`. */
  async ready(kind: string, name: string): Promise<string> {
    return conditionText((await this.find(kind, name))?.status?.["conditions"], "Ready");
  }

  /** Resolves with the text of Ready when it matches. */
  async untilReady(
    kind: string,
    name: string,
    options: { readonly pattern?: RegExp; readonly timeoutMs?: number } = {},
  ): Promise<string> {
    const { pattern = /^True /, timeoutMs = PATIENCE_MS } = options;
    return await eventually(async () => {
      const text = await this.ready(kind, name);
      if (pattern.test(text)) return text;
      throw new Error(`${kind} ${name}: ${text}`);
    }, { timeoutMs, intervalMs: 200 });
  }

  /** Runs kubectl in the namespace of the test. */
  async kubectl(...args: readonly string[]): Promise<string> {
    return await this.cluster.kubectl([...args, "-n", this.namespace]);
  }

  /** Keeps what kubectl shows of a troubled state, for whoever wants to read it. */
  async record(title: string, remark = ""): Promise<void> {
    const { recordFolder } = this.setting;
    if (recordFolder === undefined) return;
    await Deno.mkdir(recordFolder, { recursive: true });
    const file = `${recordFolder}/${title.replaceAll(/\W+/g, "_")}.txt`;
    const shown = await shownState(this.cluster, this.namespace);
    await Deno.writeTextFile(file, `${remark}${shown}`);
  }

  /** Keeps all that is known, because the test failed. */
  async keepEvidence(): Promise<void> {
    const { failureFolder } = this.setting;
    await Deno.mkdir(failureFolder, { recursive: true });
    const text = await evidence(this.cluster, this.namespace);
    await Deno.writeTextFile(`${failureFolder}/${this.namespace}.txt`, text);
  }

  /** The MeshSync takes its objects along; the namespace takes the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.tryKubectl(
      ["delete", "meshsync", "--all", "-n", this.namespace, "--timeout=60s"],
    );
    await this.kubectl("delete", "namespace", this.namespace, "--wait=false", "--ignore-not-found");
  }
}

/** Registers a test with a story, whose name begins the names of its namespace and topics. */
export function e2eTest(
  slug: string,
  name: string,
  test: (story: Story) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const setting = e2eSetting();
    await using api = await kubeApi(setting);
    await using toolbox = new Toolbox(setting);
    await using story = new Story(slug, { setting, api, toolbox });
    try {
      await story.begin();
      await test(story);
    } catch (error) {
      await story.keepEvidence();
      throw error;
    }
  });
}

/** A condition as `False Reason: message`. */
export function conditionText(conditions: unknown, type: string): string {
  const condition = conditionOf(conditions, type);
  if (condition === undefined) return `no condition ${type}`;
  return `${condition.status} ${condition.reason}: ${condition.message ?? ""}`;
}

function apiVersionOf(kind: string): string {
  if (kind === "MeshSync") return GITOPS;
  if (kind === "StatefulSet") return "apps/v1";
  if (kind === "Pod" || kind === "ConfigMap" || kind === "Secret") return "v1";
  if (kind === "HorizontalPodAutoscaler") return "autoscaling/v2";
  return COMPUTE;
}
