import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { conditionOf } from "#base";
import { eventually, FAIL, testCluster } from "../support/control_plane.ts";
import { runningController } from "../support/running_controller.ts";
import { configMapText, functionText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

const SICK = `  pod:\n    annotations:\n      ${FAIL}: CrashLoopBackOff\n`;

/** A sync that goes back, beside a controller that makes its functions run on simulated nodes. */
async function rollbackStory(): Promise<SyncStory> {
  const story = await syncStory(cluster);
  const controller = await runningController(cluster, { watchedNamespace: story.namespace });
  const stack = new AsyncDisposableStack();
  stack.use(story);
  stack.use(controller);
  return { ...story, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** What becomes healthy has all the time for it, and nothing goes back before the test wants it to. */
const PATIENT = { onUnhealthy: "rollback", healthTimeout: "1h", settleTime: "0s" };

/** What is not healthy by now goes back. */
const IMPATIENT = { ...PATIENT, healthTimeout: "1s" };

/** Makes passes until Ready says what is expected. */
async function passUntil(story: SyncStory, ready: RegExp): Promise<string> {
  return await eventually(async () => {
    await story.pass();
    const said = await story.ready();
    assertMatch(said, ready);
    return said;
  }, { intervalMs: 200 });
}

/** Has what is not healthy by now go back, and answers what Ready says of that. */
async function goneBack(story: SyncStory): Promise<string> {
  await story.sync(IMPATIENT);
  return await passUntil(story, /^False Quarantined: Applied/);
}

async function functionSpec(story: SyncStory, name: string): Promise<Record<string, unknown>> {
  const found = await cluster.get<{ spec: Record<string, unknown> }>(
    ["function", name, "-n", story.namespace],
  );
  return found.spec;
}

async function configValue(story: SyncStory, name: string): Promise<string> {
  const found = await cluster.get<{ data: Record<string, string> }>(
    ["configmap", name, "-n", story.namespace],
  );
  return found.data["value"] ?? "";
}

/** What the metrics say: revisions that went back so far, objects that are held now. */
async function counted(story: SyncStory): Promise<(number | undefined)[]> {
  const { text } = await story.metrics.exposition();
  const value = (pattern: RegExp) => {
    const found = pattern.exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return [
    value(/^mesh_quarantine_total (\d+)$/m),
    value(/^mesh_quarantined_objects\{.*\} (\d+)$/m),
  ];
}

Deno.test("a bad commit goes back, an unrelated one is not delayed, and the fix ends the hold", async () => {
  await using story = await rollbackStory();
  const good = await story.repository.commit({
    "meshes/orders.yaml": functionText("orders"),
    "meshes/alerts.yaml": functionText("alerts"),
    "meshes/settings.yaml": configMapText("settings", "1"),
  }, "Start");
  await story.sync(PATIENT);
  await passUntil(story, /^True Healthy/);

  const bad = await story.repository.commit({ "meshes/orders.yaml": functionText("orders", SICK) });
  await passUntil(story, /^False Progressing: .*orders/);
  await story.repository.commit({
    "meshes/alerts.yaml": functionText("alerts", "  replicas: 2\n"),
    "meshes/settings.yaml": configMapText("settings", "2"),
  });
  await story.pass();
  assertEquals(await configValue(story, "settings"), "2", "the unrelated commit does not wait");
  assertEquals((await functionSpec(story, "alerts"))["replicas"], 2);
  await passUntil(story, /^False Progressing: .*1 of 2 ready: Function .*orders/);

  const said = await goneBack(story);
  assertStringIncludes(said, `as in main@sha1:${good}, since main@sha1:${bad} was not healthy`);
  assertEquals((await functionSpec(story, "orders"))["pod"], undefined, "orders went back");
  assertEquals(await configValue(story, "settings"), "2", "the unrelated commit stays");
  assertEquals((await functionSpec(story, "alerts"))["replicas"], 2);
  const { quarantined = [], conditions } = await story.status();
  assertEquals(quarantined.map(({ revision, objects }) => [revision, objects]), [[
    `main@sha1:${bad}`,
    [`${story.namespace}_orders_compute.functionmesh.io_Function`],
  ]]);
  assertMatch(quarantined[0]?.cause ?? "", /orders/);
  assertEquals(conditionOf(conditions, "Applied")?.reason, "Quarantined");
  assertEquals(conditionOf(conditions, "Healthy")?.status, "True");
  const told = story.events.filter((event) => event.reason === "Quarantined");
  assertStringIncludes(told[0]?.message ?? "", `Quarantined main@sha1:${bad}: 1 object`);

  assertEquals(await counted(story), [1, 1]);
  story.restart();
  await passUntil(story, /^False Quarantined: Applied/);
  assertEquals((await functionSpec(story, "orders"))["pod"], undefined, "restarted, too");

  await story.sync(PATIENT);
  const fix = await story.repository.commit({
    "meshes/orders.yaml": functionText("orders", "  replicas: 3\n"),
  });
  await passUntil(story, /^True Healthy/);
  assertEquals((await functionSpec(story, "orders"))["replicas"], 3);
  const after = await story.status();
  assertEquals([after.quarantined, after.trials], [[], []]);
  assertEquals(after.lastHealthyRevision, `main@sha1:${fix}`);
  assertEquals(await counted(story), [1, undefined]);
  assertEquals(after.history?.map(({ result }) => result), [
    "Healthy",
    "Healthy",
    "Quarantined",
    "Healthy",
  ]);
});

Deno.test("what a bad commit made is deleted and what it deleted is made again", async () => {
  await using story = await rollbackStory();
  await story.repository.commit({
    "meshes/orders.yaml": functionText("orders"),
    "meshes/settings.yaml": configMapText("settings", "1"),
  });
  await story.sync(PATIENT);
  await passUntil(story, /^True Healthy/);
  await story.repository.commit({
    "meshes/orders.yaml": functionText("orders", SICK),
    "meshes/settings.yaml": undefined,
    "meshes/more.yaml": configMapText("more", "1"),
  });
  await goneBack(story);
  assertEquals(await configValue(story, "settings"), "1");
  const more = await cluster.tryKubectl(["get", "configmap", "more", "-n", story.namespace]);
  assertEquals(more.code, 1);
  assertEquals((await functionSpec(story, "orders"))["pod"], undefined);
});

Deno.test("without onUnhealthy a sick revision is told, and stays", async () => {
  await using story = await rollbackStory();
  await story.repository.commit({ "meshes/orders.yaml": functionText("orders") });
  await story.sync({ healthTimeout: "1s" });
  await passUntil(story, /^True Healthy/);
  const bad = await story.repository.commit({ "meshes/orders.yaml": functionText("orders", SICK) });
  await passUntil(story, /^False Unhealthy: Applied main@sha1:\w+, but 0 of 1 ready: Function/);
  assertEquals(typeof (await functionSpec(story, "orders"))["pod"], "object");
  const status = await story.status();
  assertEquals(status.lastAppliedRevision, `main@sha1:${bad}`);
  assertEquals(conditionOf(status.conditions, "Applied")?.status, "True");
  assertEquals(conditionOf(status.conditions, "Healthy")?.status, "False");
  assertEquals([status.trials, status.quarantined], [undefined, undefined]);
});
