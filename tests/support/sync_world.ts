/** A whole world for MeshSyncs: an API server, Git remotes, time, faults, others who act, and lives of the program. */
import type { MeshSync } from "#api";
import {
  conditionOf,
  idOf,
  idText,
  type KubeObject,
  type ObjectId,
  type ObjectKey,
  timestamp,
} from "#base";
import { type ClusterClient, httpCluster, resourcePath } from "#kube";
import type { Notice } from "#plan";
import { setImmediate } from "node:timers";
import { FakeClock } from "./fake_clock.ts";
import { FakeCluster } from "./fake_cluster.ts";
import type { StoreEvent } from "./fake_cluster_store.ts";
import { FakeGit } from "./fake_git.ts";
import type { FaultPlan, PlannedRequest } from "./fault_plan.ts";
import { rememberedManifests } from "./remembered_manifests.ts";
import { type ProcessSetting, SyncProcess } from "./sync_process.ts";

/** What may be different in a world. */
export interface WorldChoices extends Pick<ProcessSetting, "metrics" | "tenancy"> {
  /** Keeps log lines. */
  readonly logs?: boolean;
}

/** Something that was told of an object. */
export interface ToldEvent {
  readonly object: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
}

/** Where the tests' repository is. */
export const REPOSITORY_URL = "https://git.example/shop.git";
/** The namespace of the tests' MeshSyncs. */
export const SHOP = "shop";

/** More passes than that at one moment only make each other necessary. */
const PASSES_MAX = 1_000;

const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** The world. */
export class SyncWorld {
  readonly clock = new FakeClock(START_MS);
  readonly cluster = new FakeCluster(this.clock);
  readonly git = new FakeGit(() => this.clock.now());
  /** What others do, at which nothing fails. */
  readonly user: ClusterClient = httpCluster(this.cluster.transport({ user: "user" }), {
    clock: this.clock,
  });
  /** What happens to requests of the program. */
  plan: FaultPlan = () => undefined;
  readManifests: typeof rememberedManifests = rememberedManifests;
  /** How many events every cache is behind. */
  lag = 0;
  /** Kinds that the program may not list. */
  readonly unreadable = new Set<string>();
  /** Requests of the program that arrived. */
  readonly requests: PlannedRequest[] = [];
  readonly events: ToldEvent[] = [];
  /** Errors that passes ended with. */
  readonly errors: unknown[] = [];
  readonly logs: string[] | undefined;
  /** What those were told whom MeshSyncs name. */
  readonly notices: Notice[] = [];
  /** Told of every change of what the API server stores. */
  onEvent: ((event: StoreEvent) => void) | undefined;
  /** How many passes may be under way at the same time. */
  passesAtOnce = 1;
  /** When the program's queue aborts a pass: what `GitOpsLoop` gives its controller. */
  process: SyncProcess;
  /** What others do later, with when, in monotonic time. */
  readonly #later: { readonly dueMs: number; readonly act: () => void }[] = [];
  /** Told of every request of the program that arrives, before it takes effect. */
  onRequest: ((request: PlannedRequest) => void) | undefined;
  /** Told when a pass begins. */
  onPassStart: ((key: ObjectKey) => void) | undefined;
  #random = 1;

  readonly #choices: WorldChoices;

  constructor(choices: WorldChoices = {}) {
    this.#choices = choices;
    this.logs = choices.logs === true ? [] : undefined;
    this.cluster.store.onEvent = (event) => {
      this.onEvent?.(event);
      this.process?.deliver();
    };
    this.cluster.answer({
      method: "POST",
      path: "/api/v1/namespaces",
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: SHOP } },
      ask: { verb: "create", kind: "Namespace" },
    }, "user");
    this.process = this.#newProcess();
  }

  get repository() {
    return this.git.repository(REPOSITORY_URL);
  }

  /** Makes or changes a MeshSync, as a user. */
  async sync(
    name: string,
    spec: Record<string, unknown> = {},
    annotations: Record<string, string> = {},
  ): Promise<void> {
    await this.user.apply({
      apiVersion: "gitops.functionmesh.io/v1alpha1",
      kind: "MeshSync",
      metadata: { namespace: SHOP, name, annotations },
      spec: { url: REPOSITORY_URL, path: name, interval: "10m", ...spec },
    }, { fieldManager: "user" });
  }

  /** Lets time go by, and the program do what is due. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + byMs;
    let passes = 0;
    let sinceMs = this.clock.monotonicMs();
    while (true) {
      const started = this.process.startDue(this.passesAtOnce - this.process.running);
      await idle();
      if (this.clock.monotonicMs() !== sinceMs) [passes, sinceMs] = [0, this.clock.monotonicMs()];
      passes += started;
      if (passes > PASSES_MAX) {
        throw new Error(`Never comes to rest: ${passes} passes at one moment`);
      }
      if (started > 0) continue;
      const isFree = this.process.running < this.passesAtOnce;
      const passMs = isFree ? this.process.nextDueMs : Infinity;
      if (passMs <= this.clock.monotonicMs()) continue;
      const [others] = this.#later;
      const dueMs = Math.min(this.clock.nextDueMs, passMs, others?.dueMs ?? Infinity);
      if (dueMs > untilMs) break;
      if (dueMs === others?.dueMs && dueMs < this.clock.nextDueMs) {
        this.#later.shift();
        this.clock.wakeNext(dueMs);
        others.act();
      } else this.clock.wakeNext(dueMs);
    }
    this.clock.wakeNext(untilMs);
    await idle();
  }

  /** Has somebody else do something after a while. */
  later(delayMs: number, act: () => void): void {
    this.#later.push({ dueMs: this.clock.monotonicMs() + delayMs, act });
    this.#later.sort((a, b) => a.dueMs - b.dueMs);
  }

  /** Ends the process, at once, and starts another one. */
  restart(): void {
    this.process.crash();
    this.process = this.#newProcess();
  }

  /** Starts another process where one crashed. */
  revive(): boolean {
    if (this.process.isAlive) return false;
    this.process = this.#newProcess();
    return true;
  }

  /** Asks the process to end, lets it, and starts another one. */
  async replace(): Promise<void> {
    this.process.stop();
    await idle();
    this.restart();
  }

  object(id: ObjectId): KubeObject | undefined {
    const kind = this.cluster.store.kindOf(id);
    return kind && this.cluster.store.find({ ...id, kind })?.object;
  }

  /** What somebody does at once, even between two requests of the program: a merge patch. */
  patchNow(
    id: ObjectId,
    patch: Record<string, unknown>,
    { manager = "kubectl-edit", subresource }: {
      readonly manager?: string;
      readonly subresource?: string;
    } = {},
  ): void {
    this.cluster.answer({
      method: "PATCH",
      path: this.#path(id, subresource),
      query: { fieldManager: manager },
      body: patch,
      contentType: "application/merge-patch+json",
      ask: { verb: "patch", kind: id.kind, key: id },
    }, "user");
  }

  /** The same: a deletion. */
  removeNow(id: ObjectId): void {
    this.cluster.answer({
      method: "DELETE",
      path: this.#path(id),
      ask: { verb: "delete", kind: id.kind, key: id },
    }, "user");
  }

  /** The same: a server-side apply, as other tools do. */
  applyNow(object: KubeObject, manager: string): void {
    this.cluster.answer({
      method: "PATCH",
      path: this.#path(idOf(object)),
      query: { fieldManager: manager, force: "true" },
      body: object,
      contentType: "application/apply-patch+yaml",
      ask: { verb: "apply", kind: object.kind, key: idOf(object) },
    }, "user");
  }

  /** What a controller says of an object that it looked at. */
  setReady(id: ObjectId, isReady: boolean): void {
    const ready = {
      type: "Ready",
      status: isReady ? "True" : "False",
      reason: isReady ? "Ready" : "Broken",
      message: isReady ? "1/1 pods ready" : "0/1 pods ready",
      observedGeneration: this.object(id)?.metadata.generation ?? 0,
      lastTransitionTime: timestamp(this.clock.now()),
    };
    const patch = { status: { conditions: [ready] } };
    this.patchNow(id, patch, { manager: "controller", subresource: "status" });
  }

  #path(id: ObjectId, subresource?: string): string {
    const kind = this.cluster.store.kindOf(id);
    if (kind === undefined) throw new Error(`Cannot act on ${idText(id)}: the kind is not served`);
    return resourcePath(kind, { ...id, ...(subresource === undefined ? {} : { subresource }) });
  }

  meshSync(name: string): MeshSync | undefined {
    return this.object(meshSyncId(name)) as MeshSync | undefined;
  }

  status(name: string): NonNullable<MeshSync["status"]> {
    return this.meshSync(name)?.status ?? {};
  }

  /** A condition as `True Healthy: …`. */
  condition(name: string, type = "Ready"): string {
    const found = conditionOf(this.status(name).conditions, type);
    return found === undefined ? "-" : `${found.status} ${found.reason}: ${found.message}`;
  }

  /** Requests since the last call, as `verb Kind`, in order. */
  takeRequests(): string[] {
    return this.requests.splice(0).map(requestText);
  }

  #newProcess(): SyncProcess {
    const { metrics, tenancy } = this.#choices;
    return new SyncProcess({
      ...(metrics === undefined ? {} : { metrics }),
      ...(tenancy === undefined ? {} : { tenancy }),
      clock: this.clock,
      cluster: this.cluster,
      git: this.git,
      plan: (request) => this.plan(request),
      readManifests: (inputs, files, call) => this.readManifests(inputs, files, call),
      isUnreadable: (kind) => this.unreadable.has(kind),
      lag: () => this.lag,
      onRequest: (request) => {
        this.requests.push(request);
        this.onRequest?.(request);
      },
      onEvent: (object, event) =>
        this.events.push({ ...event, object: idText(idOf(object)), atMs: this.clock.now() }),
      onPassStart: (key) => this.onPassStart?.(key),
      onPassEnd: (_key, { error }) => {
        if (error !== undefined) this.errors.push(error);
      },
      onNotice: (notice) => this.notices.push(notice),
      ...(this.logs === undefined ? {} : { log: (line: string) => this.logs?.push(line) }),
      random: () => {
        // A Lehmer generator: the same numbers in every run.
        this.#random = this.#random * 48_271 % 2_147_483_647;
        return this.#random / 2_147_483_647;
      },
    });
  }
}

/** A request in words: `patch MeshSync/status shop/a`. */
export function requestText({ kind, name, namespace, subresource, verb }: PlannedRequest): string {
  const part = subresource === "" ? "" : `/${subresource}`;
  const at = name === "" ? "" : namespace === "" ? ` ${name}` : ` ${namespace}/${name}`;
  return `${verb} ${kind}${part}${at}`;
}

/** Where a ConfigMap of the tests is. */
export function configMapId(name: string, namespace = SHOP): ObjectId {
  return { apiVersion: "v1", kind: "ConfigMap", namespace, name };
}

/** Where a Function of the tests is. */
export function functionId(name: string, namespace = SHOP): ObjectId {
  return { apiVersion: "compute.functionmesh.io/v1alpha1", kind: "Function", namespace, name };
}

/** Where a MeshSync of the tests is. */
export function meshSyncId(name: string): ObjectId {
  return { apiVersion: "gitops.functionmesh.io/v1alpha1", kind: "MeshSync", namespace: SHOP, name };
}

/** Resolves after everything that only waits for promises has happened. */
export function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}
