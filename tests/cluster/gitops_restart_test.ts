import { assert, assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

async function valueOf(story: SyncStory, name: string): Promise<string | undefined> {
  const found = await cluster.tryKubectl(
    ["get", "configmap", name, "-n", story.namespace, "-o", "jsonpath={.data.value}"],
  );
  return found.code === 0 ? found.stdout : undefined;
}

async function edit(story: SyncStory, name: string, value: string): Promise<void> {
  const patch = JSON.stringify({ data: { value } });
  const at = ["patch", "configmap", name, "-n", story.namespace, "--type=merge", "-p", patch];
  await cluster.kubectl(at);
}

/** A sync with two objects applied, and a newer revision that is kept from being applied. */
async function keptStory(
  kept: (story: SyncStory) => Promise<void>,
  reason: RegExp,
): Promise<SyncStory> {
  const story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/b.yaml": configMapText("b", "1"),
  });
  await story.sync();
  await story.pass();
  await kept(story);
  await story.pass();
  assertMatch(await story.ready(), reason);
  return story;
}

/** Restarts, and looks what the first passes do about what somebody changed while nobody was there. */
async function isLookedAfter(story: SyncStory, reason: RegExp): Promise<void> {
  const before = (await story.status()).lastAppliedRevision;
  await edit(story, "a", "by hand");
  await cluster.kubectl(["delete", "configmap", "b", "-n", story.namespace]);
  story.restart();
  await story.pass();
  assertMatch(await story.ready(), reason);
  assertEquals([await valueOf(story, "a"), await valueOf(story, "b")], ["1", "1"]);
  assertEquals((await story.status()).lastAppliedRevision, before);
  assert(
    story.events.some((event) =>
      event.reason === "DriftCorrected" && event.message.includes("/a, ")
    ),
  );
  // And as before a restart from then on.
  await edit(story, "a", "again");
  const live = await story.client.cluster.get(
    { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true },
    { namespace: story.namespace, name: "a" },
  );
  assertEquals(story.context().proofs.notice(live === undefined ? {} : { after: live }).length, 1);
  await story.idlePass();
  assertEquals(await valueOf(story, "a"), "1");
}

Deno.test("after a restart drift is corrected while a newer revision waits for its window", async () => {
  const closed = { kind: "deny", schedule: "* * * * *", duration: "10m" };
  const waits = /^False WaitingForWindow: /;
  await using story = await keptStory(async (at) => {
    await at.sync({ windows: [closed] });
    await at.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  }, waits);
  await isLookedAfter(story, waits);
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  assertEquals(await valueOf(story, "a"), "2");
});

Deno.test("after a restart drift is corrected while a newer revision is held back", async () => {
  const held = /^False InvalidManifests: /;
  await using story = await keptStory(async (at) => {
    await at.repository.commit({ "meshes/c.yaml": "kind: [\n" });
  }, held);
  await isLookedAfter(story, held);
});

Deno.test("after a restart a revision that waits is not applied in part by what its spec changed", async () => {
  await using story = await keptStory(async (at) => {
    const windows = [{ kind: "deny", schedule: "* * * * *", duration: "10m" }];
    await at.sync({ windows, commonLabels: { team: "blue" } });
    await at.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  }, /^False WaitingForWindow: /);
  story.restart();
  await story.pass();
  const live = await cluster.get<{ metadata: { labels: Record<string, string> } }>(
    ["configmap", "a", "-n", story.namespace],
  );
  assertEquals([live.metadata.labels["team"], await valueOf(story, "a")], [undefined, "1"]);
});
