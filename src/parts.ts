import {
  type AddressPolicy,
  type Clock,
  isAbort,
  type ObjectKey,
  pause,
  systemClock,
  type TaskGroup,
} from "#base";
import type { Tenancy } from "#gitops";
import {
  actingAs,
  type ClusterClient,
  type Discovery,
  EVENT_SOURCE,
  EventRecorder,
  fencedTransport,
  httpCluster,
  httpTransport,
  kindDiscovery,
  Leadership,
  serviceAccountUser,
  type Transport,
} from "#kube";
import { Backoff } from "#runtime";
import { createLogger, createMetrics, type Logger, type LogSink, type Metrics } from "#telemetry";
import { BUILD } from "./build.ts";
import type { Config } from "./config.ts";
import { connect } from "./kube/connect.ts";
import { VERSION } from "./version.ts";

/** What every part of the program is given: made once, here. */
export interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly transport: Transport;
  readonly cluster: ClusterClient;
  /** Where several replicas run, `transport`, `cluster`, `events` and `clientOf` write nothing: see {@linkcode Parts.led}. */
  readonly events: EventRecorder;
  /**
   * For what every replica does, whoever leads: the lease, certificates, webhooks. On a connection of its own, so that no
   * renewal waits behind all that a leader writes.
   */
  readonly unfenced: { readonly transport: Transport; readonly cluster: ClusterClient };
  /** A client with the rights of a ServiceAccount and no others. */
  readonly clientOf: (account: ObjectKey) => ClusterClient;
  /** As whom MeshSyncs act. */
  readonly tenancy: Tenancy;
  /** Which addresses may be called that users of the cluster choose. */
  readonly addresses: AddressPolicy;
  /** Namespace of the program's own objects. */
  readonly namespace: string;
  /** Whether this runs as a pod of the cluster, with its service account. */
  readonly inCluster: boolean;
  /** The same parts for the work of who leads: what they write carries the proof that it does. */
  readonly led: (leadership: Leadership, log: Logger) => Parts & AsyncDisposable;
}

/** What writes. */
type Writing = Pick<Parts, "transport" | "cluster" | "events" | "clientOf">;

/**
 * Opens what the program needs: the connection, metrics, log and events. Nothing runs yet.
 *
 * @param options.logSink where log lines go; standard error when left out
 */
export async function openParts(
  config: Config,
  { logSink }: { readonly logSink?: LogSink } = {},
): Promise<Parts & AsyncDisposable> {
  const clock = systemClock;
  const log = createLogger({
    level: config.logLevel,
    ...(logSink === undefined ? {} : { sink: logSink }),
  });
  const metrics = createMetrics({ build: { version: VERSION, commit: BUILD.commit || "unknown" } });
  const connection = await connected(config, clock);
  const home = config.cluster.namespace ?? connection.namespace;
  const transport = () =>
    httpTransport(connection.endpoint, {
      userAgent: `meshwright/${VERSION}`,
      clock,
      onRequest: (sample) => metrics.countApiRequest(sample),
    });
  const [own, unfenced] = [transport(), transport()];
  const discovery = kindDiscovery(own, clock);
  const writing = (fence: Leadership | undefined, log: Logger) =>
    writingParts(fence === undefined ? own : fencedTransport(own, fence), {
      clock,
      discovery,
      log,
    });
  connection.warnings.forEach((warning) => log.warn(warning));
  log.info("Connected", { server: own.server, source: connection.source, version: VERSION });
  const parts: Parts = {
    config,
    clock,
    log,
    metrics,
    // Where there is an election, nobody writes who was not elected.
    ...writing(config.leaderElection === undefined ? undefined : new Leadership(clock), log),
    unfenced: { transport: unfenced, cluster: httpCluster(unfenced, { clock, discovery }) },
    tenancy: tenancyFrom(config, { home, inCluster: connection.inCluster }),
    addresses: addressesFrom(config, own),
    namespace: home,
    inCluster: connection.inCluster,
    led: (leadership, log) => {
      const led = writing(leadership, log);
      return {
        ...parts,
        ...led,
        log,
        [Symbol.asyncDispose]: () => led.events[Symbol.asyncDispose](),
      };
    },
  };
  return {
    ...parts,
    async [Symbol.asyncDispose]() {
      await parts.events[Symbol.asyncDispose]();
      await own[Symbol.asyncDispose]();
      await unfenced[Symbol.asyncDispose]();
    },
  };
}

function connected({ cluster }: Config, clock: Clock) {
  const { kubeconfig, context } = cluster;
  return connect({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    env: (name) => Deno.env.get(name),
    clock,
  });
}

function writingParts(
  transport: Transport,
  { clock, discovery, log }: {
    readonly clock: Clock;
    readonly discovery: Discovery;
    readonly log: Logger;
  },
): Writing {
  const cluster = httpCluster(transport, { clock, discovery });
  const instance = Deno.hostname();
  return {
    transport,
    cluster,
    events: new EventRecorder({ cluster, component: EVENT_SOURCE, instance, clock, log }),
    clientOf: accountClients(transport, { clock, discovery }),
  };
}

function addressesFrom({ allowLocalAddresses }: Config, { server }: Transport): AddressPolicy {
  const own = URL.parse(server)?.hostname ?? "";
  return {
    apiServer: [own, Deno.env.get("KUBERNETES_SERVICE_HOST") ?? ""],
    allowLoopback: allowLocalAddresses === true,
  };
}

/** Accounts whose clients are remembered: which kinds there are, they share. */
const CLIENTS_MAX = 1_000;

function accountClients(
  transport: Transport,
  { clock, discovery }: { readonly clock: Clock; readonly discovery: Discovery },
): (account: ObjectKey) => ClusterClient {
  const clients = new Map<string, ClusterClient>();
  return (account) => {
    const user = serviceAccountUser(account);
    const known = clients.get(user) ??
      httpCluster(actingAs(transport, user), { clock, discovery });
    clients.set(user, known);
    const [oldest] = clients.keys();
    if (clients.size > CLIENTS_MAX && oldest !== undefined) clients.delete(oldest);
    return known;
  };
}

/** Outside of a cluster the program is whoever started it, unless flags say otherwise: then it is one team's. */
function tenancyFrom(
  { gitOps = {} }: Config,
  { home, inCluster }: { readonly home: string; readonly inCluster: boolean },
): Tenancy {
  const { account, defaultServiceAccount = "default", kinds = "any", singleTenant } = gitOps;
  return {
    home,
    isSingleTenant: singleTenant ?? (!inCluster && account === undefined),
    ...(account === undefined ? {} : { account }),
    kinds,
    defaultServiceAccount,
  };
}

/** Tries something until it works or the signal aborts, waiting longer after each failure. */
export async function untilDone(
  what: string,
  { clock, log }: Pick<Parts, "clock" | "log">,
  signal: AbortSignal,
  attempt: () => Promise<void>,
): Promise<void> {
  const backoff = new Backoff({ random: Math.random, maxMs: 30_000 });
  while (!signal.aborted) {
    try {
      return await attempt();
    } catch (error) {
      if (isAbort(error, signal)) return;
      const delayMs = backoff.nextDelayMs(what);
      log.warn("Cannot start yet", { step: what, error, retryMs: delayMs });
      await pause(delayMs, { clock, signal });
    }
  }
}

/** Resolves when all of a group has ended: that it was told to is no failure. */
export async function untilEnded(group: TaskGroup, signal: AbortSignal): Promise<void> {
  try {
    await group.ended();
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}
