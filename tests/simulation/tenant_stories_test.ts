/** What a tenant's namespace may have of the loop: budgets held by passes, not only by what they ask. */
import { assertEquals, assertMatch } from "@std/assert";
import { TENANT_BUDGETS } from "#base";
import { configMapText } from "../support/sync_texts.ts";
import { meshSyncId, SHOP, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;
const TENANCY = {
  home: "meshwright",
  isSingleTenant: false,
  account: { namespace: "meshwright", name: "meshwright-gitops" },
  kinds: "mesh-only",
  defaultServiceAccount: "default",
} as const;

function isApplied(world: SyncWorld, name: string): boolean {
  const id = { apiVersion: "v1", kind: "ConfigMap", namespace: SHOP, name };
  return world.object(id) !== undefined;
}

Deno.test("M7: of a tenant's MeshSyncs those over the budget apply nothing, until an older one is deleted", async () => {
  const world = new SyncWorld({ tenancy: TENANCY });
  const { syncs } = TENANT_BUDGETS;
  const names = Array.from({ length: syncs + 2 }, (_, at) => `s-${String(at).padStart(3, "0")}`);
  world.repository.commit(
    Object.fromEntries(names.map((name) => [`${name}/map.json`, configMapText(name, "1")])),
  );
  for (const name of names) await world.sync(name, { interval: "1m" });
  await world.advance(2 * MINUTE_MS);
  const over = names.slice(syncs);
  assertEquals(names.filter((name) => !isApplied(world, name)), over);
  for (const name of over) {
    assertMatch(
      world.condition(name),
      /^False InvalidSpec: .*\b100 older MeshSyncs|^False InvalidSpec: .*\b101 older/,
    );
  }
  // Its place is another one's, without anybody touching that.
  world.removeNow(meshSyncId(names[0] ?? ""));
  await world.advance(10 * MINUTE_MS);
  assertEquals(names.filter((name) => !isApplied(world, name)), [names[0], over[1]]);
  assertMatch(world.condition(over[0] ?? ""), /^True Healthy/);
});

Deno.test("M7: a tenant's MeshSync that asks for longer passes than the budget applies nothing", async () => {
  const world = new SyncWorld({ tenancy: TENANCY });
  world.repository.commit({
    "long/map.json": configMapText("long", "1"),
    "fine/map.json": configMapText("fine", "1"),
  });
  await world.sync("long", { interval: "1m", timeout: "31m" });
  await world.sync("fine", { interval: "1m", timeout: "30m" });
  await world.advance(2 * MINUTE_MS);
  assertEquals([isApplied(world, "long"), isApplied(world, "fine")], [false, true]);
  assertMatch(world.condition("long"), /^False InvalidSpec: .*spec\.timeout.*30m at most/);
});
