import { assert, assertEquals } from "@std/assert";
import { shardOf, SHARDS_MAX } from "#base";

const NAMES = Array.from({ length: 10_000 }, (_, index) => `team-${index % 97}-space-${index}`);

Deno.test("shardOf() answers the same everywhere and always", () => {
  // Written down: replicas of different versions have to agree.
  assertEquals(
    ["default", "kube-system", "shop", "a", "b", ""].map((name) =>
      [3, 7, 32].map((count) => shardOf(name, count))
    ),
    [[1, 6, 7], [1, 1, 1], [2, 4, 9], [0, 4, 26], [0, 0, 20], [0, 0, 24]],
  );
});

Deno.test("shardOf() puts about as many namespaces into each shard", () => {
  for (const count of [2, 3, 5, 16, SHARDS_MAX]) {
    const shards = NAMES.map((name) => shardOf(name, count));
    const sizes = Array.from(
      { length: count },
      (_, index) => shards.filter((shard) => shard === index).length,
    );
    const even = NAMES.length / count;
    assert(sizes.every((size) => size > 0.75 * even && size < 1.25 * even), `${sizes}`);
  }
});

Deno.test("shardOf() moves only namespaces that go to a new shard, about as many as it is to have", () => {
  for (let count = 1; count < SHARDS_MAX; count++) {
    const moved = NAMES.filter((name) => shardOf(name, count) !== shardOf(name, count + 1));
    assertEquals(moved.filter((name) => shardOf(name, count + 1) !== count), []);
    const even = NAMES.length / (count + 1);
    assert(moved.length > 0.75 * even && moved.length < 1.25 * even, `${count}: ${moved.length}`);
  }
});
