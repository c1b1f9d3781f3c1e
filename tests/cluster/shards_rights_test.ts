import { assertEquals, assertMatch } from "@std/assert";
import { programArguments } from "#install";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  install,
  installation,
  type RunningProgram,
  startProgram,
} from "../support/installed_program.ts";
import { functionObject } from "../support/objects.ts";
import { spacesInShards } from "../support/sharded_replicas.ts";

// It looks at all namespaces.
const cluster = testCluster({ alone: true });

/** The shards that a replica says it leads. */
async function leads(program: RunningProgram): Promise<string[]> {
  return (await program.metric("mesh_leader")).filter(({ value }) => value === 1)
    .map(({ labels }) => labels["shard"] ?? "");
}

Deno.test("replicas share the work with the rights that install prints, and say in metrics which shards they lead", async () => {
  const chosen = installation({ namespace: "sharing", replicas: 2, shards: 2 });
  await install(cluster, chosen);
  await using stack = new AsyncDisposableStack();
  const spaces = await spacesInShards({ cluster, stack }, { count: 2, each: 3 });
  const { namespace } = chosen;
  const flags = [...programArguments(chosen), "--enable-webhooks=false"];
  await using first = await startProgram(cluster, { namespace, flags });
  {
    await using second = await startProgram(cluster, { namespace, flags });
    const both = [first, second];
    await eventually(async () => {
      const led = await Promise.all(both.map(leads));
      return led.every(({ length }) => length === 1) && new Set(led.flat()).size === 2;
    }, { timeoutMs: 120_000, intervalMs: 500 });
    for (const space of spaces) {
      const { spec, ...object } = functionObject("orders");
      await cluster.apply({ ...object, metadata: { name: "orders", namespace: space }, spec });
    }
    await eventually(async () => {
      const { items } = await cluster.get<{ items: readonly KubeObject[] }>(["statefulsets", "-A"]);
      return items.length === spaces.length;
    }, { timeoutMs: 120_000, intervalMs: 500 });
    for (const program of both) {
      assertEquals(await program.answered(/^403$/), [], program.log());
      assertMatch(await program.readiness(), /\[\+\]caches/);
    }
    // Both have something to do.
    const passes = await Promise.all(both.map((program) => program.metric("mesh_reconcile_total")));
    assertEquals(passes.map((series) => series.length > 0), [true, true]);
    assertMatch(first.log(), /"shard":[01]/);
  }
  await eventually(async () => (await leads(first)).length === 2, { timeoutMs: 60_000 });
});
