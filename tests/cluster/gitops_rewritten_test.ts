import { assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

async function valueOf(story: SyncStory): Promise<string> {
  const live = await cluster.get<{ data: { value: string } }>(
    ["configmap", "a", "-n", story.namespace],
  );
  return live.data.value;
}

Deno.test("a force-push is followed to the branch's new commit", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "2"),
    "meshes/b.yaml": configMapText("b", "2"),
  });
  await story.sync();
  await story.pass();
  await story.repository.git("reset", "--quiet", "--hard", "HEAD~1");
  const commit = await story.repository.commit({ "meshes/a.yaml": configMapText("a", "3") });
  await story.pass();
  assertMatch(await story.ready(), new RegExp(`^True Healthy: Applied main@sha1:${commit}`));
  assertEquals(await valueOf(story), "3");
  const gone = await cluster.tryKubectl(["get", "configmap", "b", "-n", story.namespace]);
  assertEquals(gone.code, 1, "what the dropped commit had brought is pruned");
});

Deno.test("a deleted branch leaves alone what runs, and the status says which branches there are", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.repository.git("branch", "release");
  await story.sync({ ref: { branch: "release" } });
  await story.pass();
  await story.repository.git("branch", "-D", "release");
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False RefNotFound: .*branch release does not exist; the remote has the branches main$/,
  );
  assertEquals(await valueOf(story), "1");
  assertEquals((await story.status()).inventory?.length, 1);
});

Deno.test("a moved tag is followed, and the status says from where to where it moved", async () => {
  await using story = await syncStory(cluster);
  const one = await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.repository.git("tag", "v1.0.0");
  await story.sync({ ref: { tag: "v1.0.0" } });
  await story.pass();
  assertEquals((await story.status()).notes, undefined);
  const two = await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  await story.repository.git("tag", "--force", "v1.0.0");
  await story.pass();
  assertEquals(await valueOf(story), "2");
  const note = `tag v1.0.0 was moved from ${one.slice(0, 12)} to ${two.slice(0, 12)}`;
  assertEquals((await story.status()).notes, [note]);
  const three = await story.repository.commit({ "README.md": "no change of the folder" });
  await story.repository.git("tag", "--force", "v1.0.0");
  await story.pass();
  const again = `tag v1.0.0 was moved from ${two.slice(0, 12)} to ${three.slice(0, 12)}`;
  assertEquals((await story.status()).notes, [again]);
});

Deno.test("an empty repository is told as such, and its first commit is applied", async () => {
  await using story = await syncStory(cluster);
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^False RefNotFound: .*has no branches: is it empty\?$/);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
});
