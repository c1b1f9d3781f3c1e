import { assertEquals, assertMatch } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type RunningLoop, runningLoop } from "../support/running_loop.ts";
import { configMapText } from "../support/sync_story.ts";
import { metricSum } from "../support/running_controller.ts";

const cluster = testCluster();

async function edit(loop: RunningLoop, data: Record<string, string>): Promise<void> {
  const patch = ["patch", "configmap", "a", "-n", loop.namespace, "--type=merge", "-p"];
  await cluster.kubectl([...patch, JSON.stringify({ data })]);
}

async function dataOf(loop: RunningLoop): Promise<Record<string, string>> {
  const path = ["configmap", "a", "-n", loop.namespace];
  return (await cluster.get<{ data: Record<string, string> }>(path)).data;
}

async function messages(loop: RunningLoop, reason: string): Promise<string[]> {
  await loop.parts.events.flush();
  const events = await cluster.get<{ items: { reason: string; message: string }[] }>(
    ["events", "-n", loop.namespace],
  );
  return events.items.filter((event) => event.reason === reason).map((event) => event.message);
}

async function started(spec: Record<string, unknown> = {}): Promise<RunningLoop> {
  const loop = await runningLoop(cluster);
  await loop.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await loop.sync("meshes", { interval: "24h", ...spec });
  await loop.isReady("meshes", /^True Healthy: /);
  return loop;
}

Deno.test("an edit of an ordinary object is undone, told with its fields and counted", async () => {
  await using loop = await started();
  await edit(loop, { value: "by hand", mine: "stays" });
  await eventually(async () => (await dataOf(loop))["value"] === "1");
  assertEquals(await dataOf(loop), { mine: "stays", value: "1" });
  const [message] = await eventually(async () => {
    const found = await messages(loop, "DriftCorrected");
    return found.length > 0 ? found : undefined;
  });
  assertMatch(message ?? "", /Corrected ConfigMap .*\/a, which somebody changed: data\.value$/);
  const { text } = await loop.parts.metrics.exposition();
  assertEquals(metricSum(text, "mesh_drift_corrected_total", { kind: "ConfigMap" }), 1);
});

Deno.test("a deleted ordinary object is made again, and one that lost its label gets it back", async () => {
  await using loop = await started();
  await cluster.kubectl(["delete", "configmap", "a", "-n", loop.namespace]);
  await eventually(async () => (await dataOf(loop))["value"] === "1");
  const label = "gitops.functionmesh.io/name";
  await cluster.kubectl(["label", "configmap", "a", "-n", loop.namespace, `${label}-`]);
  await eventually(async () => {
    const path = ["configmap", "a", "-n", loop.namespace];
    const live = await cluster.get<{ metadata: { labels: Record<string, string> } }>(path);
    return live.metadata.labels[label] === "meshes";
  });
});

Deno.test("drift.mode report leaves an edit, and tells it until it is gone", async () => {
  await using loop = await started({ drift: { mode: "report" } });
  await edit(loop, { value: "by hand" });
  const status = async () => (await loop.read("meshes"))?.status;
  await eventually(async () => ((await status())?.drifted ?? []).length > 0);
  assertEquals((await status())?.drifted, [`ConfigMap ${loop.namespace}/a: data.value`]);
  assertEquals(await dataOf(loop), { value: "by hand" });
  await eventually(async () => (await messages(loop, "DriftDetected")).length > 0);
  await edit(loop, { value: "1" });
  await eventually(async () => (await status())?.drifted?.length === 0);

  await edit(loop, { value: "by hand" });
  await loop.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  await loop.look("meshes");
  await eventually(async () => (await dataOf(loop))["value"] === "2");
});

Deno.test("drift.mode ignore leaves an edit without a word", async () => {
  await using loop = await started({ drift: { mode: "ignore" } });
  await edit(loop, { value: "by hand" });
  await loop.look("meshes");
  await eventually(async () => {
    const handled = (await loop.read("meshes"))?.status?.lastHandledReconcileAt;
    return handled !== undefined;
  });
  assertEquals(await dataOf(loop), { value: "by hand" });
  assertEquals((await loop.read("meshes"))?.status?.drifted, undefined);
  assertEquals(await messages(loop, "DriftDetected"), []);
});

Deno.test("an ignored field is left to others, also by a commit that changes the rest", async () => {
  const ignore = [{ kind: "ConfigMap", name: "a", paths: ["/data/value"] }];
  await using loop = await started({ drift: { ignore } });
  assertEquals(await dataOf(loop), { value: "1" }, "made as Git says");
  await edit(loop, { value: "by hand" });
  const changed = `${configMapText("a", "2")}  more: from git\n`;
  await loop.repository.commit({ "meshes/a.yaml": changed });
  await loop.look("meshes");
  await eventually(async () => (await dataOf(loop))["more"] === "from git");
  assertEquals(await dataOf(loop), { more: "from git", value: "by hand" });
  await edit(loop, { more: "by hand" });
  await eventually(async () => (await dataOf(loop))["more"] === "from git");
});
