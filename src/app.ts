import type { Admission } from "#admission";
import type { MeshSync } from "#api";
import { actingClient, type OnceReport } from "#gitops";
import { deadline, isAbort, type Shard, TaskGroup } from "#base";
import { Leadership, leadShards, runAsLeader } from "#kube";
import { startReceiver } from "#receiver";
import { type Server, startServer } from "#telemetry";
import { admissionWebhook } from "./admission_webhook.ts";
import type { LeaderElectionConfig } from "./config.ts";
import { consolePage } from "./console_page.ts";
import { ConsoleServer } from "./console_server.ts";
import { consoleSource } from "./console_source.ts";
import { putDefinitionsInPlace } from "./definitions.ts";
import { Following } from "./following.ts";
import { Lead } from "./lead.ts";
import { Leads } from "./leads.ts";
import { type Parts, untilDone } from "./parts.ts";
import { SecureMetrics } from "./secure_metrics.ts";

/**
 * The running program: definitions, caches, controllers and the GitOps loop, with servers for metrics and health.
 *
 * # Guarantees
 * `run` ends when the signal aborts, after what is under way; an API server that is away at the start is waited for.
 */
export class App implements AsyncDisposable {
  readonly #parts: Parts & AsyncDisposable;
  readonly #servers: Server[] = [];
  readonly #following: Following;
  readonly #leads: Leads;
  readonly #admission: Admission | undefined;
  readonly #secureMetrics: SecureMetrics | undefined;
  #console: ConsoleServer | undefined;
  #definitions = "not installed yet";

  private constructor(parts: Parts & AsyncDisposable) {
    this.#parts = parts;
    this.#following = new Following(parts);
    this.#leads = new Leads(parts, this.#following);
    this.#admission = admissionWebhook({ ...parts, ...parts.unfenced });
    this.#secureMetrics = secureMetrics(parts);
  }

  /** The program, with its servers listening. @throws when an address is taken */
  static async open(parts: Parts & AsyncDisposable): Promise<App> {
    const app = new App(parts);
    try {
      await app.#startServers();
      return app;
    } catch (error) {
      await app[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Works until the signal aborts. @throws when the lease is lost: the process should end */
  async run(signal: AbortSignal): Promise<void> {
    const group = new TaskGroup(signal);
    // Every replica answers for what is applied, and shows its metrics, whoever leads; the console says who does.
    for (const server of [this.#admission, this.#secureMetrics, this.#console]) {
      if (server !== undefined) group.start((stop) => server.run(stop));
    }
    group.start(async (stop) => {
      await this.#workAsLeader(stop);
      group.stop();
    });
    await group.ended();
  }

  /** Installs the definitions, fills the caches, and runs the controller and the GitOps loop by them. */
  async #workAlone(signal: AbortSignal): Promise<void> {
    await this.#installDefinitions(this.#parts, signal);
    if (signal.aborted) return;
    const lead = new Lead(this.#parts, this.#following);
    using _begun = this.#leads.begin(lead);
    const group = new TaskGroup(signal);
    this.#following.start(group);
    group.start((stop) => lead.run(stop));
    await group.ended();
  }

  /** Leads with the caches that it kept while it waited, once they are known to be current. */
  async #workElected(parts: Parts, { shard, signal }: Elected): Promise<void> {
    const lead = new Lead(parts, this.#following, shard);
    using _begun = this.#leads.begin(lead);
    try {
      const [isChanged] = await Promise.all([
        lead.isGlobal ? this.#installDefinitions(parts, signal) : false,
        this.#following.compare(signal, { isReread: false }),
      ]);
      if (isChanged) await this.#following.compare(signal, { isReread: true });
    } catch (error) {
      if (isAbort(error, signal)) return;
      throw error;
    }
    parts.log.info("Caches are current");
    await lead.run(signal);
  }

  /**
   * Applies what the flags name once and waits until it is healthy, or until time is up. With `reconcile` the
   * controller runs as long, so that a cluster without a running one converges too.
   */
  async once(
    signal: AbortSignal,
    options: { readonly timeoutMs: number; readonly reconcile: boolean },
  ): Promise<OnceReport> {
    const { clock } = this.#parts;
    using limit = deadline(options.timeoutMs + LAST_WORD_MS, { clock, signal });
    const group = new TaskGroup(limit.signal);
    const report = Promise.withResolvers<OnceReport>();
    group.start(async (stop) => {
      await this.#installDefinitions(this.#parts, stop);
      const lead = new Lead(this.#parts, this.#following);
      if (options.reconcile && !stop.aborted) {
        const { meshes } = this.#following;
        group.start(() => meshes.follow(stop));
        group.start(() => lead.runController(stop));
        await meshes.whenSynced(stop);
      }
      stop.throwIfAborted();
      report.resolve(await lead.once(stop, options));
      group.stop();
    });
    try {
      await group.ended();
      return await report.promise;
    } catch (error) {
      if (!limit.isExpired) throw error;
      return outOfTime(this.#definitions);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
    await this.#console?.[Symbol.asyncDispose]();
    await this.#admission?.[Symbol.asyncDispose]();
    await this.#secureMetrics?.[Symbol.asyncDispose]();
    await this.#following[Symbol.asyncDispose]();
    await this.#parts[Symbol.asyncDispose]();
  }

  async #workAsLeader(signal: AbortSignal): Promise<void> {
    const election = this.#parts.config.leaderElection;
    if (election === undefined) return await this.#workAlone(signal);
    const group = new TaskGroup(signal);
    this.#following.start(group);
    group.start((stop) => this.#following.syncs.standBy(stop));
    group.start(async (stop) => {
      await this.#elected(election, stop);
      group.stop();
    });
    await group.ended();
  }

  /** Does the work when it is elected, or that of the shards for which it is. @throws when its only lease is lost */
  async #elected(election: LeaderElectionConfig, signal: AbortSignal): Promise<void> {
    const { clock, log, namespace, unfenced: { cluster } } = this.#parts;
    const key = { namespace: election.namespace ?? namespace, name: election.name };
    const identity = `${Deno.hostname()}_${crypto.randomUUID()}`;
    const candidate = { cluster, key, identity, clock, log, signal };
    // Its Events are written as the leader, too: before the lease is given back.
    if (election.shards !== undefined) {
      const options = { ...candidate, ...election.shards };
      return await leadShards(options, async (shard, { leadership, signal }) => {
        await using parts = this.#parts.led(leadership, log.with({ shard: shard.index }));
        await this.#workElected(parts, { shard, signal });
      });
    }
    const leadership = new Leadership(clock);
    const ended = await runAsLeader({ ...candidate, leadership }, async (signal) => {
      await using parts = this.#parts.led(leadership, log);
      await this.#workElected(parts, { signal });
    });
    if (ended === "lost") throw new Error("Cannot go on: another process leads now");
  }

  /** Answers whether a definition changed: then caches know objects as they no longer look. */
  async #installDefinitions(parts: Parts, signal: AbortSignal): Promise<boolean> {
    const { cluster, clock, config, log } = parts;
    let isChanged = false;
    let isTriedAgain = false;
    if (config.installDefinitions) {
      await untilDone("Install definitions", parts, signal, async () => {
        // What a try that failed changed is not told by the next one.
        isChanged = isTriedAgain;
        isTriedAgain = true;
        const done = await putDefinitionsInPlace(cluster, { clock, signal });
        const changed = done.definitions.filter(({ action }) => action !== "unchanged");
        isChanged ||= changed.length > 0 || done.clearedStatuses > 0;
        log.info("Definitions are established", {
          changed: changed.map(({ name }) => name),
          clearedStatuses: done.clearedStatuses,
        });
      });
    }
    this.#definitions = "";
    return isChanged;
  }

  async #startServers(): Promise<void> {
    const { config, clock, log, metrics, unfenced } = this.#parts;
    const checks = {
      live: { controllers: () => this.#following.syncs.reader.problem() ?? this.#leads.stuck() },
      ready: {
        admission: () => this.#admission?.problem(),
        definitions: () => this.#leads.isGlobal ? this.#definitions || undefined : undefined,
        caches: () => this.#isStandby() ? undefined : this.#following.meshes.unsynced(),
        syncs: () =>
          this.#isStandby() ? undefined : this.#following.syncs.unsynced() ?? this.#leads.undone(),
      },
    };
    const { healthAddress, receiverAddress = "0", secureMetrics = false } = config;
    const metricsAddress = secureMetrics ? "0" : config.metricsAddress;
    const both = { address: metricsAddress, metrics, ...checks, log };
    const starting = metricsAddress === healthAddress ? [() => startServer(both)] : [
      () => startServer({ address: metricsAddress, metrics, log }),
      () => startServer({ address: healthAddress, ...checks, log }),
    ];
    const { cluster } = unfenced;
    const { watchedNamespace } = config;
    const receiver = {
      address: receiverAddress,
      cluster,
      readerFor: (sync: MeshSync) => actingClient(sync, { ...this.#parts, cluster }),
      ...(watchedNamespace === undefined ? {} : { watchedNamespace }),
      clock,
      log,
    };
    for (const start of [...starting, () => startReceiver(receiver)]) {
      const server = await start();
      if (server !== undefined) this.#servers.push(server);
    }
    this.#console = await this.#openConsole();
    const console = this.#console?.url;
    log.info("Listening", {
      urls: this.#servers.map((server) => server.url),
      ...(console === undefined ? {} : { console }),
    });
  }

  async #openConsole(): Promise<ConsoleServer | undefined> {
    const { config: { consoleAddress: address = "0" }, unfenced, ...parts } = this.#parts;
    if (address === "0") return undefined;
    const source = consoleSource(this.#parts, {
      following: this.#following,
      nextLookAtMs: (sync) => this.#leads.nextLookAtMs(sync),
      isStandby: () => this.#isStandby(),
      shards: () => this.#leads.shards,
    });
    return await ConsoleServer.open({
      ...parts,
      ...unfenced,
      address,
      source,
      page: await consolePage(),
      onCertificate: (endMs) => parts.metrics.setCertificateEnd("console", endMs),
    });
  }

  /** One of several replicas that waits for its turn is ready to take over. */
  #isStandby(): boolean {
    return this.#parts.config.leaderElection !== undefined && this.#leads.isEmpty;
  }
}

/** What a process was elected for. */
interface Elected {
  /** Undefined: all there is to do. */
  readonly shard?: Shard;
  readonly signal: AbortSignal;
}

/** The server of metrics over TLS that the configuration asks for. */
function secureMetrics(parts: Parts): SecureMetrics | undefined {
  const { metricsAddress: address, secureMetrics: isSecure = false } = parts.config;
  return isSecure && address !== "0"
    ? new SecureMetrics({ ...parts, ...parts.unfenced, address })
    : undefined;
}

/** A run that is under way when time is up may say by itself how far it came. */
const LAST_WORD_MS = 2_000;

/** Time was up before a look at the repository could end. */
function outOfTime(definitions: string): OnceReport {
  const message = definitions === ""
    ? "Time is up: the run did not end in time"
    : `Time is up: the API server could not be used, the definitions are ${definitions}`;
  return { exit: 1, reason: "OutOfTime", message, revision: undefined, counts: {} };
}
