/**
 * One life of the program's GitOps loop in a fake world: its memory, its caches and its queue. It ends by a crash (nothing
 * of it goes on) or in order. The only place of the tests that knows what the loop wants from its surroundings.
 */
import { COMPUTE_API_VERSION, LABELS, type MeshSync, resourceOf } from "#api";
import {
  type Clock,
  deadline,
  keyFromText,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
  Semaphore,
} from "#base";
import { passMsMax, Proofs, reconcileSync, type SyncContext, wokenBy } from "#gitops";
import {
  actingAs,
  httpCluster,
  type ObjectChange,
  type ResourceType,
  serviceAccountUser,
} from "#kube";
import type { EventDraft, Notice } from "#plan";
import { Backoff, verdictOn } from "#runtime";
import { createLogger, silentLogger } from "#telemetry";
import type { FakeClock } from "./fake_clock.ts";
import { FakeCache } from "./fake_cluster_cache.ts";
import type { FakeCluster } from "./fake_cluster.ts";
import type { FakeGit } from "./fake_git.ts";
import { type FaultPlan, faultyGit, faultyTransport, type PlannedRequest } from "./fault_plan.ts";

/** The user that the program is to the API server. */
export const PROGRAM = "meshwright";

/** Our kinds that the controller's caches hold. */
const CACHED_KINDS = ["BackendConfig", "Function", "FunctionMesh", "Sink", "Source"] as const;

/** What a process lives in. */
export interface ProcessSetting {
  readonly clock: FakeClock;
  readonly cluster: FakeCluster;
  readonly git: FakeGit;
  readonly plan: FaultPlan;
  readonly readManifests: SyncContext["readManifests"];
  /** Kinds that cannot be listed: their caches are never filled. */
  readonly isUnreadable: (kind: string) => boolean;
  /** How many events every cache is behind. */
  readonly lag: () => number;
  readonly onRequest: (request: PlannedRequest) => void;
  readonly onEvent: (object: KubeObject, event: EventDraft) => void;
  readonly onPassStart: (key: ObjectKey) => void;
  readonly onPassEnd: (key: ObjectKey, result: { readonly error?: unknown }) => void;
  readonly log?: (line: string) => void;
  /** Told of every notice to those whom a sync names. */
  readonly onNotice?: (notice: Notice) => void;
  readonly random: () => number;
  /** Whose MeshSyncs are whose; all are one team's when left out. */
  readonly tenancy?: SyncContext["tenancy"];
  readonly metrics?: SyncContext["metrics"];
}

/** When a queued key wants its pass, in monotonic time, and whether one is under way. */
interface Queued {
  dueMs: number;
  isRunning: boolean;
  /** It was queued again while it ran. */
  isAgain: boolean;
}

/** Nobody hears an answer. A promise for each who waits: what waits for it goes with it, where one for all would keep them. */
function never(): Promise<never> {
  return new Promise(() => {});
}

/** Whose all MeshSyncs are. */
const ONE_TEAM: SyncContext["tenancy"] = {
  home: "meshwright",
  isSingleTenant: true,
  kinds: "any",
  defaultServiceAccount: "default",
};

/** A life of the loop. */
export class SyncProcess {
  readonly memory = new Proofs();
  readonly syncs: FakeCache;
  readonly caches: Readonly<Record<string, FakeCache>>;
  readonly #followed = new Map<string, FakeCache>();
  readonly #setting: ProcessSetting;
  readonly #stop = new AbortController();
  readonly #queue = new Map<string, Queued>();
  readonly #passes = new Set<AbortController>();
  readonly #backoff: Backoff;
  readonly #context: SyncContext;
  #isAlive = true;

  constructor(setting: ProcessSetting) {
    this.#setting = setting;
    const { cluster, random } = setting;
    this.#backoff = new Backoff({ random });
    this.syncs = new FakeCache(cluster.store, {
      type: resourceOf("MeshSync"),
      onChange: (change) => this.#changed(change),
    });
    this.caches = Object.fromEntries(CACHED_KINDS.map((kind) => [
      kind,
      new FakeCache(cluster.store, {
        type: resourceOf(kind),
        onChange: (change) => this.#wakeOwners(change),
      }),
    ]));
    this.#context = this.#newContext();
    for (const cache of [this.syncs, ...Object.values(this.caches)]) this.#open(cache);
    for (const sync of this.syncs.list()) this.enqueue(keyOf(sync));
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** What the loop of this process works with, for what runs beside it. */
  get context(): SyncContext {
    return this.#context;
  }

  /** When the next key is due, in monotonic time; `Infinity` when none is. */
  get nextDueMs(): number {
    let due = Infinity;
    if (!this.#isAlive || this.#stop.signal.aborted) return due;
    for (const one of this.#queue.values()) if (!one.isRunning) due = Math.min(due, one.dueMs);
    return due;
  }

  /** How many passes are under way. */
  get running(): number {
    if (!this.#isAlive) return 0;
    let count = 0;
    for (const one of this.#queue.values()) if (one.isRunning) count++;
    return count;
  }

  /** What the oldest event is that a cache does not know. */
  get behindSinceVersion(): number {
    if (!this.#isAlive) return Infinity;
    const all = [this.syncs, ...Object.values(this.caches), ...this.#followed.values()];
    return Math.min(...all.map((cache) => cache.behindSince?.version ?? Infinity));
  }

  /** Ends at once: no answer is heard, nothing goes on. */
  crash(): void {
    this.#isAlive = false;
    this.#setting.clock.dropSleepers();
  }

  /** Asks it to end: passes under way are aborted. */
  stop(): void {
    const reason = new DOMException("the program ends", "AbortError");
    this.#stop.abort(reason);
    for (const pass of this.#passes) pass.abort(reason);
  }

  enqueue(key: ObjectKey, delayMs = 0): void {
    const text = keyText(key);
    const dueMs = this.#setting.clock.monotonicMs() + delayMs;
    const known = this.#queue.get(text);
    if (known === undefined) {
      this.#queue.set(text, { dueMs, isRunning: false, isAgain: false });
    } else if (known.isRunning && delayMs === 0) known.isAgain = true;
    else known.dueMs = Math.min(known.dueMs, dueMs);
  }

  /** Tells the caches what happened, as far as they are to know. */
  deliver(): void {
    if (!this.#isAlive) return;
    for (const cache of [this.syncs, ...Object.values(this.caches), ...this.#followed.values()]) {
      cache.lag = this.#setting.lag();
      cache.deliver();
    }
  }

  /** Every cache reads everything anew, as after a gap. */
  relist(): void {
    if (!this.#isAlive) return;
    for (const cache of [this.syncs, ...Object.values(this.caches), ...this.#followed.values()]) {
      this.#open(cache);
    }
  }

  /** Begins the passes that are due; at most one when told so. Answers how many. */
  startDue(atMost: number): number {
    if (!this.#isAlive || this.#stop.signal.aborted) return 0;
    const nowMs = this.#setting.clock.monotonicMs();
    const due = [...this.#queue].filter(([, one]) => !one.isRunning && one.dueMs <= nowMs)
      .sort(([, a], [, b]) => a.dueMs - b.dueMs).slice(0, atMost);
    for (const [text, one] of due) {
      one.isRunning = true;
      this.#run(text, one);
    }
    return due.length;
  }

  /** One pass of a sync, within the time that the program's queue gives it. */
  async pass(key: ObjectKey) {
    const { clock } = this.#setting;
    const limitMs = passMsMax(this.syncs.get(key) as MeshSync | undefined);
    const pass = new AbortController();
    this.#passes.add(pass);
    using limit = deadline(limitMs, { clock, signal: pass.signal });
    try {
      return await reconcileSync(key, { ...this.#context, signal: limit.signal });
    } finally {
      this.#passes.delete(pass);
    }
  }

  async #run(text: string, queued: Queued): Promise<void> {
    const key = keyFromText(text);
    this.#setting.onPassStart(key);
    let verdict: ReturnType<typeof verdictOn>;
    try {
      verdict = verdictOn({ next: await this.pass(key) });
    } catch (error) {
      verdict = verdictOn({ error });
    }
    if (!this.#isAlive) return;
    this.#queue.delete(text);
    const again = queued.isAgain;
    this.#setting.onPassEnd(key, verdict.error === undefined ? {} : { error: verdict.error });
    if (this.#stop.signal.aborted) return;
    if (verdict.retry === "backoff") this.enqueue(key, this.#backoff.nextDelayMs(text));
    else {
      this.#backoff.reset(text);
      if (verdict.retry !== "change") this.enqueue(key, verdict.retry.delayMs);
    }
    if (again) this.enqueue(key);
  }

  #newContext(): SyncContext {
    const { cluster, git, log, onEvent, onNotice, onRequest, plan, random, readManifests } =
      this.#setting;
    const clock = this.#clock();
    const faults = {
      clock,
      plan,
      crash: () => this.crash(),
      isAlive: () => this.#isAlive,
      onRequest,
    };
    const transport = faultyTransport(cluster.transport({ user: PROGRAM }), faults);
    const clients = new Map<string, ReturnType<typeof httpCluster>>();
    return {
      tenancy: this.#setting.tenancy ?? ONE_TEAM,
      cluster: httpCluster(transport, { clock }),
      clientOf: (account) => {
        const user = serviceAccountUser(account);
        const client = clients.get(user) ?? httpCluster(actingAs(transport, user), { clock });
        clients.set(user, client);
        return client;
      },
      syncs: {
        get: (key) => this.syncs.get(key),
        list: () => Promise.resolve(this.syncs.list() as readonly MeshSync[]),
        observe: (object) => this.syncs.observe(object),
        synced: this.syncs.synced,
      },
      caches: {
        of: (type) =>
          isCachedKind(type) ? this.caches[type.kind] : this.#followed.get(typeText(type)),
        version: () => undefined,
        obstacle: () => undefined,
        follow: (types) => this.#follow(types),
      },
      proofs: this.memory,
      reading: new Semaphore(2),
      readManifests,
      notices: { tell: (_sync, notice) => onNotice?.(notice) },
      isTransient: false,
      wake: (key) => {
        this.memory.setPass(key, { ...this.memory.pass(key), nextLookAtMs: 0 });
        this.enqueue(key);
      },
      git: faultyGit(git.source(), faults),
      clock,
      log: log === undefined ? silentLogger : createLogger({ level: "debug", sink: log }),
      metrics: this.#setting.metrics ?? NO_METRICS,
      events: {
        record: (object, event) => {
          if (this.#isAlive) onEvent(object, event);
        },
      },
      random,
      signal: this.#stop.signal,
    };
  }

  /** The world's clock, which wakes nobody of a process that is no more. */
  #clock(): Clock {
    const { clock } = this.#setting;
    return {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: async (delayMs, signal) => {
        if (!this.#isAlive) return await never();
        await clock.sleep(delayMs, signal);
        if (!this.#isAlive) await never();
      },
    };
  }

  #open(cache: FakeCache): void {
    if (!this.#setting.isUnreadable(cache.type.kind)) cache.relist();
  }

  /** As `FollowedKinds`: a cache for each kind, waited for until it is read or time is up. */
  async #follow(types: readonly ResourceType[]): Promise<void> {
    for (const type of types) {
      if (this.#followed.has(typeText(type))) continue;
      const cache = new FakeCache(this.#setting.cluster.store, {
        type,
        labelSelector: LABELS.syncName,
        onChange: (change) => this.#wakeOwners(change),
      });
      this.#followed.set(typeText(type), cache);
      this.#open(cache);
    }
    const isRead = types.every((type) => this.#followed.get(typeText(type))?.synced === true);
    if (!isRead) await this.#clock().sleep(10_000, this.#stop.signal);
  }

  #changed(change: ObjectChange): void {
    for (const key of wokenBy(change, this.syncs.list())) this.enqueue(key);
    this.#wakeOwners(change);
  }

  #wakeOwners(change: ObjectChange): void {
    const woken = [...this.memory.notice(change), ...this.memory.observers(change).keys];
    for (const key of woken) this.enqueue(key);
  }
}

/** Whether a kind is ours and has a cache of its own. */
export function isCachedKind(object: Pick<KubeObject, "apiVersion" | "kind">): boolean {
  return object.apiVersion === COMPUTE_API_VERSION &&
    (CACHED_KINDS as readonly string[]).includes(object.kind);
}

function typeText(type: ResourceType): string {
  return `${type.apiVersion} ${type.kind}`;
}

const NO_METRICS: SyncContext["metrics"] = {
  observeGitFetch() {},
  countSync() {},
  observeSyncPhase() {},
  observeCommitToReady() {},
  countPruned() {},
  countQuarantine() {},
  setQuarantined() {},
  countDriftCorrected() {},
  countDriftFight() {},
};
