import {
  type Component,
  type FunctionMesh,
  type ScalingTerms,
  scalingTerms,
  withDefaults,
} from "#api";
import {
  type AddressPolicy,
  controllerOf,
  idOf,
  isAbort,
  type JsonObject,
  keyOf,
  keyText,
  type KubeObject,
  pause,
  Semaphore,
  spread,
} from "#base";
import { keepsOrder, statefulSetName, subscriptionsOf } from "#desired";
import { ApiError, type ClusterClient, isConflict, isNotFound, type PatchOptions } from "#kube";
import {
  isPodReady,
  isTurnedOff,
  type Pod,
  scalingDecision,
  type ScalingSight,
  type ScalingState,
  stateAfterGap,
  statusPatch,
} from "#plan";
import { type ReconcileContext, SCALING, SCALING_MANAGER } from "../context.ts";
import { discreetly } from "../discreet_cluster.ts";
import { type BrokerRound, Brokers, NOT_SHOWN } from "./brokers.ts";
import { type HindranceContext, isUnmanaged, scalingHindrance } from "./hindrances.ts";
import { Instances } from "./instances.ts";
import { isNews, keptState, type LastWrite, scalingStatus } from "./scaling_status.ts";
import { topicsAnswer } from "./topic_numbers.ts";
import { type Weighed, withinMesh } from "./within_mesh.ts";

/** Components whose replicas or status are written together. */
const WRITES_AT_ONCE = 16;
/** With so many intervals between two looks, and so much time, the earlier one is no beginning of anything. */
const GAP_INTERVALS = 3;
const GAP_MS = 60_000;

/** What the loop works with. */
export interface ScalingLoopOptions {
  readonly ctx:
    & Pick<ReconcileContext, "clock" | "events" | "log" | "metrics">
    & HindranceContext
    & { readonly cluster: Pick<ClusterClient, "get" | "patch"> };
  /** Time between two looks. */
  readonly intervalMs: number;
  /** Where components may say that their broker is. */
  readonly addresses: AddressPolicy;
  /** Whether the components of a namespace are looked at; all when left out. */
  readonly isOwn?: (namespace: string) => boolean;
}

/** A component that asks to have its replicas follow its backlog. */
interface Asking {
  readonly component: Component;
  readonly terms: ScalingTerms;
}

/** What is remembered of a component. */
interface Memory {
  readonly component: Component;
  readonly state: ScalingState;
  readonly last?: LastWrite;
}

/** What one round shares. */
interface Round {
  readonly brokers: BrokerRound;
  readonly signal: AbortSignal;
}

/**
 * Has the replicas of Function and Sink follow what waits for them, where `spec.backlogScaling` asks for it: look, decide
 * ({@linkcode scalingDecision}), scale through the scale subresource, and say why in `status.scaling`.
 *
 * # Guarantees
 * - It changes `spec.replicas` and that member of the status, and nothing else.
 * - A topic is asked about once a round, whoever reads it; a broker or instance that is silent is asked less and less, and
 *   delays nobody but those who need it.
 * - What is not known changes no replicas. A round never throws.
 */
export class ScalingLoop implements Disposable {
  readonly #options: ScalingLoopOptions;
  readonly #instances: Instances;
  readonly #brokers: Brokers;
  readonly #memory = new Map<string, Memory>();
  /** Meshes and single components that an earlier round still looks at. */
  readonly #underWay = new Set<string>();
  readonly #writes = new Semaphore(WRITES_AT_ONCE);

  constructor(options: ScalingLoopOptions) {
    const { clock, cluster } = options.ctx;
    this.#options = options;
    this.#instances = new Instances({ clock, intervalMs: options.intervalMs });
    this.#brokers = new Brokers({ ...options, clock, cluster });
  }

  /** A round each interval until the signal aborts; none waits for what keeps an earlier one waiting. */
  async run(signal: AbortSignal): Promise<void> {
    const { ctx: { clock }, intervalMs } = this.#options;
    const rounds = new Set<Promise<void>>();
    while (!signal.aborted) {
      await pause(spread(intervalMs, Math.random()), { clock, signal });
      if (signal.aborted) break;
      const round = this.round(signal).finally(() => rounds.delete(round));
      rounds.add(round);
    }
    await Promise.all(rounds);
  }

  /** Looks once at every component that asks for it, but those that an earlier round still looks at, and scales. */
  async round(signal: AbortSignal): Promise<void> {
    const asking = this.#asking();
    this.#forgetExcept(asking);
    // Whoever shares a budget waits for each other, and for nobody else.
    const groups = Map.groupBy(asking, ({ component }) => meshUidOf(component) ?? uidOf(component));
    const free = [...groups].filter(([uid]) => !this.#underWay.has(uid));
    using brokers = this.#brokers.round(signal);
    await Promise.all(free.map(async ([uid, group]) => {
      this.#underWay.add(uid);
      try {
        await this.#follow(uid, group, { brokers, signal });
      } finally {
        this.#underWay.delete(uid);
      }
    }));
  }

  [Symbol.dispose](): void {
    this.#instances[Symbol.dispose]();
  }

  #asking(): Asking[] {
    const { ctx, isOwn = () => true } = this.#options;
    const components = (["Function", "Sink"] as const).flatMap((kind) =>
      (ctx.caches[kind]?.list() ?? []) as readonly Component[]
    ).filter(({ metadata }) =>
      metadata.deletionTimestamp === undefined && isOwn(metadata.namespace ?? "")
    );
    return components.flatMap((component) => {
      const terms = scalingTerms(component);
      // Of what is left alone the status says so where it said something else before; somebody else may write the rest.
      const isSaid = component.status?.[SCALING] !== undefined;
      if (terms === undefined || (!isSaid && isUnmanaged(component, ctx))) return [];
      return [{ component, terms }];
    });
  }

  /** Looks at the components of a mesh, or at a single one, and scales them. */
  async #follow(uid: string, group: readonly Asking[], round: Round): Promise<void> {
    const { signal } = round;
    const found = await Promise.all(
      group.map((one) =>
        this.#weigh(one, round).catch((error) => this.#failed(one.component, error, signal))
      ),
    );
    if (signal.aborted) return;
    const meshes = (this.#options.ctx.caches.FunctionMesh?.list() ?? []) as readonly FunctionMesh[];
    const mesh = meshes.find(({ metadata }) => metadata.uid === uid);
    const weighed = withinMesh(found.filter((one) => one !== undefined), mesh);
    for (const { component, decision } of weighed) {
      this.#remember(component, { state: decision.state });
    }
    // Who gives goes first, so that the budget of a mesh is kept in between as well.
    for (const one of weighed.toSorted((a, b) => growth(a) - growth(b))) {
      await this.#act(one, signal).catch((error) => this.#failed(one.component, error, signal));
    }
  }

  async #weigh({ component, terms }: Asking, round: Round): Promise<Weighed> {
    const { caches, clock } = this.#options.ctx;
    const { namespace = "" } = component.metadata;
    const statefulSet = caches.StatefulSet?.get({ namespace, name: statefulSetName(component) });
    const pods = (caches.Pod?.ownedBy(statefulSet?.metadata.uid ?? "") ?? []) as readonly Pod[];
    const hindrance = scalingHindrance(component, statefulSet, this.#options.ctx);
    const sight: ScalingSight = hindrance === undefined
      ? await this.#sight(component, pods, round)
      : { unknown: hindrance };
    const nowMs = clock.now();
    const replicas = replicasOf(component);
    const state = this.#stateOf(component, nowMs);
    const wasScaledToZero = component.status?.[SCALING]?.wanted === 0;
    const look = { nowMs, replicas, wasScaledToZero, policy: terms, sight, state };
    const decided = scalingDecision(look);
    const isOff = isTurnedOff(look);
    // Nobody may be shown credentials that no pod has used: one has to.
    const needsPod = replicas === 0 && !isOff && "unknown" in sight && sight.unknown === NOT_SHOWN;
    const decision = needsPod
      ? { ...decided, replicas: 1, load: 1, reason: `${NOT_SHOWN}, so that one starts: 1` }
      : decided;
    const isUnknown = decided.state.last === undefined;
    const hasToStay = "zeroHindrance" in sight && decision.replicas > 0;
    const leastReplicas = isUnknown ? decision.replicas : Math.max(terms.minReplicas, +hasToStay);
    return { component, terms, replicas, state, decision, isUnknown, isOff, leastReplicas };
  }

  /** What the earlier looks left; what was seen long ago is the beginning of nothing. */
  #stateOf(component: Component, nowMs: number): ScalingState {
    const { state } = this.#memory.get(uidOf(component)) ?? {};
    if (state === undefined) {
      return keptState(component.status?.[SCALING], replicasOf(component));
    }
    const gapMs = nowMs - (state.last?.atMs ?? nowMs);
    const isGap = gapMs > Math.max(GAP_MS, GAP_INTERVALS * this.#options.intervalMs);
    return isGap ? stateAfterGap(state) : state;
  }

  async #sight(component: Component, pods: readonly Pod[], round: Round): Promise<ScalingSight> {
    const { signal } = round;
    const defaulted = withDefaults(component);
    const broker = await round.brokers.of(component, pods);
    if (typeof broker === "string") return { unknown: broker };
    const atMs = this.#options.ctx.clock.now();
    const [answer, instances] = await Promise.all([
      broker((ask) => topicsAnswer(subscriptionsOf(defaulted), ask)),
      this.#instances.counts(uidOf(component), pods, signal),
    ]);
    if (typeof answer === "string") return { unknown: answer };
    const readyReplicas = pods.filter(isPodReady).length;
    const { hindrance, isUnread = false, topics } = answer;
    // Pods that read have subscribed: who knows of no subscription cannot tell how much they have to do.
    if (isUnread && topics.length === 0 && readyReplicas > 0 && hindrance !== undefined) {
      return { unknown: hindrance };
    }
    return {
      numbers: { atMs, topics, instances },
      isOrdered: keepsOrder(defaulted),
      readyReplicas,
      ...(hindrance === undefined ? {} : { zeroHindrance: { why: hindrance } }),
    };
  }

  async #act(weighed: Weighed, signal: AbortSignal): Promise<void> {
    const { component, decision, replicas, terms } = weighed;
    const { events, metrics } = this.#options.ctx;
    const { kind } = component;
    const waiting = decision.state.last?.topics.reduce((sum, { backlog }) => sum + backlog, 0);
    metrics.setScaling(kind, keyOf(component), { waiting, wanted: decision.replicas });
    if (decision.replicas !== replicas && !terms.isRecommendation) {
      const refusal = await this.#scale(component, decision.replicas, signal);
      if (refusal !== undefined) {
        const reason = `${decision.replicas} are needed, and the API server refuses the scale ` +
          `(${refusal}): stays at ${replicas}`;
        const refused = { ...weighed, decision: { ...decision, reason }, isUnknown: true };
        return await this.#write(refused, signal);
      }
      metrics.countScaling(kind, decision.replicas > replicas ? "up" : "down");
      const message = `From ${replicas} to ${decision.replicas}: ${decision.reason}`;
      events.record(component, { type: "Normal", reason: "Scaled", message });
    }
    await this.#write(weighed, signal);
  }

  /** Why the API server did not take it; undefined when it did. @throws what the next round may mend by itself */
  async #scale(
    component: Component,
    replicas: number,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { resourceVersion = "" } = component.metadata;
    const patch = { metadata: { resourceVersion }, spec: { replicas } };
    const options = { fieldManager: SCALING_MANAGER, subresource: "scale", signal } as const;
    try {
      await this.#patch(component, patch, options);
      return undefined;
    } catch (error) {
      if (error instanceof ApiError && !isNotFound(error) && !isConflict(error)) {
        return error.reason;
      }
      throw error;
    }
  }

  async #write(weighed: Weighed, signal: AbortSignal): Promise<void> {
    const { component, isUnknown } = weighed;
    const { caches, clock } = this.#options.ctx;
    const uid = uidOf(component);
    const now = caches[component.kind]?.get(keyOf(component)) as Component | undefined;
    if (now === undefined || now.metadata.uid !== uid) return;
    const before = now.status?.[SCALING];
    const nowMs = clock.now();
    const askedAs = this.#brokers.askedAs(component);
    const said = scalingStatus(weighed, { before, nowMs, askedAs });
    const { last } = this.#memory.get(uid) ?? {};
    if (!isNews(said, before, { isUnknown, last, nowMs })) return;
    const patch = statusPatch(before, said);
    if (patch === undefined) return;
    const own = { metadata: { uid }, status: { [SCALING]: patch["status"] ?? null } };
    const options = { fieldManager: SCALING_MANAGER, subresource: "status", signal } as const;
    const written = await this.#patch(component, own, options);
    caches[component.kind]?.observe(written);
    this.#remember(component, { last: { writtenAtMs: nowMs, saidUnknown: isUnknown } });
  }

  async #patch(
    component: Component,
    body: JsonObject,
    options: PatchOptions & { readonly signal: AbortSignal },
  ): Promise<KubeObject> {
    const { cluster } = this.#options.ctx;
    const { signal } = options;
    return await this.#writes.run(() => cluster.patch(idOf(component), body, options), signal);
  }

  #remember(component: Component, news: Partial<Pick<Memory, "last" | "state">>): void {
    const known = this.#memory.get(uidOf(component));
    const state = news.state ?? known?.state;
    if (state === undefined) return;
    this.#memory.set(uidOf(component), { ...known, ...news, state, component });
  }

  #forgetExcept(asking: readonly Asking[]): void {
    const { caches, metrics } = this.#options.ctx;
    const uids = new Set(asking.map(({ component }) => uidOf(component)));
    for (const [uid, { component }] of this.#memory) {
      if (uids.has(uid)) continue;
      this.#memory.delete(uid);
      metrics.forgetScaling(component.kind, keyOf(component));
    }
    this.#brokers.forgetExcept(uids);
    this.#instances.forgetExcept((caches.Pod?.list() ?? []) as readonly Pod[]);
  }

  /** What is left for the next round; worth a line only where nothing in the status says it. */
  #failed(component: Component, error: unknown, signal: AbortSignal): undefined {
    if (isAbort(error, signal) || isNotFound(error) || isConflict(error)) return;
    this.#options.ctx.log.warn("Cannot scale by the backlog", {
      kind: component.kind,
      object: keyText(keyOf(component)),
      // A refusal of a status may print the object.
      error: discreetly(error, component),
    });
  }
}

/** The uid of the mesh that a component belongs to. */
function meshUidOf(component: KubeObject): string | undefined {
  const owner = controllerOf(component);
  return owner?.kind === "FunctionMesh" ? owner.uid : undefined;
}

function uidOf({ metadata }: KubeObject): string {
  return metadata.uid ?? "";
}

function growth({ decision, replicas }: Weighed): number {
  return decision.replicas - replicas;
}

function replicasOf({ spec }: KubeObject): number {
  return (spec as { readonly replicas?: number } | undefined)?.replicas ?? 1;
}
