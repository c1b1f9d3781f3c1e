import { assert, assertEquals, assertMatch } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
import { runningLoop } from "../support/running_loop.ts";
import { sshServer } from "../support/ssh_server.ts";
import { configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

function note(from: string, to: string): string {
  const [before, after] = [from, to].map((commit) => commit.slice(0, 12));
  return `branch main was moved from ${before} to ${after}, which does not descend from it`;
}

async function change(story: Pick<SyncStory, "repository">, value: string): Promise<string> {
  return await story.repository.commit({ "meshes/a.yaml": configMapText("a", value) });
}

async function rewrites(namespace: string): Promise<string[]> {
  const { items } = await cluster.get<{ items: { reason: string; message: string }[] }>(
    ["events", "-n", namespace],
  );
  return items.filter(({ reason }) => reason === "HistoryRewritten").map(({ message }) => message);
}

Deno.test("over http a force-push is said in the status and in an event, a push is not", async () => {
  await using loop = await runningLoop(cluster);
  const one = await change(loop, "1");
  await loop.sync("shop", { path: "meshes" });
  await loop.isReady("shop", new RegExp(`^True Healthy: Applied main@sha1:${one}`));
  const two = await change(loop, "2");
  await loop.look("shop");
  await loop.isReady("shop", new RegExp(`^True Healthy: Applied main@sha1:${two}`));
  await loop.repository.git("reset", "--quiet", "--hard", one);
  const three = await change(loop, "3");
  await loop.look("shop");
  await loop.isReady("shop", new RegExp(`^True Healthy: Applied main@sha1:${three}`));
  await eventually(async () => {
    const notes = (await loop.read("shop"))?.status?.notes ?? [];
    return notes.includes(note(two, three));
  }, { timeoutMs: 180_000, intervalMs: 100 });
  await eventually(async () => {
    const told = await rewrites(loop.namespace);
    // Of the push before it nothing is said: the looks of one sync come one after the other.
    if (told.length > 0) assertEquals(told, [note(two, three)]);
    return told.length > 0;
  }, { timeoutMs: 180_000, intervalMs: 200 });
});

Deno.test("over ssh a branch that was set back is said in the status until its next commit, over a restart too", async () => {
  await using story = await syncStory(cluster);
  await using server = await sshServer({ passesProtocol: true });
  const stringData = { identity: server.identity, known_hosts: server.knownHosts };
  const metadata = { name: "git", namespace: story.namespace };
  await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData });
  const one = await change(story, "1");
  const two = await change(story, "2");
  const url = `${server.url}${story.repository.directory}`;
  await story.sync({ url, secretRef: { name: "git" } });
  await story.pass();
  assertMatch(await story.ready(), new RegExp(`^True Healthy: Applied main@sha1:${two}`));
  await story.repository.git("reset", "--quiet", "--hard", one);
  await story.pass();
  assertMatch(await story.ready(), new RegExp(`^True Healthy: Applied main@sha1:${one}`));
  await story.idlePass();
  assertEquals((await story.status()).notes, [note(two, one)]);
  assert(
    story.events.some((event) =>
      event.type === "Warning" && event.reason === "HistoryRewritten" &&
      event.message === note(two, one)
    ),
  );
  story.restart();
  await story.pass();
  assertEquals((await story.status()).notes, [note(two, one)]);
  await change(story, "3");
  await story.pass();
  assertEquals((await story.status()).notes, []);
});

Deno.test("a push costs one more question, asked after the commit is applied, and an unchanged branch none", async () => {
  await using story = await syncStory(cluster);
  await change(story, "1");
  await story.sync();
  await story.pass();
  await story.git.take();
  await change(story, "2");
  assertEquals(await story.pass(), { after: "delay", delayMs: 0 });
  assertEquals((await story.git.take()).filter((line) => line.includes("--filter=tree:0")), []);
  await story.idlePass();
  const asked = (await story.git.take()).filter((line) => line.includes("--filter=tree:0"));
  assertEquals(asked.length, 1);
  await story.pass();
  assertEquals((await story.git.take()).map((line) => line.split(" ")[0]), ["ls-remote"]);
});
