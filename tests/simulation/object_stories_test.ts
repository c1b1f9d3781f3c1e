/** Objects with a life of their own: kinds that nobody serves, Jobs that are done, fields that cannot be changed. */
import { assertEquals, assertMatch } from "@std/assert";
import type { ObjectId } from "#base";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { configMapId, functionId, SHOP, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

function customText(kind: string, name: string, apiVersion = "parts.example/v1"): string {
  return JSON.stringify({ apiVersion, kind, metadata: { name }, spec: { size: 1 } });
}

function customId(kind: string, name: string, apiVersion = "parts.example/v1"): ObjectId {
  return { apiVersion, kind, namespace: SHOP, name };
}

function definitionText(kind: string, versions: readonly Record<string, unknown>[]): string {
  const plural = `${kind.toLowerCase()}s`;
  return JSON.stringify({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.parts.example` },
    spec: {
      group: "parts.example",
      scope: "Namespaced",
      names: { plural, singular: kind.toLowerCase(), kind },
      versions: versions.map((version) => ({ storage: true, served: true, ...version })),
    },
  });
}

const CATALOG = JSON.stringify({
  apiVersion: "compute.functionmesh.io/v1alpha1",
  kind: "ConnectorCatalog",
  metadata: { name: "connectors" },
  spec: { connectorDefinitions: [{ id: "a", name: "a", version: "1.0.0" }] },
});

function eventsOf(world: SyncWorld, reason: string) {
  return world.events.filter((event) => event.reason === reason);
}

Deno.test("a kind that nobody serves holds up only itself, and is named after a while, once", async () => {
  const world = new SyncWorld();
  const commit = world.repository.commit({
    "a/catalog.json": CATALOG,
    "a/widget.json": customText("Widget", "w"),
    "a/one.json": configMapText("one", "1"),
    "a/f.json": functionText("f"),
  });
  await world.sync("a", { interval: "1m" });
  await world.advance(1_000);
  assertEquals(world.object(configMapId("one"))?.kind, "ConfigMap");
  assertEquals(world.object(functionId("f"))?.kind, "Function");
  assertMatch(
    world.condition("a"),
    /^False WaitingForKind: .*ConnectorCatalog, parts\.example\/v1 Widget/,
  );
  await world.advance(5 * MINUTE_MS);
  assertMatch(
    world.condition("a", "Applied"),
    /^False KindNotServed: .*ConnectorCatalog shop\/connectors, Widget shop\/w: /,
  );
  assertEquals(eventsOf(world, "KindNotServed").map(({ type }) => type), ["Warning"]);
  assertEquals(world.status("a").lastAppliedRevision, `main@sha1:${commit}`);
  world.restart();
  await world.advance(5 * MINUTE_MS);
  assertEquals(eventsOf(world, "KindNotServed").length, 1);
  assertMatch(world.condition("a"), /^False KindNotServed: /);
  assertEquals(world.errors, []);
});

Deno.test("beside a kind that nobody serves, others are calm, corrected, pruned and rolled back", async () => {
  const world = new SyncWorld();
  world.repository.commit({
    "a/catalog.json": CATALOG,
    "a/one.json": configMapText("one", "1"),
    "a/two.json": configMapText("two", "1"),
    "a/f.json": functionText("f", "good"),
  });
  const spec = { interval: "1m", onUnhealthy: "rollback", healthTimeout: "2m", settleTime: "0s" };
  await world.sync("a", spec);
  await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(5 * MINUTE_MS);
  world.takeRequests();
  await world.advance(10 * MINUTE_MS);
  const writes = world.takeRequests().filter((request) => /^(apply|patch|delete)/.test(request));
  assertEquals(writes, []);
  world.patchNow(configMapId("one"), { data: { value: "edited" } });
  await world.advance(1_000);
  assertEquals(world.object(configMapId("one"))?.["data"], { value: "1" });
  world.repository.commit({ "a/two.json": undefined });
  await world.advance(5 * MINUTE_MS);
  assertEquals(world.object(configMapId("two")), undefined);
  const bad = world.repository.commit({ "a/f.json": functionText("f", "bad") });
  await world.advance(10 * MINUTE_MS);
  assertEquals(world.status("a").quarantined?.map((hold) => hold.revision), [`main@sha1:${bad}`]);
  assertEquals((world.object(functionId("f"))?.spec as { image?: string }).image, "good");
});

Deno.test("a kind that is served at last is applied, whoever brings its definition", async () => {
  const world = new SyncWorld();
  world.repository.commit({
    "a/widget.json": customText("Widget", "w"),
    "a/one.json": configMapText("one", "1"),
  });
  await world.sync("a", { interval: "1m" });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False KindNotServed: /);
  world.applyNow(JSON.parse(definitionText("Widget", [{ name: "v1" }])), "user");
  await world.advance(2 * MINUTE_MS);
  assertEquals(world.object(customId("Widget", "w"))?.spec, { size: 1 });
  assertMatch(world.condition("a"), /^True Healthy: /);
});

Deno.test("an object is not deleted for its successor in a group that nobody serves", async () => {
  const world = new SyncWorld();
  world.applyNow(JSON.parse(definitionText("Widget", [{ name: "v1" }])), "user");
  world.repository.commit({ "a/w.json": customText("Widget", "w") });
  await world.sync("a", { interval: "1m" });
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^True Healthy: /);
  world.repository.commit({ "a/w.json": customText("Widget", "w", "new.example/v1") });
  await world.advance(10 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False KindNotServed: .*Widget shop\/w/);
  assertEquals(world.object(customId("Widget", "w"))?.spec, { size: 1 });
});
