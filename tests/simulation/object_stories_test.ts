/** Objects with a life of their own: kinds that nobody serves, Jobs that are done, fields that cannot be changed. */
import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject, ObjectId } from "#base";
import type { Flaw } from "../support/fake_cluster_answers.ts";
import { faultAt } from "../support/fault_plan.ts";
import {
  configMapText,
  customId,
  customText,
  definitionText,
  functionText,
} from "../support/sync_texts.ts";
import { configMapId, functionId, SHOP, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

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

Deno.test("of an API version that is not served any longer, the one that is served is named", async () => {
  const world = new SyncWorld();
  world.applyNow(JSON.parse(definitionText("Widget", [{ name: "v1" }])), "user");
  world.repository.commit({
    "a/old.json": customText("Widget", "old", "parts.example/v1beta1"),
    "a/one.json": configMapText("one", "1"),
  });
  await world.sync("a", { interval: "1m" });
  await world.advance(5 * MINUTE_MS);
  assertEquals(world.object(configMapId("one"))?.kind, "ConfigMap");
  assertMatch(
    world.condition("a"),
    /^False KindNotServed: .* does not serve parts\.example\/v1beta1 Widget \(but Widget as parts\.example\/v1\); write that version in Git$/,
  );
  const discoveries = async () => {
    world.takeRequests();
    await world.advance(5 * MINUTE_MS);
    return world.takeRequests().filter((request) => request.startsWith("discover ")).length;
  };
  const ofOne = await discoveries();
  world.repository.commit(Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [
      `a/old${index}.json`,
      customText("Widget", `old${index}`, "parts.example/v1beta1"),
    ]),
  ));
  await discoveries();
  // A pass more or less falls into the minutes.
  const ofMany = await discoveries();
  assertEquals(ofMany < 2 * ofOne, true, `${ofMany} for 21 objects, ${ofOne} for one`);
  world.repository.commit(Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`a/old${index}.json`, undefined]),
  ));
  world.repository.commit({ "a/old.json": customText("Widget", "old", "parts.example/v1") });
  await world.advance(2 * MINUTE_MS);
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

/** What the API server has against another template of a Job: all of it, in its own words. */
function jobFlaws(after: KubeObject, before: KubeObject | undefined): Flaw[] {
  const [is, was] = [after, before].map((job) => (job?.spec as Json | undefined)?.["template"]);
  if (before === undefined || JSON.stringify(is) === JSON.stringify(was)) return [];
  const words = `Invalid value: core.PodTemplateSpec{Containers:${
    JSON.stringify(is)
  }}: field is immutable`;
  return [{ field: "spec.template", reason: "FieldValueInvalid", words }];
}

type Json = Record<string, unknown>;

function jobText(name: string, image: string, more: Json = {}, annotations: Json = {}): string {
  const env = [{ name: "DB_URL", value: "postgres://svc:pl41n-pw@db/shop" }];
  const spec = { restartPolicy: "Never", containers: [{ name: "db", image, env }] };
  return JSON.stringify({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, annotations },
    spec: { template: { spec }, ...more },
  });
}

function jobId(name: string): ObjectId {
  return { apiVersion: "batch/v1", kind: "Job", namespace: SHOP, name };
}

function imageOf(world: SyncWorld, name: string): string | undefined {
  const spec = world.object(jobId(name))?.spec as
    | { template: { spec: { containers: { image: string }[] } } }
    | undefined;
  return spec?.template.spec.containers[0]?.image;
}

function finishJob(world: SyncWorld, name: string, type: "Complete" | "Failed" = "Complete"): void {
  const at = new Date(world.clock.now()).toISOString();
  const conditions = [{ type, status: "True" }];
  const status = { startTime: at, conditions };
  world.patchNow(jobId(name), { status }, { manager: "job-controller", subresource: "status" });
}

/** A world in which a Job runs. */
async function jobWorld(more: Json, annotations: Json = {}, spec: Json = {}): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.cluster.validations.set("Job", jobFlaws);
  world.repository.commit({ "a/job.json": jobText("migrate", "shop/db:1", more, annotations) });
  await world.sync("a", { interval: "1m", ...spec });
  await world.advance(1_000);
  assertEquals(imageOf(world, "migrate"), "shop/db:1");
  return world;
}

Deno.test("a Job that finished and was removed is done: nothing makes it again, not even a restart", async () => {
  const world = await jobWorld({ ttlSecondsAfterFinished: 5 });
  finishJob(world, "migrate");
  await world.advance(5_000);
  world.removeNow(jobId("migrate"));
  world.takeRequests();
  await world.advance(5 * MINUTE_MS);
  assertEquals(world.object(jobId("migrate")), undefined);
  assertMatch(world.condition("a"), /^True Healthy: /);
  assertEquals(
    world.takeRequests().filter((request) => /^(apply|delete|dry-run) Job/.test(request)),
    [],
  );
  world.restart();
  await world.advance(5 * MINUTE_MS);
  assertEquals(world.object(jobId("migrate")), undefined);
  world.repository.commit({ "a/one.json": configMapText("one", "1") });
  await world.advance(5 * MINUTE_MS);
  assertEquals(world.object(jobId("migrate")), undefined);
  assertMatch(world.condition("a"), /^True Healthy: /);
  world.repository.commit({
    "a/job.json": jobText("migrate", "shop/db:2", { ttlSecondsAfterFinished: 5 }),
  });
  await world.advance(2 * MINUTE_MS);
  assertEquals(imageOf(world, "migrate"), "shop/db:2");
});

Deno.test("a Job that removed itself while nobody watched is done", async () => {
  const world = await jobWorld({ ttlSecondsAfterFinished: 0 });
  world.process.crash();
  finishJob(world, "migrate");
  world.removeNow(jobId("migrate"));
  world.revive();
  await world.advance(5 * MINUTE_MS);
  assertEquals(world.object(jobId("migrate")), undefined);
  assertMatch(world.condition("a"), /^True Healthy: /);
});

Deno.test("a Job that somebody deletes before it is done is made again", async () => {
  const world = await jobWorld({ ttlSecondsAfterFinished: 5 });
  world.removeNow(jobId("migrate"));
  await world.advance(5_000);
  assertEquals(imageOf(world, "migrate"), "shop/db:1");
});

Deno.test("a Job that failed and was removed stays a failure", async () => {
  const world = await jobWorld({ ttlSecondsAfterFinished: 5 }, {}, { healthTimeout: "1m" });
  finishJob(world, "migrate", "Failed");
  await world.advance(5_000);
  world.removeNow(jobId("migrate"));
  await world.advance(5 * MINUTE_MS);
  world.restart();
  await world.advance(5 * MINUTE_MS);
  assertEquals(world.object(jobId("migrate")), undefined);
  assertMatch(
    world.condition("a"),
    /^False Unhealthy: .*Job shop\/migrate: failed, and was removed/,
  );
});

Deno.test("a field that cannot be changed is named with what to do, and no value of the template", async () => {
  const world = await jobWorld({});
  world.repository.commit({ "a/job.json": jobText("migrate", "shop/db:2") });
  await world.advance(5 * MINUTE_MS);
  const ready = world.condition("a");
  assertMatch(ready, /^False ApplyFailed: .*spec\.template: field is immutable/);
  assertMatch(ready, /\(Git changes spec\.template\.spec\.containers\[db\]\.image\)/);
  assertMatch(ready, /gitops\.functionmesh\.io\/replace: "true"/);
  const said = JSON.stringify([world.meshSync("a")?.status, world.events]);
  assertEquals(said.includes("pl41n-pw") || said.includes("PodTemplateSpec"), false);
  assertEquals(imageOf(world, "migrate"), "shop/db:1");
});

for (
  const { annotations, how, spec } of [
    { how: "its annotation", annotations: { "gitops.functionmesh.io/replace": "true" }, spec: {} },
    { how: "spec.replace", annotations: {}, spec: { replace: [{ kind: "Job" }] } },
  ]
) {
  Deno.test(`what cannot be changed is deleted and made anew, where ${how} says so`, async () => {
    const world = await jobWorld({}, annotations, spec);
    const { uid } = world.object(jobId("migrate"))?.metadata ?? {};
    finishJob(world, "migrate");
    await world.advance(1_000);
    world.repository.commit({ "a/job.json": jobText("migrate", "shop/db:2", {}, annotations) });
    world.takeRequests();
    await world.advance(2 * MINUTE_MS);
    assertEquals(imageOf(world, "migrate"), "shop/db:2");
    assertEquals(world.object(jobId("migrate"))?.metadata.uid === uid, false);
    const writes = world.takeRequests().filter((request) => /^(apply|delete) Job/.test(request));
    assertEquals(writes, ["delete Job shop/migrate", "apply Job shop/migrate"]);
    world.removeNow(jobId("migrate"));
    await world.advance(5_000);
    assertEquals(imageOf(world, "migrate"), "shop/db:2", "the new one did not run to its end");
  });
}

Deno.test("a crash between the deletion and the creation of an object is taken up", async () => {
  const world = await jobWorld({}, {}, { replace: [{ kind: "Job" }] });
  world.repository.commit({ "a/job.json": jobText("migrate", "shop/db:2") });
  world.plan = faultAt(({ kind, verb }) => kind === "Job" && verb === "delete", { crash: "after" });
  await world.advance(2 * MINUTE_MS);
  assertEquals([world.process.isAlive, imageOf(world, "migrate")], [false, undefined]);
  world.revive();
  await world.advance(2 * MINUTE_MS);
  assertEquals(imageOf(world, "migrate"), "shop/db:2");
  assertMatch(world.status("a").lastAppliedRevision ?? "", /^main@sha1:/);
});

Deno.test("what is deleted to be made anew is waited for as long as finalizers hold it", async () => {
  const world = await jobWorld({}, {}, { replace: [{ kind: "Job" }] });
  world.patchNow(jobId("migrate"), { metadata: { finalizers: ["example.org/keep"] } });
  await world.advance(1_000);
  world.repository.commit({ "a/job.json": jobText("migrate", "shop/db:2") });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a"), /finalizers example\.org\/keep hold it/);
  world.patchNow(jobId("migrate"), { metadata: { finalizers: [] } });
  await world.advance(5 * MINUTE_MS);
  assertEquals(imageOf(world, "migrate"), "shop/db:2");
});
