/** Inventories that are too large for a status, and are in ConfigMaps; and what those of other MeshSyncs are worth. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { faultAt, isStatusWrite } from "../support/fault_plan.ts";
import { configMapText, serviceText } from "../support/sync_texts.ts";
import { configMapId, meshSyncId, SHOP, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;
const LONG = "x".repeat(210);
const NAMES = Array.from(
  { length: 1_900 },
  (_, index) => `m${String(index).padStart(5, "0")}-${LONG}`,
);
const PART_NAME = /^meshsync-a-inventory-[0-9a-f]{64}$/;

function listText(names: readonly string[]): string {
  return names.map((name) => configMapText(name, "1")).join("\n---\n");
}

/** A sync `a` whose inventory takes several parts. */
async function largeWorld(files: Record<string, string> = {}): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit({ "a/all.yaml": listText(NAMES), ...files });
  await world.sync("a", { pruneLimit: { percent: 100 } });
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^True Healthy/);
  assert(partNames(world).length > 1);
  return world;
}

function partNames(world: SyncWorld): readonly string[] {
  return world.status("a").inventoryParts ?? [];
}

/** All parts of `a` that are there, whether a status names them or not. */
function partsThere(world: SyncWorld): string[] {
  return [...world.cluster.store.all("/ConfigMap")].map(({ object }) => object.metadata.name)
    .filter((name) => name.startsWith("meshsync-a-inventory-")).sort();
}

function isThere(world: SyncWorld, name: string): boolean {
  return world.object(configMapId(name)) !== undefined;
}

function entriesOf(world: SyncWorld, part: string): string[] {
  const data = world.object(configMapId(part))?.["data"] as { entries?: string } | undefined;
  return (data?.entries ?? "").split("\n");
}

/** Puts a part with another content in place of one. */
function forge(world: SyncWorld, part: string, entries: string): void {
  const before = world.object(configMapId(part));
  world.removeNow(configMapId(part));
  world.applyNow({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: part, namespace: SHOP, labels: before?.metadata.labels ?? {} },
    data: { entries },
  }, "forger");
}

Deno.test("a program that ends between two parts of an inventory forgets no object", async () => {
  const world = await largeWorld();
  const before = partNames(world);
  const [first = ""] = before;
  const edge = /m\d{5}-x+/.exec(entriesOf(world, first).at(-1) ?? "")?.[0] ?? "";
  assertNotEquals(edge, "");
  world.repository.commit({ "a/all.yaml": listText([`a0-${LONG}`, ...NAMES]) });
  let written = 0;
  world.plan = ({ name, verb }) =>
    verb === "apply" && PART_NAME.test(name) && ++written === 2 ? { crash: "before" } : undefined;
  await world.advance(11 * MINUTE_MS);
  assertEquals([written, partNames(world)], [2, before]);
  world.repository.commit({ "a/all.yaml": listText(NAMES.filter((name) => name !== edge)) });
  world.plan = () => undefined;
  world.revive();
  await world.advance(15 * MINUTE_MS);
  assertEquals(isThere(world, edge), false);
  assertEquals(partsThere(world), [...partNames(world)].sort());
});

Deno.test("parts that the status does not name any longer go, whatever ended in between", async () => {
  const world = await largeWorld();
  world.repository.commit({ "a/all.yaml": listText(NAMES.slice(1)) });
  world.plan = faultAt(isStatusWrite("MeshSync"), { crash: "before" });
  await world.advance(11 * MINUTE_MS);
  world.plan = () => undefined;
  world.repository.commit({ "a/all.yaml": listText(NAMES.slice(2)) });
  world.revive();
  await world.advance(15 * MINUTE_MS);
  assertEquals(partsThere(world), [...partNames(world)].sort());
});

Deno.test("a part that cannot be deleted is deleted later, by another process too", async () => {
  const world = await largeWorld();
  world.repository.commit({ "a/all.yaml": listText(NAMES.slice(0, 10)) });
  world.plan = ({ name, verb }) =>
    verb === "delete" && PART_NAME.test(name)
      ? { fails: { when: "before", how: "500" } }
      : undefined;
  await world.advance(11 * MINUTE_MS);
  assertEquals(world.status("a").inventory?.length, 10);
  assertNotEquals(partsThere(world), []);
  world.plan = () => undefined;
  world.restart();
  await world.advance(MINUTE_MS);
  assertEquals(partsThere(world), []);
  world.takeRequests();
  await world.advance(30 * MINUTE_MS);
  assertEquals(world.takeRequests().filter((one) => !one.startsWith("git")), []);
});

Deno.test("in place of a lost part, objects of all kinds that were applied are found", async () => {
  const world = await largeWorld({ "a/web.json": serviceText("web", 80) });
  partNames(world).forEach((name) => world.removeNow(configMapId(name)));
  world.removeNow(meshSyncId("a"));
  world.restart();
  await world.advance(15 * MINUTE_MS);
  const web = { apiVersion: "v1", kind: "Service", namespace: SHOP, name: "web" };
  assertEquals(world.object(web), undefined);
  assertEquals(NAMES.filter((name) => isThere(world, name)), []);
});

Deno.test("a lost part is told once, and written anew with the next commit", async () => {
  const world = await largeWorld();
  const [first = ""] = partNames(world);
  world.removeNow(configMapId(first));
  world.restart();
  world.repository.commit({ "a/all.yaml": listText(NAMES.slice(1)) });
  await world.advance(30 * MINUTE_MS);
  const told = world.events.filter(({ reason }) => reason === "InventoryRebuilt");
  assertEquals(told.length, 1);
  assertEquals(partsThere(world), [...partNames(world)].sort());
  assertEquals(isThere(world, NAMES[0] ?? ""), false);
});

Deno.test("M2: a forged part is none: its sync is looked for in the cluster, and others go on", async () => {
  const world = await largeWorld();
  world.repository.commit({
    "b/one.json": configMapText("one", "1"),
    "b/two.json": configMapText("two", "1"),
  });
  await world.sync("b");
  await world.advance(11 * MINUTE_MS);
  for (const entries of ["garbage", '{"id":"shop_two__ConfigMap","version":"v1"}']) {
    const [first = ""] = partNames(world);
    forge(world, first, entries);
    world.restart();
    await world.advance(MINUTE_MS);
    assertMatch(world.condition("a"), /^True Healthy/);
    assertEquals(partsThere(world), [...partNames(world)].sort());
    assertEquals(partNames(world).flatMap((part) => entriesOf(world, part)).length, NAMES.length);
  }
  world.repository.commit({ "b/two.json": undefined });
  await world.advance(11 * MINUTE_MS);
  assertEquals(isThere(world, "two"), false);
  const [last = ""] = NAMES.slice(-1);
  world.repository.commit({ "a/all.yaml": listText(NAMES.slice(0, -1)) });
  await world.advance(11 * MINUTE_MS);
  assertEquals(isThere(world, last), false);
});

Deno.test("M2: parts cannot be edited, and say of which content they are", async () => {
  const world = await largeWorld();
  for (const name of partNames(world)) {
    assertMatch(name, PART_NAME);
    assertEquals(world.object(configMapId(name))?.["immutable"], true);
  }
});

Deno.test("two syncs whose long names begin alike have parts of their own", async () => {
  const world = new SyncWorld();
  const syncs = ["1", "2"].map((end) => `${"s".repeat(240)}${end}`);
  const objects = (end: string) => Array.from({ length: 1_600 }, (_, index) => `c${end}-${index}`);
  for (const [index, name] of syncs.entries()) {
    world.repository.commit({ [`${index}/all.yaml`]: listText(objects(String(index))) });
    await world.sync(name, { path: String(index) });
  }
  await world.advance(MINUTE_MS);
  const parts = syncs.map((name) => world.status(name).inventoryParts?.[0] ?? "");
  assertEquals(parts.map((part) => isThere(world, part)), [true, true]);
  assertEquals(parts.map((part) => entriesOf(world, part).length), [1_600, 1_600]);
  assertNotEquals(parts[0], parts[1]);
});

Deno.test("M2: what a MeshSync of somebody else claims without having applied it is deleted all the same", async () => {
  const world = new SyncWorld();
  world.repository.commit({
    "a/one.json": configMapText("one", "1"),
    "a/two.json": configMapText("two", "1"),
  });
  await world.sync("a");
  await world.user.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "other" } }, {
    fieldManager: "user",
  });
  await world.user.apply({
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { namespace: "other", name: "greedy" },
    spec: { url: "https://git.example/other.git", suspend: true },
  }, { fieldManager: "user" });
  await world.advance(MINUTE_MS);
  world.patchNow(
    { ...meshSyncId("greedy"), namespace: "other" },
    { status: { inventory: [{ id: "shop_two__ConfigMap", version: "v1" }] } },
    { subresource: "status" },
  );
  world.repository.commit({ "a/two.json": undefined });
  await world.advance(11 * MINUTE_MS);
  assertEquals([isThere(world, "one"), isThere(world, "two")], [true, false]);
});
