import { assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

async function names(story: SyncStory): Promise<string> {
  const list = await cluster.get<{ items: { metadata: { name: string } }[] }>(
    ["configmap", "-n", story.namespace, "-l", "gitops.functionmesh.io/name=shop"],
  );
  return list.items.map((item) => item.metadata.name).sort().join(" ");
}

function files(...paths: readonly string[]): Record<string, string> {
  const name = (path: string) => path.replace(/^.*\//, "").replace(".yaml", "");
  return Object.fromEntries(paths.map((path) => [path, configMapText(name(path), "1")]));
}

Deno.test("a .meshignore leaves files out as .gitignore does, at every depth", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    ...files("meshes/a.yaml", "meshes/a.draft.yaml", "meshes/kept.draft.yaml"),
    ...files("meshes/old/b.yaml", "meshes/deep/c.yaml", "meshes/deep/d.yaml"),
    "meshes/old/broken.yaml": "not: [yaml",
    "meshes/.meshignore": "# drafts\n*.draft.yaml\n!kept.draft.yaml\n/old/\n",
    "meshes/deep/.meshignore": "d.yaml\n",
    ".meshignore": "*\n",
  });
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  assertEquals(await names(story), "a c kept.draft");
  assertEquals((await story.status()).notes, ["4 files left out by patterns"]);
});

Deno.test("include and exclude of the spec decide what is read, and a change of them is followed", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit(
    files("meshes/prod/a.yaml", "meshes/prod/b.yaml", "meshes/t/c.yaml"),
  );
  await story.sync({ include: ["prod/"], exclude: ["b.yaml"] });
  await story.pass();
  assertEquals(await names(story), "a");
  await story.sync({ include: ["prod/", "t/**"], exclude: ["a.yaml"] });
  await story.pass();
  assertEquals(await names(story), "b c", "what is left out now is pruned like a deleted file");
  await story.sync({ include: ["nothing/"] });
  await story.pass();
  assertMatch(await story.ready(), /^False NothingToApply/);
  assertEquals(await names(story), "b c", "patterns that leave nothing never prune");
});
