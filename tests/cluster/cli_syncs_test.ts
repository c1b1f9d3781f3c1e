import { assertEquals, assertMatch } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
import { meshwright } from "../support/cli.ts";
import { appliedStory, configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

/** A command that names the test's cluster and namespace. */
async function command(story: SyncStory, ...args: string[]) {
  return await meshwright([...args, "--kubeconfig", cluster.kubeconfigPath, "-n", story.namespace]);
}

Deno.test("get syncs lists each with its revision, health and cause", async () => {
  await using story = await syncStory(cluster);
  const none = await command(story, "get", "syncs");
  assertEquals([none.code, none.notes], [0, [`No MeshSyncs in namespace ${story.namespace}`]]);
  const commit = await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.sync();
  await story.pass();
  const { code, out } = await command(story, "get", "syncs");
  assertEquals(code, 0);
  assertMatch(out[0] ?? "", /^NAMESPACE +NAME +READY +APPLIED +HEALTHY +SINCE +MESSAGE$/);
  const short = `main@${commit.slice(0, 7)}`;
  assertMatch(
    out[1] ?? "",
    new RegExp(` shop +True +${short} +${short} +\\d+s +Applied main@sha1`),
  );
  const json = await command(story, "get", "syncs", "shop", "-o", "json");
  assertEquals(JSON.parse(json.out[0] ?? "").metadata.name, "shop");
  const wrong = await command(story, "get", "pods");
  assertEquals(wrong.code, 2);
  assertMatch(wrong.notes.join(), /^meshwright get: Cannot get "pods": did you mean /);
});

Deno.test("reconcile has a sync look now and says how that went", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  const asked = command(story, "reconcile", "shop");
  await eventually(async () => {
    await story.idlePass();
    return (await story.status()).lastHandledReconcileAt !== undefined;
  });
  const { code, out } = await asked;
  assertEquals(code, 0);
  assertMatch(out[0] ?? "", /^Healthy: Applied main@sha1:/);
  const live = await cluster.get<{ data: unknown }>(["configmap", "a", "-n", story.namespace]);
  assertEquals(live.data, { value: "2" });
  const late = await command(story, "reconcile", "shop", "--wait", "300ms");
  assertEquals(late.code, 1, "nobody answers");
});

Deno.test("suspend with a reason and an end, and resume", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.sync();
  const spec = async () =>
    (await cluster.get<{ spec: Record<string, unknown> }>(
      ["meshsync", "shop", "-n", story.namespace],
    )).spec;
  const done = await command(story, "suspend", "shop", "--reason", "night", "--until", "2h");
  assertEquals(done.code, 0);
  const { suspend, suspendReason, suspendUntil } = await spec();
  assertEquals([suspend, suspendReason], [true, "night"]);
  assertEquals(Date.parse(String(suspendUntil)) > Date.now(), true);
  await story.pass();
  assertMatch(await story.ready(), /Suspended/);
  const refused = await command(story, "reconcile", "shop");
  assertMatch(refused.notes[0] ?? "", /is suspended \(meshwright resume\)/);
  assertEquals(
    (await command(story, "suspend", "shop", "--until", "2020-01-01T00:00:00Z")).code,
    2,
  );

  assertEquals((await command(story, "resume", "shop")).code, 0);
  assertEquals(await spec().then((now) => [now["suspend"], now["suspendUntil"]]), [
    false,
    undefined,
  ]);
  await story.idlePass();
  assertMatch(await story.ready(), /^True Healthy/);
});

Deno.test("history shows the last revisions with author, subject and what became of them", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") }, "Start");
  await story.sync();
  await story.pass();
  const bad = await story.repository.commit({ "meshes/a.yaml": "kind: [" }, "Break it");
  await story.pass();
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") }, "Mend it");
  await story.pass();
  const { code, out } = await command(story, "history", "shop");
  assertEquals(code, 0);
  assertMatch(out[1] ?? "", /^main@\w{7} +Healthy +\d+s +\d+s +Ada Author +Mend it$/);
  assertMatch(out[2] ?? "", /^main@\w{7} +InvalidManifests +\d+s +Ada Author +Break it$/);
  assertMatch(out[3] ?? "", /^main@\w{7} +Healthy +\d+s +\d+s +Ada Author +Start$/);
  const json = await command(story, "history", "shop", "-o", "json");
  assertEquals(JSON.parse(json.out[1] ?? "").revision, `main@sha1:${bad}`);
  const missing = await command(story, "history", "nobody");
  assertEquals([missing.code, missing.notes], [1, [
    `meshwright history: Cannot find MeshSync ${story.namespace}/nobody: it does not exist`,
  ]]);
});

for (const verb of ["get", "reconcile", "suspend", "resume", "history"]) {
  Deno.test(`${verb} --help says what it does`, async () => {
    const { code, out } = await meshwright([verb, "--help"]);
    assertEquals(code, 0);
    assertMatch(out[0] ?? "", new RegExp(`Usage: meshwright ${verb} `));
    assertMatch(out[0] ?? "", /-n, --namespace/);
  });
}

Deno.test("get syncs chooses by labels, and prints names and YAML for other programs", async () => {
  await using story = await syncStory(cluster);
  await story.sync();
  await cluster.kubectl(["label", "msync", "shop", "team=a", "-n", story.namespace]);
  const get = (...words: string[]) => command(story, "get", "syncs", ...words);
  const name = "meshsync.gitops.functionmesh.io/shop";
  assertEquals((await get("-l", "team=a", "-o", "name")).out, [name]);
  assertEquals((await get("-l", "team!=a", "-o", "name")).out, []);
  assertMatch(
    (await get("-o", "yaml")).out.join("\n"),
    /^---\napiVersion: gitops[^]*\n {2}name: shop\n/,
  );
  const both = await get("shop", "-l", "team=a");
  assertEquals([both.code, both.notes.length], [2, 1]);
});
