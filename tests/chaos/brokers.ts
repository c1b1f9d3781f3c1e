/**
 * What should be brokers and instances hangs, lies and comes and goes: replicas and statuses go by nothing of it, and
 * who has a sound broker goes on.
 */
import { isPlainObject, type KubeObject } from "#base";
import { userFunction } from "../support/controller_story.ts";
import { eventually } from "../support/eventually.ts";
import type { ProgramProcess } from "../support/program_process.ts";
import type { RecordingProxy } from "../support/recording_proxy.ts";
import { bounded } from "./bounded.ts";
import {
  type Chaos,
  type Chapter,
  chapterOf,
  type Injected,
  shuffled,
  type Trial,
  wholeNumber,
} from "./guarantee.ts";
import { brokerLies, page, stats } from "./hostile_answers.ts";
import { lyingInstances } from "./instances.ts";
import { Place } from "./place.ts";
import { type RawServer, rawServer, type Saying } from "./raw_server.ts";
import { BEFORE, contentAfter, paused } from "./settled.ts";
import type { ChaosStage } from "./stage.ts";

const GIVE_UP = { timeoutMs: 180_000, intervalMs: 250 };
/** Terms that need no learning, and no patience: what is believed shows at once. */
const TERMS = { idleAfter: "1s", maxBacklogPerReplica: 10 };
const SUBSCRIPTION = "public/default/scaled";
const REPLICAS = 2;
/** What so many replicas are needed for, and one more. */
const [ENOUGH, MORE] = [15, 25];
const LYING_MS = 15_000;

function truth(backlog: number): Saying {
  return page(stats({ backlog, arrived: 100, subscription: SUBSCRIPTION }));
}

/** A place whose program asks brokers and instances again and again, and does as it does otherwise. */
class Asking implements AsyncDisposable {
  readonly place: Place;
  readonly proxy: RecordingProxy;
  readonly #servers = new Map<string, RawServer>();
  #program: ProgramProcess | undefined;

  private constructor(place: Place) {
    this.place = place;
    this.proxy = place.proxy();
  }

  /** With Functions by name, each of which has a broker of its own with work for so many replicas. */
  static async open(
    stage: ChaosStage,
    functions: Readonly<Record<string, number>>,
  ): Promise<Asking> {
    const asking = new Asking(await Place.open(stage));
    const { place } = asking;
    try {
      const wanted = Object.entries(functions);
      for (const [name, replicas] of wanted) await asking.#add(name, replicas);
      await place.commit(BEFORE);
      await place.sync();
      const flags = ["--scaling-interval=3s", "--instance-status-interval=1s"];
      asking.#program = await place.start(asking.proxy, { flags });
      await Promise.all(wanted.map(async ([name, replicas]) => {
        await asking.untilScaled(name, replicas);
        await asking.untilReason(name, replicas === 0 ? /^nothing waits/ : /^15 wait/);
      }));
      await place.untilReady(/^True Healthy/);
      return asking;
    } catch (error) {
      await asking[Symbol.asyncDispose]();
      throw error;
    }
  }

  broker(name: string): RawServer {
    const server = this.#servers.get(name);
    if (server === undefined) throw new Error(`There is no broker for ${name}`);
    return server;
  }

  async view(name: string): Promise<View> {
    const { api, namespace } = this.place;
    return viewOf(await api.find({ kind: "Function", name, namespace }));
  }

  /** Resolves when a Function has so many replicas, and all of them run. */
  async untilScaled(name: string, replicas: number): Promise<void> {
    await eventually(async () => {
      const view = await this.view(name);
      if (view.replicas === replicas && view.ready === replicas) return true;
      throw new Error(`${name} has ${view.replicas}, ${view.ready} ready: ${view.reason}`);
    }, GIVE_UP);
  }

  /** Resolves when the status of a Function gives this reason for its replicas. */
  async untilReason(name: string, pattern: RegExp): Promise<void> {
    await eventually(async () => {
      const { reason } = await this.view(name);
      if (pattern.test(reason)) return true;
      throw new Error(`${name} says ${reason}, not ${pattern}`);
    }, GIVE_UP);
  }

  /** Applies a commit, as if nobody lied. */
  async applyNext(value: string): Promise<void> {
    const commit = await this.place.commit(contentAfter(value));
    await this.place.look();
    await eventually(async () => {
      const sync = await this.place.meshSync();
      if (sync?.applied.endsWith(commit) && sync.ready.startsWith("True ")) return true;
      throw new Error(`MeshSync is ${sync?.ready}`);
    }, GIVE_UP);
  }

  /** See {@linkcode bounded}. */
  async bounded(work: () => Promise<unknown>): Promise<string> {
    return await bounded({ proxy: this.proxy, pid: this.#program?.pid ?? 0 }, work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]();
  }

  async #add(name: string, replicas: number): Promise<void> {
    const { api, namespace } = this.place;
    const server = this.place.use(rawServer({ saying: truth(replicas === 0 ? 0 : ENOUGH) }));
    this.#servers.set(name, server);
    const webServiceURL = `http://127.0.0.1:${server.port}`;
    await api.apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `broker-${name}`, namespace },
      data: { webServiceURL, brokerServiceURL: "pulsar://broker:6650" },
    } as KubeObject);
    await api.apply(
      userFunction(name, {
        replicas,
        minReplicas: 0,
        maxReplicas: 5,
        backlogScaling: TERMS,
        subscriptionName: SUBSCRIPTION,
        pulsar: { pulsarConfig: `broker-${name}` },
        input: { topics: ["persistent://public/default/scaled-in"] },
      }, { namespace }),
      "user",
    );
  }
}

/** What the harness reads of a Function. */
interface View {
  readonly generation: number;
  readonly replicas: number;
  readonly ready: number;
  readonly reason: string;
}

function viewOf(object: KubeObject | undefined): View {
  const member = (value: unknown, name: string) => isPlainObject(value) ? value[name] : undefined;
  const { metadata, spec, status } = object ?? {};
  return {
    generation: metadata?.generation ?? 0,
    replicas: Number(member(spec, "replicas") ?? 0),
    ready: Number(member(status, "readyReplicas") ?? 0),
    reason: String(member(member(status, "scaling"), "reason") ?? ""),
  };
}

async function lyingBrokers({ stage }: Chaos, chance: () => number): Promise<Injected> {
  const lies = shuffled(chance, Object.entries(brokerLies(SUBSCRIPTION)))
    .map(([what, lie], index) => {
      const replicas = lie.isOfReaders || chance() < 0.5 ? REPLICAS : 0;
      return { what, ...lie, replicas, name: `lied-to-${index}` };
    });
  const functions = lies.map(({ name, replicas }) => [name, replicas] as const);
  await using asking = await Asking.open(stage, { well: 0, ...Object.fromEntries(functions) });
  const generations = await Promise.all(
    lies.map(async ({ name }) => (await asking.view(name)).generation),
  );
  for (const { name, saying } of lies) asking.broker(name).saying = saying;
  const rate = await asking.bounded(async () => {
    const lying = paused(LYING_MS);
    asking.broker("well").saying = truth(MORE);
    await Promise.all([
      asking.untilScaled("well", REPLICAS + 1),
      asking.applyNext("1"),
      ...lies.map(({ name, replicas, says }) =>
        asking.untilReason(name, new RegExp(`(${says.source}).*stays at ${replicas}$`))
      ),
    ]);
    await lying;
  });
  for (const [index, { name, what }] of lies.entries()) {
    const { generation, reason } = await asking.view(name);
    if (generation === generations[index]) continue;
    throw new Error(`Scaled by a broker that ${what}: ${reason}`);
  }
  for (const { name } of lies) asking.broker(name).saying = truth(MORE);
  await Promise.all(lies.map(({ name }) => asking.untilScaled(name, REPLICAS + 1)));
  return { what: `${lies.map(({ what }) => what).sort().join(", ")}; ${rate}`, times: lies.length };
}

const FLAPS = 14;

async function flappingBrokers({ stage }: Chaos, chance: () => number): Promise<Injected> {
  const functions = { flaps: REPLICAS, "flaps-at-rest": 0 };
  const names = Object.keys(functions);
  await using asking = await Asking.open(stage, { well: 0, ...functions });
  const before = await Promise.all(names.map((name) => asking.view(name)));
  const rate = await asking.bounded(async () => {
    for (let flap = 0; flap < FLAPS; flap++) {
      for (const name of names) {
        if (flap % 2 === 0) asking.broker(name).goAway();
        else asking.broker(name).comeBack();
      }
      await paused(wholeNumber(chance, 500, 1_500));
    }
    asking.broker("well").saying = truth(MORE);
    await asking.untilScaled("well", REPLICAS + 1);
  });
  for (const [index, name] of names.entries()) {
    const { generation, reason } = await asking.view(name);
    if (generation !== before[index]?.generation) throw new Error(`Scaled by a gap: ${reason}`);
    asking.broker(name).saying = truth(MORE);
  }
  await Promise.all(names.map((name) => asking.untilScaled(name, REPLICAS + 1)));
  return { what: `brokers gone and back ${FLAPS / 2} times, ${rate}`, times: FLAPS };
}

const TRIALS: readonly Trial[] = [
  {
    name: "brokers/lying",
    claim: "no replicas by it, the status says so, and others go on",
    run: lyingBrokers,
  },
  {
    name: "brokers/flapping",
    claim: "no replicas by gaps, and what is needed when it stays",
    run: flappingBrokers,
  },
  {
    name: "brokers/instances",
    claim: "the status says of which instance nothing is known, and counts the others",
    run: lyingInstances,
  },
];

/** See the module. */
export const BROKERS: Chapter = chapterOf(TRIALS);
