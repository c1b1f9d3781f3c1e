import { shardOf } from "#base";
import { ShardWriters } from "./shard_writers.ts";
import type { ClusterAccess, TestCluster } from "./control_plane.ts";
import { eventually } from "./eventually.ts";
import { type ProgramProcess, programProcess } from "./program_process.ts";
import { proxyKubeconfig, type RecordingProxy, recordingProxy } from "./recording_proxy.ts";

/** Name of the lease where no flag says it. */
const LEASE = "a3f45fce.functionmesh.io";

/** Makes namespaces, so many in each shard, for as long as a stack lives. */
export async function spacesInShards(
  { cluster, stack }: { readonly cluster: TestCluster; readonly stack: AsyncDisposableStack },
  { count, each }: { readonly count: number; readonly each: number },
): Promise<string[]> {
  const spaces: string[] = [];
  while (spaces.length < count * each) {
    const { name } = stack.use(await cluster.namespace());
    const beside = spaces.filter((other) => shardOf(other, count) === shardOf(name, count));
    if (beside.length < each) spaces.push(name);
  }
  return spaces;
}

/** One process that shares the work. */
export interface ShardedReplica {
  readonly name: string;
  readonly program: ProgramProcess;
  readonly proxy: RecordingProxy;
}

/** Where they run. */
export interface ShardedPlace {
  readonly access: ClusterAccess;
  /** Their own: the leases are there. */
  readonly namespace: string;
  /** For kubeconfigs and clones. */
  readonly folder: string;
  readonly count: number;
}

/** Processes that share the work of a cluster, each behind a proxy, and the record of who wrote what. */
export class ShardedReplicas implements AsyncDisposable {
  readonly writers: ShardWriters;
  readonly #place: ShardedPlace;
  readonly #stack = new AsyncDisposableStack();
  readonly #replicas: ShardedReplica[] = [];

  constructor(place: ShardedPlace) {
    this.#place = place;
    this.writers = new ShardWriters({ count: place.count, name: LEASE });
  }

  /** One more. */
  async add(shard = `any/${this.#place.count}`): Promise<ShardedReplica> {
    const { access, folder, namespace } = this.#place;
    const name = `replica-${this.#replicas.length + 1}`;
    const proxy = this.#stack.use(recordingProxy(access));
    proxy.meet = (request) => this.writers.meet(name, request);
    const kubeconfig = `${folder}/${name}`;
    await Deno.writeTextFile(kubeconfig, proxyKubeconfig(proxy));
    const flags = ["--enable-leader-election", "--leader-election-namespace", namespace];
    const git = ["--allow-local-addresses=true", `--cache-dir=${folder}/${name}-clones`];
    const program = this.#stack.use(programProcess({
      kubeconfig,
      namespace,
      isWide: true,
      flags: [...flags, "--shard", shard, ...git, "--instance-status-interval=0s"],
    }));
    const replica = { name, program, proxy };
    this.#replicas.push(replica);
    return replica;
  }

  /** Who leads the shard of a namespace. */
  leaderOf(namespace: string): string {
    return this.writers.holder(shardOf(namespace, this.#place.count));
  }

  /** Resolves when all shards are led by some of these, each by at most so many more than others. */
  async untilLed(names: readonly string[], { atMost = Infinity } = {}): Promise<void> {
    const look = () => {
      const { holders } = this.writers;
      const sizes = names.map((name) => holders.filter((holder) => holder === name).length);
      if (holders.every((holder) => names.includes(holder)) && Math.max(...sizes) <= atMost) {
        return true;
      }
      throw new Error(`led by ${holders.join(", ")}, not by ${names.join(", ")}\n${this.#log()}`);
    };
    await eventually(look, { timeoutMs: 180_000, intervalMs: 250 });
  }

  /** @throws when somebody wrote what belongs to a shard that another one led */
  assertNoViolations(): void {
    const { violations } = this.writers;
    if (violations.length === 0) return;
    const texts = violations.map(({ leader, what, who }) => `${who}: ${what} while ${leader} led`);
    throw new Error(`Two writers: ${texts.join(", ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #log(): string {
    return this.#replicas.map(({ name, program }) => `${name}: ${program.logTail()}`).join("\n");
  }
}
