import { assert, assertEquals, assertMatch } from "@std/assert";
import { shardLeaseName } from "#base";
import { runAsLeader } from "#kube";
import { seeded } from "../support/seeded.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FIRST, LeaseStore } from "../support/lease_store.ts";
import { ShardReplica, type ShardReplicaOptions } from "../support/shard_replica.ts";

const WISHED_BY = "leases.functionmesh.io/wished-by";

/** Replicas that share the work, and the time in which they do. */
class Stage {
  readonly clock = new FakeClock();
  readonly store = new LeaseStore(this.clock);
  readonly replicas: ShardReplica[] = [];

  add(name: string, options: ShardReplicaOptions = {}): ShardReplica {
    const replica = new ShardReplica(this, name, options);
    this.replicas.push(replica);
    return replica;
  }

  /** Who leads what. */
  get leads(): Record<string, number[]> {
    return Object.fromEntries(this.replicas.map(({ leads, name }) => [name, leads]));
  }

  /** Lets time pass, and looks all the while that no shard has two leaders. */
  async pass(byMs: number, { stepMs = 500 }: { readonly stepMs?: number } = {}): Promise<void> {
    for (let passedMs = 0; passedMs < byMs; passedMs += stepMs) {
      await this.clock.advance(stepMs);
      const all = this.replicas.flatMap(({ leads }) => leads);
      assertEquals(all.length, new Set(all).size, JSON.stringify(this.leads));
    }
  }

  async end(): Promise<void> {
    for (const replica of this.replicas) replica.stop();
    const ended = Promise.all(this.replicas.map(({ ended }) => ended));
    await this.clock.advance(60_000);
    await ended;
    assertEquals(this.clock.sleeping, 0);
  }
}

Deno.test("leadShards(): three that start together lead one shard each, and each its home", async () => {
  const stage = new Stage();
  for (const home of [2, 0, 1]) stage.add(`home-${home}`, { home });
  await stage.pass(10_000);
  assertEquals(stage.leads, { "home-2": [2], "home-0": [0], "home-1": [1] });
  assertEquals(stage.store.annotation("lease-2", "leases.functionmesh.io/at-home"), "true");
  await stage.end();
  assertEquals([0, 1, 2].map((index) => stage.store.holder(shardLeaseName("lease", index))), [
    "",
    "",
    "",
  ]);
});

Deno.test("leadShards(): with any, each takes the first one that is free", async () => {
  const stage = new Stage();
  for (const name of ["a", "b", "c", "d"]) stage.add(name);
  await stage.pass(10_000);
  const sizes = Object.values(stage.leads).map(({ length }) => length);
  assertEquals(sizes.toSorted(), [0, 1, 1, 1]);
  await stage.end();
});

Deno.test("leadShards(): the shards of one that is gone go to who leads fewest, within a lease and a bit", async () => {
  const stage = new Stage();
  const [a, b] = [stage.add("a", { count: 4 }), stage.add("b", { count: 4 })];
  await stage.pass(60_000);
  assertEquals([a.leads.length, b.leads.length], [2, 2]);
  const c = stage.add("c", { count: 4 });
  await stage.pass(4_000);
  // Nobody has two more than it.
  assertEquals([...a.leads, ...b.leads, ...c.leads].length, 4);
  a.cut();
  await stage.pass(10_500);
  assertEquals(a.leads, []);
  await stage.pass(15_000);
  assertEquals([...b.leads, ...c.leads].toSorted(), [0, 1, 2, 3]);
  assertEquals([b.leads.length, c.leads.length], [2, 2]);
  await stage.end();
});

Deno.test("leadShards(): one alone leads all of them, and gives up what others wish for until nobody has two more than another", async () => {
  const stage = new Stage();
  const a = stage.add("a", { count: 5, drainMs: 3_000 });
  await stage.pass(60_000);
  assertEquals(a.leads, [0, 1, 2, 3, 4]);
  const b = stage.add("b", { count: 5 });
  await stage.pass(60_000);
  assertEquals([a.leads.length, b.leads.length], [3, 2]);
  const c = stage.add("c", { count: 5 });
  await stage.pass(60_000);
  assertEquals([a, b, c].map(({ leads }) => leads.length).toSorted(), [1, 2, 2]);
  const begun = stage.replicas.map(({ begun }) => begun.length);
  await stage.pass(300_000, { stepMs: 1_000 });
  // It has come to rest.
  assertEquals(stage.replicas.map(({ begun }) => begun.length), begun);
  for (let index = 0; index < 5; index++) {
    assertEquals(stage.store.annotation(shardLeaseName("lease", index), WISHED_BY), undefined);
  }
  await stage.end();
});

Deno.test("leadShards(): who comes home is given its shard, although nobody has two more than it", async () => {
  const stage = new Stage();
  const [a, b] = [stage.add("a", { home: 0 }), stage.add("b", { home: 1 })];
  await stage.pass(30_000);
  const taken = a.leads.includes(2) ? a : b;
  assertEquals(taken.leads.length, 2);
  const c = stage.add("c", { home: 2 });
  await stage.pass(10_000);
  assertEquals(stage.leads, { a: [0], b: [1], c: [2] });
  c.stop();
  await stage.pass(10_000);
  assertEquals([...a.leads, ...b.leads].toSorted(), [0, 1, 2]);
  await stage.end();
});

Deno.test("leadShards(): what is given back to one that is gone is taken back, once", async () => {
  const stage = new Stage();
  const a = stage.add("a", { count: 2 });
  await stage.pass(30_000);
  const b = stage.add("b", { count: 2 });
  // It has wished, and hears no answer any more.
  stage.store.onWrite = (by, { metadata }) => {
    if (by === "b" && metadata.annotations?.[WISHED_BY] === "b") b.cut();
  };
  await stage.pass(60_000);
  assertEquals(a.leads, [0, 1]);
  const begun = a.begun.length;
  assertEquals(begun, 3);
  await stage.pass(120_000, { stepMs: 1_000 });
  assertEquals(a.begun.length, begun);
  await stage.end();
});

Deno.test("leadShards(): a shard that is lost ends its own work, and is led again", async () => {
  const stage = new Stage();
  const a = stage.add("a", { count: 2 });
  await stage.pass(30_000);
  stage.store.store("lease-1", {
    holderIdentity: "somebody",
    leaseDurationSeconds: 15,
    renewTime: "2026-01-01T00:00:00.000000Z",
  }, { "leases.functionmesh.io/shards": "2" });
  await stage.pass(3_000);
  assertEquals(a.leads, [0]);
  await stage.pass(25_000);
  assertEquals([a.leads, a.begun], [[0, 1], [0, 1, 1]]);
  await stage.end();
});

Deno.test("leadShards() ends where the work of a shard goes on after it was lost", async () => {
  const stage = new Stage();
  const a = stage.add("a", { count: 2, drainMs: 60_000 });
  await stage.pass(30_000);
  a.cut();
  await stage.pass(30_000);
  assertEquals(a.leads, []);
  await stage.clock.advance(60_000);
  assertMatch(String(await a.ended), /shard [01] was lost, and its work does not end/);
});

Deno.test("leadShards(): replicas that divide the work otherwise wait until nobody leads any longer, and then lead all", async () => {
  const stage = new Stage();
  const old = [stage.add("old-0"), stage.add("old-1"), stage.add("old-2")];
  await stage.pass(30_000);
  const next = [stage.add("new-0", { count: 4 }), stage.add("new-1", { count: 4 })];
  for (const one of old) {
    await stage.pass(30_000);
    assertEquals(next.flatMap(({ leads }) => leads), []);
    one.stop();
  }
  const [first] = next;
  assertMatch(first?.lines.join() ?? "", /another replica divides the work otherwise/);
  await stage.pass(30_000);
  assertEquals(next.flatMap(({ leads }) => leads).toSorted(), [0, 1, 2, 3]);
  await stage.end();
});

/** One that does not share the work. */
function alone({ clock, store }: Stage, name: string) {
  const stop = new AbortController();
  const state = { isLeading: false };
  const ended = runAsLeader(
    { cluster: store.client(name).cluster, key: FIRST, identity: name, clock, signal: stop.signal },
    async (signal) => {
      state.isLeading = true;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      state.isLeading = false;
    },
  );
  return {
    get isLeading() {
      return state.isLeading;
    },
    stop: async () => {
      stop.abort(new DOMException("over", "AbortError"));
      await clock.advance(10_000);
      await ended;
    },
  };
}

Deno.test("leadShards() waits for one that does not share the work, and that one for those who do", async () => {
  const stage = new Stage();
  const one = alone(stage, "one");
  await stage.clock.advance(5_000);
  assertEquals([one.isLeading, stage.store.annotation("lease", "leases.functionmesh.io/shards")], [
    true,
    undefined,
  ]);
  const [a, b] = [stage.add("a"), stage.add("b")];
  await stage.pass(30_000);
  assertEquals([a.leads, b.leads], [[], []]);
  await one.stop();
  await stage.pass(30_000);
  assertEquals([...a.leads, ...b.leads].toSorted(), [0, 1, 2]);
  const other = alone(stage, "other");
  (a.leads.includes(0) ? a : b).stop();
  await stage.pass(30_000);
  assertEquals(other.isLeading, false);
  for (const replica of [a, b]) replica.stop();
  await stage.pass(30_000);
  assert(other.isLeading);
  assertEquals(stage.store.annotation("lease", "leases.functionmesh.io/shards"), "1");
  await other.stop();
  await stage.end();
});

Deno.test("runAsLeader() takes a lease that may not be read for one that nobody of its account renews", async () => {
  const stage = new Stage();
  stage.store.store("lease", {}, { "leases.functionmesh.io/shards": "3" });
  for (let index = 1; index < 32; index++) stage.store.forbidden.add(`lease-${index}`);
  const one = alone(stage, "one");
  await stage.clock.advance(14_000);
  assertEquals(one.isLeading, false);
  await stage.clock.advance(6_000);
  assert(one.isLeading);
  await one.stop();
});

const SEEDS = 3;

Deno.test("leadShards(): whoever comes, goes or is cut off, never two lead a shard, and none is without for long", async () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const chance = seeded(seed);
    const stage = new Stage();
    const count = 2 + Math.floor(chance() * 4);
    const start = (name: string) => {
      const home = chance() < 0.5 ? undefined : Math.floor(chance() * count);
      stage.add(name, {
        count,
        drainMs: chance() * 5_000,
        ...(home === undefined ? {} : { home }),
      });
    };
    for (let index = 0; index < 3; index++) start(`r${index}`);
    let alive = [...stage.replicas];
    for (let turn = 3; turn < 10; turn++) {
      await stage.pass(chance() * 40_000);
      const gone = alive[Math.floor(chance() * alive.length)];
      if (chance() < 0.5) gone?.cut();
      else gone?.stop();
      alive = alive.filter((one) => one !== gone);
      start(`r${turn}`);
      alive.push(...stage.replicas.slice(-1));
    }
    await stage.pass(120_000);
    const led = alive.map(({ leads }) => leads);
    assertEquals(led.flat().toSorted(), Array.from({ length: count }, (_, i) => i), `seed ${seed}`);
    await stage.end();
  }
});
