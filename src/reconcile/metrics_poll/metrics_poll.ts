import {
  ANNOTATIONS,
  type Component,
  COMPONENT_KINDS,
  problems,
  type RuntimeStatus,
  withDefaults,
} from "#api";
import {
  type AddressPolicy,
  contentHash,
  deadline,
  idOf,
  isAbort,
  type JsonObject,
  keyOf,
  keyText,
  type KubeObject,
  pause,
  perObject,
  pooled,
  spread,
  Turns,
} from "#base";
import { statefulSetName, type Subscription, subscriptionsOf } from "#desired";
import { type ClusterClient, isConflict, isForbidden, isNotFound } from "#kube";
import { isPodReady, ordinalOf, type Pod, statusPatch } from "#plan";
import { METRICS_MANAGER, POLLED, type ReconcileContext } from "../context.ts";
import { discreetly } from "../discreet_cluster.ts";
import { isNew } from "../record.ts";
import { backlogOf } from "./backlog.ts";
import type { BrokerAccess } from "./broker_access.ts";
import { BrokerClient } from "./broker_client.ts";
import { BrokerSettings } from "./broker_settings.ts";
import { CallProblem } from "./call_problem.ts";
import { InstanceClient } from "./instance_client.ts";
import { PollBackoff } from "./poll_backoff.ts";
import { type BacklogAnswer, type InstanceAnswer, runtimeStatus } from "./runtime_status.ts";

/** Components of which it is remembered what a ready pod had: more than any cluster runs. */
const SHOWN_MAX = 100_000;

/** Components that are looked at together, and instances of one that are asked together. */
const COMPONENTS_AT_ONCE = 8;
const INSTANCES_AT_ONCE = 8;
/** Whoever does not answer in this time is left alone for a while. */
const DEADLINE_MS = 3_000;
/** How long a broker may take for all topics of a component. */
const BACKLOG_MS = 20_000;

/** What the poll works with. */
export interface MetricsPollOptions {
  readonly ctx: Pick<ReconcileContext, "caches" | "clock" | "log"> & {
    readonly cluster: Pick<ClusterClient, "get" | "patch">;
  };
  /** Time between two rounds. */
  readonly intervalMs: number;
  /** Where components may say that their broker is. */
  readonly addresses: AddressPolicy;
  /** Whether the components of a namespace are asked; all when left out. */
  readonly isOwn?: (namespace: string) => boolean;
}

/**
 * Asks running instances how they are doing, and brokers what waits for them, round after round, and writes it into
 * `status.runtime` of Function, Source and Sink: what `pulsar-admin functions status` tells.
 *
 * # Guarantees
 * - It writes that member of the status and nothing else, only when it changed, and wakes no reconciler.
 * - Somebody who does not answer delays a few others by seconds once, and is asked less and less often.
 * - A round never throws; what cannot be had is said in the status, in words that stay the same.
 */
export class MetricsPoll implements Disposable {
  readonly #ctx: MetricsPollOptions["ctx"];
  readonly #intervalMs: number;
  readonly #addresses: AddressPolicy;
  readonly #isOwn: (namespace: string) => boolean;
  readonly #instances = new InstanceClient();
  /** By uid and address of the pod, by URL and authority of the broker, and by uid of a slow component. */
  readonly #backoff: PollBackoff;
  /** By component: hash of the address and credentials that a ready pod had last. */
  readonly #shown = new Map<string, string>();

  constructor({ ctx, intervalMs, addresses, isOwn = () => true }: MetricsPollOptions) {
    this.#ctx = ctx;
    this.#addresses = addresses;
    this.#isOwn = isOwn;
    this.#intervalMs = intervalMs;
    this.#backoff = new PollBackoff(intervalMs);
  }

  /** Round after round until the signal aborts; the first one after an interval. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ctx;
    while (!signal.aborted) {
      await pause(spread(this.#intervalMs, Math.random()), { clock, signal });
      if (!signal.aborted) await this.round(signal);
    }
  }

  /** Looks at every component once. */
  async round(signal: AbortSignal): Promise<void> {
    const { caches, cluster } = this.#ctx;
    const asked = new Set<string>();
    const settings = new BrokerSettings(cluster, signal);
    const components = COMPONENT_KINDS.flatMap((kind) =>
      (caches[kind]?.list() ?? []) as readonly Component[]
    ).filter((component) => isPolled(component) && this.#isOwn(component.metadata.namespace ?? ""));
    const turns = new Turns(this.#ctx.clock);
    await pooled(components, COMPONENTS_AT_ONCE, async (component) => {
      await turns.next();
      if (signal.aborted) return;
      await this.#look(component, { settings, asked, signal })
        .catch((error) => this.#notLooked(component, error, signal));
    });
    if (!signal.aborted) this.#backoff.forgetExcept(asked);
  }

  [Symbol.dispose](): void {
    this.#instances[Symbol.dispose]();
  }

  async #look(component: Component, round: Round): Promise<void> {
    const [answers, backlog] = await Promise.all([
      pooled(this.#podsOf(component), INSTANCES_AT_ONCE, (pod) => this.#ask(pod, round)),
      this.#backlog(component, round),
    ]);
    await this.#write(component, runtimeStatus(answers, backlog), round);
  }

  /** Pods that can be asked: the others have nothing to tell yet, or any more. */
  #podsOf(component: Component): Pod[] {
    const { caches } = this.#ctx;
    const { namespace = "" } = component.metadata;
    const statefulSet = caches.StatefulSet?.get({ namespace, name: statefulSetName(component) });
    const pods = (caches.Pod?.ownedBy(statefulSet?.metadata.uid ?? "") ?? []) as readonly Pod[];
    return pods.filter(({ metadata, status }) =>
      metadata.deletionTimestamp === undefined && status?.phase === "Running" && status.podIP
    );
  }

  async #ask(pod: Pod, { asked, signal }: Round): Promise<InstanceAnswer> {
    const ordinal = ordinalOf(pod);
    const address = pod.status?.podIP ?? "";
    const key = `${pod.metadata.uid} ${address}`;
    asked.add(key);
    const silent = this.#backoff.problem(key, this.#ctx.clock.monotonicMs());
    if (silent !== undefined) return { ordinal, problem: silent };
    try {
      const numbers = await this.#instances.ask(address, { signal, deadlineMs: DEADLINE_MS });
      this.#backoff.answered(key);
      return { ordinal, numbers };
    } catch (error) {
      if (!(error instanceof CallProblem)) throw error;
      this.#backoff.failed(key, error.message, this.#ctx.clock.monotonicMs());
      return { ordinal, problem: error.message };
    }
  }

  async #backlog(component: Component, round: Round): Promise<BacklogAnswer> {
    const subscriptions = askedAbout(component);
    if (subscriptions.length === 0) return { subscriptions: [] };
    const access = await accessOf(component, round);
    if ("problem" in access) return { subscriptions: [], problem: access.problem };
    // The credentials are those that its pods are given: who only writes a resource has none of them shown to anybody.
    if (access.authorization !== undefined && !this.#isShown(component, access)) {
      return { subscriptions: [], problem: "the broker is not asked: no instance was ready yet" };
    }
    // A component that trusts another authority, or has more topics, says nothing about what others may reach.
    const broker = `${access.url} ${access.caPem ?? ""}`;
    const own = `${component.metadata.uid} ${broker}`;
    for (const key of [broker, own]) round.asked.add(key);
    const nowMs = this.#ctx.clock.monotonicMs();
    const silent = this.#backoff.problem(broker, nowMs) ?? this.#backoff.problem(own, nowMs);
    if (silent !== undefined) return { subscriptions: [], problem: silent };
    return await this.#askBroker(subscriptions, { access, broker, own, signal: round.signal });
  }

  /** Whether a ready pod uses, or used, these credentials at this address: a function that is stopped has waiting messages. */
  #isShown(component: Component, { authorization, caPem, url }: BrokerAccess): boolean {
    const uid = component.metadata.uid ?? "";
    const shown = contentHash([url, authorization, caPem]);
    if (this.#podsOf(component).some(isPodReady)) this.#shown.set(uid, shown);
    if (this.#shown.size > SHOWN_MAX) this.#shown.clear();
    return this.#shown.get(uid) === shown;
  }

  async #askBroker(
    subscriptions: readonly Subscription[],
    { access, broker, own, signal }: BrokerCall,
  ): Promise<BacklogAnswer> {
    using limit = deadline(BACKLOG_MS, { clock: this.#ctx.clock, signal });
    try {
      const { signal } = limit;
      const limits = { signal, deadlineMs: DEADLINE_MS, addresses: this.#addresses };
      using client = new BrokerClient(access, limits);
      const answer = await backlogOf(subscriptions, client);
      for (const key of [broker, own]) this.#backoff.answered(key);
      return answer;
    } catch (error) {
      const isSilent = error instanceof CallProblem;
      if (!isSilent && !limit.isExpired) throw error;
      const cause = isSilent ? error.message : "it takes too long";
      const problem = `the broker could not be asked: ${cause}`;
      this.#backoff.failed(isSilent ? broker : own, problem, this.#ctx.clock.monotonicMs());
      return { subscriptions: [], problem };
    }
  }

  /** Compared with what the cache holds now: the look may have taken seconds. */
  async #write(looked: Component, polled: RuntimeStatus, { signal }: Round): Promise<void> {
    const cache = this.#ctx.caches[looked.kind];
    const component = cache?.get(keyOf(looked)) as Component | undefined;
    if (component === undefined || component.metadata.uid !== looked.metadata.uid) return;
    if (!isPolled(component)) return;
    const patch = runtimePatch(component, polled);
    if (patch === undefined) return;
    // Not into another object of that name.
    const { uid = "" } = component.metadata;
    const own = { metadata: { uid }, ...patch };
    const written = await this.#ctx.cluster.patch(idOf(component), own, {
      fieldManager: METRICS_MANAGER,
      subresource: "status",
      signal,
    });
    cache?.observe(written);
  }

  /** What is left for the next round; worth a line only where nothing in the status says it. */
  #notLooked(component: Component, error: unknown, signal: AbortSignal): void {
    if (isAbort(error, signal) || isNotFound(error) || isConflict(error)) return;
    this.#ctx.log.warn("Cannot tell how instances are doing", {
      kind: component.kind,
      object: keyText(keyOf(component)),
      // A refusal of a status may print the object.
      error: discreetly(error, component),
    });
  }
}

/** What one round shares. */
interface Round {
  readonly settings: BrokerSettings;
  /** Who is still there to be asked. */
  readonly asked: Set<string>;
  readonly signal: AbortSignal;
}

/** How a broker is asked for one component, and under which names its silence is remembered. */
interface BrokerCall {
  readonly access: BrokerAccess;
  /** For all components that ask the same way. */
  readonly broker: string;
  /** For this component. */
  readonly own: string;
  readonly signal: AbortSignal;
}

/** What a component reads; nothing where it is invalid, as then it does not run as it says. */
const askedAbout = perObject((component: Component) =>
  problems(component).length > 0 ? [] : subscriptionsOf(withDefaults(component))
);

/** How to ask the broker of a component, or why it cannot be asked. */
async function accessOf(
  component: Component,
  { settings }: Round,
): Promise<BrokerAccess | { readonly problem: string }> {
  try {
    return await settings.accessOf(component);
  } catch (error) {
    if (isForbidden(error)) return { problem: "its ConfigMap or Secret may not be read" };
    throw error;
  }
}

/** What is going, or is nobody's business of ours, is left alone; and so is, for now, of what nothing was said yet. */
function isPolled({ metadata, status }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined &&
    metadata.annotations?.[ANNOTATIONS.managed] !== "false" && !isNew(status);
}

/** The write that makes `status.runtime` what it should be; undefined when it is. */
function runtimePatch(component: Component, polled: RuntimeStatus): JsonObject | undefined {
  const patch = statusPatch(component.status?.[POLLED], polled);
  return patch === undefined ? undefined : { status: { [POLLED]: patch["status"] ?? null } };
}
