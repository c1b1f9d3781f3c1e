import { assert, assertEquals, assertMatch } from "@std/assert";
import { systemClock } from "#base";
import { reconcileSync } from "#gitops";
import { testCluster } from "../support/control_plane.ts";
import { appliedStory, configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();
const HOUR_MS = 3_600_000;

/** A cron schedule that began a minute ago, in UTC. */
function aMinuteAgo(): string {
  const time = new Date(Date.now() - 60_000);
  return `${time.getUTCMinutes()} ${time.getUTCHours()} * * *`;
}

/** A pass as the queue would make it, some time later. */
async function passLater(story: SyncStory, laterMs: number) {
  await story.idlePass();
  const clock = { ...systemClock, now: () => Date.now() + laterMs };
  return await reconcileSync(story.key, { ...story.context(), clock });
}

async function has(story: SyncStory, name: string): Promise<boolean> {
  return (await cluster.tryKubectl(["get", "configmap", name, "-n", story.namespace])).code === 0;
}

Deno.test("a commit waits while a deny window is open, says until when, and is applied then", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  const windows = [{ kind: "deny", schedule: aMinuteAgo(), duration: "2h" }];
  await story.sync({ windows, interval: "24h" });
  const commit = await story.repository.commit({ "meshes/b.yaml": configMapText("b", "1") });
  const next = await story.pass();
  const ready = await story.ready();
  assertMatch(ready, new RegExp(`^False WaitingForWindow: main@sha1:${commit} waits until `));
  const [, until = ""] = /until (\S+):/.exec(ready) ?? [];
  const leftMs = Date.parse(until) - Date.now();
  assert(leftMs > HOUR_MS && leftMs < 2 * HOUR_MS);
  assert(next.after === "delay" && next.delayMs <= leftMs + 1_000, "comes back then");
  assertEquals([await has(story, "a"), await has(story, "b")], [true, false]);
  assertEquals(story.events.at(-1)?.type, "Normal");

  await passLater(story, 2 * HOUR_MS);
  assertMatch(await story.ready(), /^True Healthy: /);
  assertEquals(await has(story, "b"), true);
});

Deno.test("outside of its allow windows a sync applies nothing, in the window's own time zone", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  const schedule = aMinuteAgo();
  const elsewhere = { kind: "allow", schedule, duration: "5m", timeZone: "Asia/Kolkata" };
  await story.sync({ windows: [elsewhere] });
  await story.pass();
  assertMatch(await story.ready(), /^False WaitingForWindow: /);
  await story.sync({ windows: [elsewhere, { kind: "allow", schedule, duration: "1h" }] });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: /);
});

Deno.test("a restart in a closed window goes on with what was applied", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  await story.sync({ windows: [{ kind: "deny", schedule: aMinuteAgo(), duration: "2h" }] });
  story.restart();
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: /);
});

Deno.test("a schedule or a time zone that means nothing is named", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  const window = { kind: "deny", schedule: "0 8 * * 1-5", duration: "8h" };
  await story.sync({ windows: [{ ...window, timeZone: "Europe/Atlantis" }] });
  await story.pass();
  assertMatch(await story.ready(), /^False InvalidSpec: spec\.windows\[0\]: .*Europe\/Atlantis/);
  await story.sync({ windows: [{ ...window, schedule: "61 8 * * *" }] });
  await story.pass();
  assertMatch(await story.ready(), /^False InvalidSpec: spec\.windows\[0\]: /);
});

Deno.test("a suspended sync says why and until when, and goes on by itself", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  const until = new Date(Date.now() + HOUR_MS).toISOString().replace(/\.\d+Z/, "Z");
  await story.sync({ suspend: true, suspendReason: "release freeze", suspendUntil: until });
  const next = await story.pass();
  assertMatch(
    await story.ready(),
    new RegExp(`^Unknown Suspended: Suspended until ${until} \\(release freeze\\): `),
  );
  assert(next.after === "delay" && next.delayMs <= HOUR_MS);
  assertEquals(await has(story, "a"), false);
  await passLater(story, HOUR_MS + 1_000);
  assertMatch(await story.ready(), /^True Healthy: /);
});
