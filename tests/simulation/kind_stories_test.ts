/** What healthy means where somebody says it, kinds that change, and what was exported from a cluster. */
import { assertEquals, assertMatch } from "@std/assert";
import {
  configMapText,
  customId,
  customText,
  definitionText,
  functionText,
} from "../support/sync_texts.ts";
import { configMapId, functionId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

type Json = Record<string, unknown>;

Deno.test("an object whose health does not count holds nothing up, by a rule or by its annotation", async () => {
  const claim = (name: string, annotations: Json = {}) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name, annotations },
      spec: { accessModes: ["ReadWriteOnce"] },
    });
  const world = new SyncWorld();
  world.repository.commit({
    "a/one.json": claim("one"),
    "a/two.json": claim("two", { "gitops.functionmesh.io/health": "ignore" }),
    "a/f.json": functionText("f"),
  });
  await world.sync("a", { interval: "1m" });
  await world.advance(MINUTE_MS);
  assertMatch(world.condition("a"), /PersistentVolumeClaim shop\/one: not bound/);
  assertEquals(world.condition("a").includes("shop/two"), false);
  world.setReady(functionId("f"), true);
  const health = { ignore: [{ kind: "PersistentVolumeClaim", name: "one" }] };
  await world.sync("a", { interval: "1m", health });
  await world.advance(MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy: .*1 of 1 ready/);
});

Deno.test("the health of a custom resource is what an expression says of its status", async () => {
  const world = new SyncWorld();
  const version = { name: "v1", subresources: { status: {} } };
  world.applyNow(JSON.parse(definitionText("Widget", [version])), "user");
  world.repository.commit({ "a/w.json": customText("Widget", "w") });
  const current = "has(status.phase) && status.phase == 'Up'";
  const expressions = [{ apiVersion: "parts.example/v1", kind: "Widget", current }];
  await world.sync("a", { interval: "1m", health: { expressions } });
  await world.advance(10_000);
  assertMatch(world.condition("a"), /Widget shop\/w: not yet: has\(status\.phase\)/);
  const by = { manager: "controller", subresource: "status" };
  world.patchNow(customId("Widget", "w"), { status: { phase: "Up" } }, by);
  await world.advance(10_000);
  assertMatch(world.condition("a"), /^True Healthy: /);
  const broken = [{ apiVersion: "parts.example/v1", kind: "Widget", current: "status.phase ==" }];
  await world.sync("a", { interval: "1m", health: { expressions: broken } });
  await world.advance(10_000);
  assertMatch(
    world.condition("a"),
    /^False InvalidSpec: spec\.health\.expressions\[0\]\.current: /,
  );
});

Deno.test("an API version that is dropped: what left Git is deleted, what stays is kept", async () => {
  const world = new SyncWorld();
  const old = { "a/definition.json": definitionText("Widget", [{ name: "v1beta1" }]) };
  const widgets = (version: string, names: readonly string[]) =>
    Object.fromEntries(["w1", "w2"].map((name) => [
      `a/${name}.json`,
      names.includes(name) ? customText("Widget", name, `parts.example/${version}`) : undefined,
    ]));
  world.repository.commit(
    { ...old, ...widgets("v1beta1", ["w1", "w2"]) } as Record<string, string>,
  );
  await world.sync("a", { interval: "1m" });
  await world.advance(MINUTE_MS);
  const id = (name: string, version: string) =>
    customId("Widget", name, `parts.example/${version}`);
  assertEquals(world.object(id("w2", "v1beta1"))?.spec, { size: 1 });
  const versions = [{ name: "v1beta1", served: false, storage: false }, { name: "v1" }];
  world.repository.commit({
    "a/definition.json": definitionText("Widget", versions),
    ...widgets("v1", ["w1"]),
  });
  await world.advance(5 * MINUTE_MS);
  assertEquals(world.object(id("w1", "v1"))?.spec, { size: 1 });
  assertEquals(world.object(id("w2", "v1")), undefined);
  const inventory = world.status("a").inventory?.map((entry) => entry.id) ?? [];
  assertEquals(inventory.filter((entry) => entry.startsWith("shop_")), [
    "shop_w1_parts.example_Widget",
  ]);
});

Deno.test("what was exported from a cluster is applied once and then calm", async () => {
  const world = new SyncWorld();
  const exported = (text: string, metadata: Json) => {
    const object = JSON.parse(text);
    return JSON.stringify({ ...object, metadata: { ...object.metadata, ...metadata } });
  };
  const owner = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: "gone",
    uid: "7a0c8a4e",
    controller: true,
  };
  const server = { uid: "7a0c8a4e", resourceVersion: "998877", generation: 4, managedFields: [] };
  world.repository.commit({
    "a/owned.json": exported(configMapText("owned", "1"), { ownerReferences: [owner] }),
    "a/f.json": exported(functionText("f"), {
      ...server,
      finalizers: ["cleanup.subscription.finalizer"],
    }),
  });
  await world.sync("a", { interval: "1m" });
  await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy: /);
  assertEquals(world.object(configMapId("owned"))?.metadata.ownerReferences ?? [], []);
  // The controller has a finalizer of its own on it, and takes it away when it is done.
  for (const finalizers of [["cleanup.subscription.finalizer"], []]) {
    world.patchNow(functionId("f"), { metadata: { finalizers } }, { manager: "meshwright" });
    await world.advance(MINUTE_MS);
  }
  world.takeRequests();
  await world.advance(30 * MINUTE_MS);
  assertEquals(world.takeRequests().filter((one) => /^(apply|delete|patch)/.test(one)), []);
});
