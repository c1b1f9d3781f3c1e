/** Three replicas that share the work: one after another is killed while it works, and each object has one who looks after it. */
import { type KubeObject, pooled, shardOf } from "#base";
import { userFunction } from "../support/controller_story.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { picked } from "../support/seeded.ts";
import { type ShardedReplica, ShardedReplicas } from "../support/sharded_replicas.ts";
import type { Api } from "./api.ts";
import { type Chaos, type Chapter, chapterOf, type Injected, wholeNumber } from "./guarantee.ts";

const REPLICAS = 3;
const NAMESPACES = 12;
const KILLS = 2;
/** Objects that the harness writes together. */
const AT_ONCE = 16;
/** How long it may take until all is as wanted: that is never what is checked. */
const GIVE_UP_MS = 600_000;

/** Functions in many namespaces. */
class Crowd implements AsyncDisposable {
  readonly namespaces: readonly string[];
  readonly #api: Api;
  readonly #count: number;
  #cpu = 0;

  private constructor(api: Api, namespaces: readonly string[], count: number) {
    this.#api = api;
    this.namespaces = namespaces;
    this.#count = count;
  }

  static async open(api: Api, count: number): Promise<Crowd> {
    const names = evenNames(`shards-${crypto.randomUUID().slice(0, 8)}`);
    for (const name of names) {
      await api.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      await api.apply({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "pulsar", namespace: name },
        data: { webServiceURL: "http://broker:8080", brokerServiceURL: "pulsar://broker:6650" },
      } as KubeObject);
    }
    return new Crowd(api, names, count);
  }

  /** Has all of them changed, some at a time. */
  async change(): Promise<void> {
    const cpu = `${++this.#cpu}00m`;
    const amounts = { cpu, memory: "1G" };
    // Without pods: what is tried is who writes.
    const spec = { replicas: 0, resources: { requests: amounts, limits: amounts } };
    const numbers = Array.from({ length: this.#count }, (_, number) => number);
    await pooled(numbers, AT_ONCE, async (number) => {
      const namespace = this.namespaces[number % NAMESPACES] ?? "";
      await this.#api.apply(userFunction(`f${number}`, spec, { namespace }));
    });
  }

  /** Resolves when somebody has looked after each of them as it is now. */
  async untilDone(): Promise<void> {
    const look = async () => {
      let done = 0;
      for (const namespace of this.namespaces) done += await this.#done(namespace);
      if (done === this.#count) return true;
      throw new Error(`${done} of ${this.#count} Functions are as wanted`);
    };
    await eventually(look, { timeoutMs: GIVE_UP_MS, intervalMs: 2_000 });
  }

  async #done(namespace: string): Promise<number> {
    const sets = await this.#api.list("StatefulSet", namespace);
    const changed = new Set(
      sets.filter(({ spec }) => JSON.stringify(spec).includes(`"${this.#cpu}00m"`))
        .map(({ metadata }) => metadata.ownerReferences?.[0]?.name),
    );
    const functions = await this.#api.list("Function", namespace);
    return functions.filter(({ metadata, status }) => {
      const { observedGeneration } = (status ?? {}) as { readonly observedGeneration?: number };
      return changed.has(metadata.name) && observedGeneration === metadata.generation;
    }).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.namespaces) await this.#api.remove({ kind: "Namespace", name });
  }
}

/** Names of namespaces, as many in each shard. */
function evenNames(prefix: string): string[] {
  const names: string[] = [];
  for (let index = 0; names.length < NAMESPACES; index++) {
    const name = `${prefix}-${index}`;
    const shard = shardOf(name, REPLICAS);
    const beside = names.filter((other) => shardOf(other, REPLICAS) === shard);
    if (beside.length < NAMESPACES / REPLICAS) names.push(name);
  }
  return names;
}

/** Kills a replica at one of its next writes; answers when that was. */
async function killedAtWrite(
  { program, proxy }: ShardedReplica,
  nth: number,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const meet = proxy.meet;
  let count = 0;
  proxy.meet = (request) => {
    const met = meet(request);
    if (!request.isWrite || ++count !== nth) return met;
    return {
      ...met,
      after: (answer) => {
        program.signal("SIGKILL");
        resolve(performance.now());
        return answer;
      },
    };
  };
  const killedMs = await promise;
  await program.ended;
  return killedMs;
}

async function killed(
  { resources, stage }: Chaos,
  chance: () => number,
): Promise<Injected> {
  await using folder = await temporaryFolder();
  await using crowd = await Crowd.open(stage.api, resources);
  const [namespace = ""] = crowd.namespaces;
  const place = { access: stage.access, namespace, folder: folder.path, count: REPLICAS };
  await using replicas = new ShardedReplicas(place);
  let alive: ShardedReplica[] = [];
  for (let index = 0; index < REPLICAS; index++) alive.push(await replicas.add());
  await replicas.untilLed(alive.map(({ name }) => name), { atMost: 1 });
  await crowd.change();
  await crowd.untilDone();
  let gapMs = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const gone = picked(chance, alive);
    // Each of its Functions is written at least once.
    const dying = killedAtWrite(gone, wholeNumber(chance, 1, Math.floor(resources / REPLICAS)));
    await crowd.change();
    const killedMs = await dying;
    alive = alive.filter((replica) => replica !== gone);
    await replicas.untilLed(alive.map(({ name }) => name));
    gapMs = Math.max(gapMs, replicas.writers.lastHandoverMs - killedMs);
    await crowd.untilDone();
    replicas.assertNoViolations();
    alive.push(await replicas.add());
    await replicas.untilLed(alive.map(({ name }) => name), { atMost: 1 });
  }
  await crowd.change();
  await crowd.untilDone();
  replicas.assertNoViolations();
  const what = `one of three replicas killed at one of its writes, ${KILLS} times a round, with ` +
    `${resources} Functions; all were led again after ${Math.round(gapMs / 1000)} s at most`;
  return { what, times: KILLS };
}

/** See the module. */
export const SHARDS: Chapter = chapterOf([{
  name: "shards/killed",
  claim:
    "others take its shards, it is given one when it comes back, and never two write what is of one",
  run: killed,
}]);
