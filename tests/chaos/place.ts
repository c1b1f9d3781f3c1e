/** One namespace with a repository and a MeshSync, and programs that look after it through proxies. */
import { conditionOf, isPlainObject, type KubeObject } from "#base";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder, type TestRepository, testRepository } from "../support/git_repository.ts";
import {
  type ProgramPlace,
  type ProgramProcess,
  programProcess,
} from "../support/program_process.ts";
import {
  proxyKubeconfig,
  type RecordingProxy,
  recordingProxy,
} from "../support/recording_proxy.ts";
import type { Api } from "./api.ts";
import {
  type Content,
  differences,
  filesOf,
  FOLDER,
  missing,
  NOTHING,
  type Snapshot,
  snapshotOf,
  uidsOf,
} from "./content.ts";
import { type GitFront, gitFront } from "./git_front.ts";
import type { ChaosStage } from "./stage.ts";

/** The MeshSync of every place. */
export const SYNC = "shop";

/** How a program is started, where that is not as usual. */
export interface Surroundings extends Pick<ProgramPlace, "env" | "flags" | "source" | "wrapper"> {
  /** The text of its kubeconfig, in place of one for its proxy. */
  readonly kubeconfig?: string;
  /** Where its clones are. */
  readonly cacheDirectory?: string;
}

/** How a place has to be in the end. */
export interface Rest {
  /** What Ready of the MeshSync says; by default that it is healthy. */
  readonly ready?: RegExp;
  /** What is in the cluster, where that is not what the last commit holds. */
  readonly content?: Content;
  /** The MeshSync is gone. */
  readonly isGone?: boolean;
  /** Others changed something: a status may say what was, until the program hears of it. */
  readonly isEdited?: boolean;
}

/** How long a place may take until it rests: what it takes is never what is checked. */
const GIVE_UP_MS = 300_000;
/** So long nobody may ask anything, for a place to rest. */
const QUIET_MS = 1_500;

/** See the module. */
export class Place implements AsyncDisposable {
  readonly namespace: string;
  readonly repository: TestRepository;
  readonly git: GitFront;
  readonly api: Api;
  /** For files of its own. */
  readonly folder: string;
  readonly #stage: ChaosStage;
  readonly #stack: AsyncDisposableStack;
  readonly #proxies: RecordingProxy[] = [];
  readonly #programs: ProgramProcess[] = [];
  #content = NOTHING;
  /** What the commit before the last one holds. */
  #before = NOTHING;
  #commit = "";
  #kubeconfig = "";
  /** Objects that have to stay what they are. */
  uids: ReadonlyMap<string, string> = new Map();

  private constructor(
    stage: ChaosStage,
    parts: {
      readonly namespace: string;
      readonly repository: TestRepository;
      readonly git: GitFront;
      readonly folder: string;
      readonly stack: AsyncDisposableStack;
    },
  ) {
    this.#stage = stage;
    this.api = stage.api;
    this.namespace = parts.namespace;
    this.repository = parts.repository;
    this.git = parts.git;
    this.folder = parts.folder;
    this.#stack = parts.stack;
  }

  /** A place that nobody looks after yet, without a commit. */
  static async open(stage: ChaosStage): Promise<Place> {
    await using stack = new AsyncDisposableStack();
    const namespace = `chaos-${crypto.randomUUID().slice(0, 8)}`;
    await stage.api.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    stack.defer(() => stage.api.remove({ kind: "Namespace", name: namespace }));
    await stage.api.apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "pulsar", namespace },
      data: { webServiceURL: "http://broker:8080", brokerServiceURL: "pulsar://broker:6650" },
    } as KubeObject);
    const repository = stack.use(await testRepository());
    const folder = stack.use(await temporaryFolder()).path;
    const above = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
    const git = stack.use(gitFront(above));
    return new Place(stage, { namespace, repository, git, folder, stack: stack.move() });
  }

  /** A proxy for a program of its own. */
  proxy(): RecordingProxy {
    const proxy = this.#stack.use(recordingProxy(this.#stage.access));
    this.#proxies.push(proxy);
    return proxy;
  }

  /** Starts the program behind a proxy. */
  async start(proxy: RecordingProxy, around: Surroundings = {}): Promise<ProgramProcess> {
    const id = crypto.randomUUID().slice(0, 8);
    const kubeconfig = `${this.folder}/kubeconfig-${id}`;
    const { cacheDirectory = `${this.folder}/cache-${id}`, flags = [], ...others } = around;
    await Deno.writeTextFile(kubeconfig, around.kubeconfig ?? proxyKubeconfig(proxy));
    this.#kubeconfig = kubeconfig;
    const program = this.#stack.use(programProcess({
      ...others,
      kubeconfig,
      namespace: this.namespace,
      flags: [
        ...[`--cache-dir=${cacheDirectory}`, "--allow-local-addresses=true"],
        "--instance-status-interval=0s",
        ...flags,
      ],
    }));
    this.#programs.push(program);
    return program;
  }

  /** Writes over the kubeconfig of the program that was started last. */
  async changeKubeconfig(text: string): Promise<void> {
    await Deno.writeTextFile(this.#kubeconfig, text);
  }

  /** Resolves when the program behind a proxy has read its MeshSyncs. */
  async untilServed({ seen }: RecordingProxy, from = 0): Promise<void> {
    await eventually(
      () => seen.slice(from).filter((one) => one.endsWith("/meshsyncs")).length > 1,
      { timeoutMs: GIVE_UP_MS },
    );
  }

  /** Commits that the folder holds just this. */
  async commit(content: Content): Promise<string> {
    const now = filesOf(content);
    const gone = Object.keys(filesOf(this.#content)).filter((path) => now[path] === undefined);
    const files = { ...now, ...Object.fromEntries(gone.map((path) => [path, undefined])) };
    this.#before = this.#content;
    this.#content = content;
    // A folder with nothing else in it: Git keeps no empty one.
    return this.#commit = await this.repository.commit({ ...files, [`${FOLDER}/README.md`]: "#" });
  }

  /** Commits in place of the last commit, which nobody can have any longer. */
  async recommit(content: Content): Promise<string> {
    const { repository } = this;
    await repository.git("reset", "--quiet", "--hard", "HEAD~1");
    await repository.git("reflog", "expire", "--expire=now", "--all");
    await repository.git("gc", "--quiet", "--prune=now");
    this.#content = this.#before;
    return await this.commit(content);
  }

  /** Does something when the place is left, after its programs have ended. */
  defer(end: () => Promise<void> | void): void {
    this.#stack.defer(end);
  }

  /** Disposes of something when the place is left. */
  use<T extends AsyncDisposable | Disposable>(thing: T): T {
    return this.#stack.use(thing);
  }

  /** What the last commit holds. */
  get content(): Content {
    return this.#content;
  }

  /** Makes or changes the MeshSync. */
  async sync(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const { namespace } = this;
    await this.api.apply({
      apiVersion: "gitops.functionmesh.io/v1alpha1",
      kind: "MeshSync",
      metadata: { name: SYNC, namespace },
      spec: { url: `${this.git.url}/work/.git`, path: FOLDER, interval: "1h", ...spec },
    }, "user");
  }

  /** Has the remote looked at now. */
  async look(): Promise<void> {
    await this.api.patch({ kind: "MeshSync", name: SYNC, namespace: this.namespace }, {
      metadata: { annotations: { "reconcile.functionmesh.io/requestedAt": crypto.randomUUID() } },
    });
  }

  /** The MeshSync as it is. */
  async meshSync(): Promise<SyncView | undefined> {
    const object = await this.api.find({
      kind: "MeshSync",
      name: SYNC,
      namespace: this.namespace,
    });
    return object === undefined ? undefined : syncView(object);
  }

  /** Resolves when Ready of the MeshSync reads so. */
  async untilReady(pattern: RegExp): Promise<string> {
    return await this.#patiently(async () => {
      const ready = (await this.meshSync())?.ready ?? "not there";
      if (pattern.test(ready)) return ready;
      throw new Error(`MeshSync is ${ready}, not ${pattern}`);
    });
  }

  /**
   * Waits until the cluster is as Git says, the status says so and nobody asks anything any longer; then looks that
   * nothing was deleted and made anew.
   *
   * @throws {Error} when it does not come to rest, and when a status said Healthy of what was not so
   */
  async untilRest(rest: Rest = {}): Promise<void> {
    const content = rest.content ?? (rest.isGone ? NOTHING : this.#content);
    const snapshot = await this.#patiently(async () => {
      const found = await this.#look({ ...rest, content });
      const before = this.#requestCount();
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      const asked = this.#requestCount() - before;
      if (asked > 0) throw new Error(`${asked} requests came at rest`);
      return found;
    });
    const uids = uidsOf(snapshot);
    const anew = [...uids].filter(([name, uid]) => (this.uids.get(name) ?? uid) !== uid);
    if (anew.length > 0) {
      throw new Error(`Made anew: ${anew.map(([name]) => name).join(", ")}${this.#logs()}`);
    }
    this.uids = uids;
  }

  async #look(rest: Rest & { readonly content: Content }): Promise<Snapshot> {
    const before = await this.meshSync();
    const snapshot = await snapshotOf(this.api, this.namespace);
    const after = await this.meshSync();
    const saysHealthy = before !== undefined && before.version === after?.version &&
      before.isCurrent && before.applied.endsWith(this.#commit) && /^True /.test(before.ready);
    const lies = saysHealthy && rest.isEdited !== true ? missing(snapshot, rest.content) : [];
    if (lies.length > 0) throw new Lie(`MeshSync says ${before?.ready}, but ${lies.join(", ")}`);
    const wrong = [...differences(snapshot, rest.content), ...syncProblems(after, rest)];
    const parts = after?.parts ?? [];
    if (parts.join() !== snapshot.parts.join()) {
      wrong.push(`the status names ${parts.length} parts of the inventory, not ${snapshot.parts}`);
    }
    if (!rest.isGone && rest.ready === undefined && !after?.applied.endsWith(this.#commit)) {
      wrong.push(`applied is ${after?.applied}, not ${this.#commit}`);
    }
    if (wrong.length > 0) throw new Error(wrong.join(", "));
    return snapshot;
  }

  async #patiently<T>(look: () => Promise<T>): Promise<T> {
    let lie: Lie | undefined;
    const found = await eventually(async () => {
      try {
        return { value: await look() };
      } catch (error) {
        if (!(error instanceof Lie)) throw error;
        lie = error;
        return { value: undefined as T };
      }
    }, { timeoutMs: GIVE_UP_MS, intervalMs: 250 }).catch((error) => {
      throw new Error(`${error.message}${this.#logs()}`, { cause: error });
    });
    if (lie !== undefined) throw new Error(`${lie.message}${this.#logs()}`);
    return found.value;
  }

  #requestCount(): number {
    return this.#proxies.reduce((sum, { requestCount }) => sum + requestCount, 0);
  }

  #logs(): string {
    const tails = this.#programs.slice(-2).map((program) => program.logTail());
    return tails.map((tail) => `\n--- log of the program\n${tail}`).join("");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The finalizers of what nobody looks after any longer would keep the namespace.
    await Promise.all(this.#programs.map((program) => program[Symbol.asyncDispose]()));
    await this.#stack.disposeAsync();
  }
}

/** A status that says what is not so: nothing to wait for. */
class Lie extends Error {
  override readonly name = "Lie";
}

/** What the harness reads of a MeshSync. */
export interface SyncView {
  readonly ready: string;
  readonly applied: string;
  readonly version: string;
  /** The status is that of this spec. */
  readonly isCurrent: boolean;
  /** Names of the parts of its inventory. */
  readonly parts: readonly string[];
}

function syncView({ metadata, status }: KubeObject): SyncView {
  const members = isPlainObject(status) ? status : {};
  const ready = conditionOf(members["conditions"], "Ready");
  return {
    ready: ready === undefined ? "-" : `${ready.status} ${ready.reason}: ${ready.message}`,
    applied: String(members["lastAppliedRevision"] ?? ""),
    version: metadata.resourceVersion ?? "",
    isCurrent: members["observedGeneration"] === metadata.generation,
    parts: [members["inventoryParts"] ?? []].flat().map(String).sort(),
  };
}

function syncProblems(sync: SyncView | undefined, { ready = /^True Healthy/, isGone }: Rest) {
  if (isGone) return sync === undefined ? [] : [`MeshSync is still there: ${sync.ready}`];
  if (sync === undefined) return ["MeshSync is not there"];
  return [
    ...(ready.test(sync.ready) ? [] : [`MeshSync is ${sync.ready}, not ${ready}`]),
    ...(sync.isCurrent ? [] : ["the status of the MeshSync is that of an older spec"]),
  ];
}
