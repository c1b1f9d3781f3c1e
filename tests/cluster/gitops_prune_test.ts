import { assertEquals, assertMatch } from "@std/assert";
import { resourceOf } from "#api";
import { reconcileSync } from "#gitops";
import { testCluster } from "../support/control_plane.ts";
import { appliedStory, configMapText, onlySync, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

async function uidOf(namespace: string, name: string): Promise<string | undefined> {
  const found = await cluster.tryKubectl(["get", "configmap", name, "-n", namespace, "-o", "json"]);
  return found.code === 0 ? JSON.parse(found.stdout).metadata.uid : undefined;
}

Deno.test("what a commit drops is deleted, and counted", async () => {
  await using story = await appliedStory(cluster, ["a", "b"]);
  await story.repository.commit({ "meshes/b.yaml": undefined });
  await story.pass();
  assertEquals(await uidOf(story.namespace, "b"), undefined);
  const status = await story.status();
  assertEquals(status.inventory?.map((entry) => entry.id), [`${story.namespace}_a__ConfigMap`]);
  assertEquals(status.counts?.["pruned"], 1);
  assertMatch(story.events.at(-2)?.message ?? "", /1 unchanged, 1 pruned$/);
});

Deno.test("an object that moves to another file stays what it is", async () => {
  await using story = await appliedStory(cluster, ["a", "b"]);
  const uid = await uidOf(story.namespace, "b");
  await story.repository.commit({
    "meshes/a.yaml": `${configMapText("b", "1")}---\n${configMapText("a", "1")}`,
    "meshes/b.yaml": undefined,
  });
  story.requests();
  await story.pass();
  assertEquals(await uidOf(story.namespace, "b"), uid);
  assertEquals(story.requests(), ["patch MeshSync"], "nothing changed but the revision");
});

Deno.test("prune: false and the annotation keep what Git drops", async () => {
  await using story = await syncStory(cluster);
  const kept = configMapText("kept", "1").replace(
    "  name: kept\n",
    "  name: kept\n  annotations: {gitops.functionmesh.io/prune: disabled}\n",
  );
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/b.yaml": configMapText("b", "1"),
    "meshes/kept.yaml": kept,
  });
  await story.sync();
  await story.pass();
  await story.repository.commit({ "meshes/kept.yaml": undefined });
  await story.pass();
  assertEquals(typeof await uidOf(story.namespace, "kept"), "string");
  assertEquals((await story.status()).counts?.["skipped"], 1);
  await story.sync({ prune: false });
  await story.repository.commit({ "meshes/b.yaml": undefined });
  await story.pass();
  assertEquals(typeof await uidOf(story.namespace, "b"), "string");
  assertEquals((await story.status()).inventory?.length, 1);
});

Deno.test("what another sync took over is not deleted", async () => {
  await using story = await appliedStory(cluster, ["a", "b"]);
  await cluster.kubectl([
    "label",
    "configmap",
    "b",
    "-n",
    story.namespace,
    "--overwrite",
    "gitops.functionmesh.io/name=other",
  ]);
  await story.repository.commit({ "meshes/b.yaml": undefined });
  await story.pass();
  assertEquals(typeof await uidOf(story.namespace, "b"), "string");
});

Deno.test("what was announced before a crash is known to the next process", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/b.yaml": configMapText("b", "1"),
  });
  await story.sync();
  const working = story.context();
  const dying = {
    ...working.cluster,
    patch: async (...args: Parameters<typeof working.cluster.patch>) => {
      const patched = await working.cluster.patch(...args);
      if ((await uidOf(story.namespace, "b")) !== undefined) throw new Error("the program died");
      return patched;
    },
  };
  const sync = await working.cluster.get(resourceOf("MeshSync"), story.key);
  const syncs = onlySync(() => sync, working.cluster);
  await reconcileSync(story.key, { ...working, syncs, cluster: dying }).catch((error) => {
    if (error.message !== "the program died") throw error;
  });
  assertEquals((await story.status()).lastAppliedRevision, undefined);
  story.restart();
  await story.repository.commit({ "meshes/b.yaml": undefined });
  await story.pass();
  assertEquals(
    await uidOf(story.namespace, "b"),
    undefined,
    "deleted although it was never reported as applied",
  );
});
