/** Passes that end in the middle: what was done of them is told and counted, once, and nothing is done for nobody. */
import { assertEquals, assertMatch } from "@std/assert";
import { faultAt, type FaultPlan } from "../support/fault_plan.ts";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { configMapId, functionId, meshSyncId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;
const TWO = { "a/one.json": configMapText("one", "1"), "a/two.json": configMapText("two", "1") };

async function appliedWorld(
  spec: Record<string, unknown> = {},
  files: Record<string, string> = {},
): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit({ ...TWO, ...files });
  await world.sync("a", spec);
  await world.advance(MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  world.events.length = 0;
  return world;
}

function value(world: SyncWorld, name: string): unknown {
  const data = world.object(configMapId(name))?.["data"] as Record<string, unknown> | undefined;
  return data?.["value"];
}

/** The answer of one request comes long after the pass has ended. */
function late(verb: string, name: string): FaultPlan {
  return faultAt((request) => request.verb === verb && request.name === name, {
    lateMs: 10 * MINUTE_MS,
  });
}

function told(world: SyncWorld, reason: string): string[] {
  return world.events.filter((event) => event.reason === reason).map(({ message }) => message);
}

Deno.test("corrections of a pass that its timeout ended are told, those without an answer too", async () => {
  const world = await appliedWorld({ timeout: "30s" });
  world.plan = late("apply", "two");
  world.patchNow(configMapId("one"), { data: { value: "edited" } });
  world.patchNow(configMapId("two"), { data: { value: "edited" } });
  await world.advance(20 * MINUTE_MS);
  assertEquals([value(world, "one"), value(world, "two")], ["1", "1"]);
  assertEquals(told(world, "DriftCorrected").sort(), [
    "Corrected ConfigMap shop/one, which somebody changed: data.value",
    "Corrected ConfigMap shop/two, which somebody changed: data.value",
  ]);
});

Deno.test("what a pass deleted before its timeout ended it is told and counted", async () => {
  const world = await appliedWorld(
    { timeout: "30s", pruneLimit: { percent: 100 } },
    { "a/three.json": configMapText("three", "1") },
  );
  world.repository.commit({ "a/two.json": undefined, "a/three.json": undefined });
  world.plan = late("delete", "two");
  await world.advance(15 * MINUTE_MS);
  assertEquals([value(world, "two"), value(world, "three")], [undefined, undefined]);
  assertEquals(world.status("a").counts?.["pruned"], 2);
  const words = told(world, "Applied").join("; ").match(/\d+ pruned/g);
  assertEquals(words, ["1 pruned", "1 pruned"]);
});

Deno.test("what a pass deleted before its inventory could not be written is told and counted", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 1_600 }, (_, at) => [`a/c${at}.json`, configMapText(`c${at}`, "1")]),
  );
  const world = await appliedWorld({ pruneLimit: { percent: 100 } }, files);
  world.repository.commit({ "a/two.json": undefined });
  world.plan = faultAt(
    ({ name, verb }) => verb === "apply" && name.startsWith("meshsync-a-inventory"),
    { fails: { when: "before", how: "500" } },
  );
  await world.advance(15 * MINUTE_MS);
  assertEquals(world.status("a").counts?.["pruned"], 1);
  assertMatch(told(world, "Applied").join("; "), /1 pruned/);
});

Deno.test("what a pass applied before its timeout ended it is counted, answered or not", async () => {
  const world = await appliedWorld({ healthTimeout: "20m" });
  world.repository.commit({
    "a/one.json": configMapText("one", "2"),
    "a/f.json": functionText("f", "x"),
    "a/two.json": configMapText("two", "2"),
  });
  world.plan = late("apply", "f");
  await world.advance(20 * MINUTE_MS);
  const { counts = {} } = world.status("a");
  assertEquals([counts["configured"], counts["created"], counts["unchanged"]], [2, 1, 0]);
  assertMatch(told(world, "Applied").join("; "), /2 configured.*1 created/);
});

Deno.test("a revision of which a part is applied is not called applied, of the commit before either", async () => {
  const world = await appliedWorld({ timeout: "30s" });
  world.plan = ({ name, verb }) =>
    verb === "apply" && name === "two" ? { lateMs: 60 * MINUTE_MS } : undefined;
  await world.sync("a", { timeout: "30s", commonLabels: { team: "shop" } });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a", "Applied"), /^False/);
  assertEquals(world.status("a").phase, "Applying");
});

for (const policy of ["Orphan", "MirrorPrune"]) {
  Deno.test(`a sync (${policy}) that goes while its revision is planned applies nothing more`, async () => {
    const world = await appliedWorld({ deletionPolicy: policy });
    world.repository.commit({ "a/one.json": configMapText("one", "2") });
    const applied: string[] = [];
    world.onRequest = ({ name, verb }) => {
      if (verb === "apply") applied.push(name);
    };
    world.plan = faultAt(({ verb }) => verb === "dry-run", {
      meanwhile: () => world.removeNow(meshSyncId("a")),
    });
    await world.advance(20 * MINUTE_MS);
    assertEquals([world.meshSync("a"), applied], [undefined, []]);
  });
}

Deno.test("a sync that goes while an edit is looked at corrects nothing more", async () => {
  const world = await appliedWorld({ deletionPolicy: "Orphan" });
  world.plan = faultAt(({ verb }) => verb === "dry-run", {
    meanwhile: () => world.removeNow(meshSyncId("a")),
  });
  world.patchNow(configMapId("one"), { data: { value: "edited" } });
  await world.advance(20 * MINUTE_MS);
  assertEquals([world.meshSync("a"), value(world, "one")], [undefined, "edited"]);
});

Deno.test("a write without an answer that did not take effect is done, and told once", async () => {
  const world = await appliedWorld();
  world.repository.commit({ "a/one.json": configMapText("one", "2") });
  world.plan = faultAt(({ name, verb }) => verb === "apply" && name === "one", {
    fails: { when: "before", how: "lost" },
  });
  await world.advance(20 * MINUTE_MS);
  assertEquals([value(world, "one"), world.status("a").counts?.["configured"]], ["2", 1]);
  assertEquals(told(world, "Applied").length, 1);
  assertEquals(world.object(functionId("f")), undefined);
});

Deno.test("whether a branch was rewritten is asked again where Git did not answer", async () => {
  const world = new SyncWorld();
  const before = world.repository.commit({ "a/c.json": configMapText("c", "1") });
  await world.sync("a", { interval: "1m" });
  await world.advance(1_000);
  world.repository.commit({ "a/c.json": configMapText("c", "2") });
  await world.advance(2 * MINUTE_MS);
  world.repository.reset(before);
  let asked = 0;
  world.plan = ({ verb }) => {
    if (verb !== "git descends") return undefined;
    asked++;
    return { fails: { when: "before", how: "lost" } };
  };
  await world.advance(4 * MINUTE_MS);
  assertEquals(world.status("a").source?.moved, undefined);
  assertEquals(asked > 1 && asked <= 6, true, `asked ${asked} times`);
  world.plan = () => undefined;
  await world.advance(2 * MINUTE_MS);
  assertEquals(world.status("a").source?.moved?.isRewritten, true);
});

Deno.test("a branch that is set back while a commit is read says again which one was looked at last", async () => {
  const world = new SyncWorld();
  const commit = world.repository.commit(TWO);
  await world.sync("a", { interval: "2m" });
  await world.advance(MINUTE_MS);
  const { lastAttemptedRevision: first } = world.status("a");
  world.repository.commit({ "a/one.json": configMapText("one", "2") });
  world.plan = faultAt(({ verb }) => verb === "git read", {
    meanwhile: () => world.repository.reset(commit),
    fails: { when: "before", how: "timeout" },
  });
  const told: (string | undefined)[] = [];
  world.onEvent = ({ after }) => {
    if (after?.kind === "MeshSync") told.push(world.status("a").lastAttemptedRevision);
  };
  await world.advance(10 * MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  assertEquals(world.status("a").lastAttemptedRevision, first);
  assertEquals(new Set(told).size, 2);
});

Deno.test("what somebody edits while the answer of its write is on the way is not called healthy", async () => {
  const world = await appliedWorld();
  world.repository.commit({ "a/one.json": configMapText("one", "2") });
  world.plan = faultAt(({ name, verb }) => verb === "apply" && name === "one", { lateMs: 20_000 });
  const told: string[] = [];
  while (value(world, "one") !== "2") await world.advance(10_000);
  world.patchNow(configMapId("one"), { data: { value: "edited" } });
  world.onEvent = ({ after, by }) => {
    if (after?.kind !== "MeshSync" || by !== "meshwright-status") return;
    told.push(`${value(world, "one")}: ${world.condition("a").slice(0, 12)}`);
  };
  await world.advance(MINUTE_MS);
  assertEquals(value(world, "one"), "2");
  assertEquals(told.filter((line) => line.startsWith("edited: True")), []);
  assertEquals(told.at(-1), "2: True Healthy");
});
