import { assert, assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { gitServer } from "../support/git_server.ts";
import { appliedStory, configMapText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();
const TOKEN = "t0ken-of-the-bot";

Deno.test("a token from the Secret opens the repository, and is nowhere to be read", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  const { directory } = story.repository;
  const folder = directory.slice(0, directory.lastIndexOf("/"));
  await using server = gitServer({ folder, authorization: `Basic ${btoa(`git:${TOKEN}`)}` });
  await story.sync({ url: `${server.url}/work/.git`, secretRef: { name: "git" } });
  await story.pass();
  assertMatch(await story.ready(), /^False AccessDenied: .*Secret .*\/git: it does not exist$/);

  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "git", namespace: story.namespace },
  };
  await cluster.apply({ ...secret, stringData: { token: "wrong" } });
  await story.pass();
  assertMatch(await story.ready(), /^False AccessDenied: .*repository not found or no access/);

  await cluster.apply({ ...secret, stringData: { token: TOKEN } });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: .*: 1 object$/);
  const seen = JSON.stringify([await story.status(), story.events, await story.git.take()]);
  assert(!seen.includes(TOKEN) && !seen.includes(btoa(`git:${TOKEN}`)));
});

Deno.test("a server that is away is tried again soon, and leaves alone what runs", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  await story.sync({ url: "http://127.0.0.1:1/a.git" });
  const next = await story.pass();
  assertMatch(await story.ready(), /^False RepositoryUnreachable: .*cannot be reached/);
  assert(next.after === "delay" && next.delayMs < 2_000, "not the whole interval of an hour");
  await cluster.kubectl(["get", "configmap", "a", "-n", story.namespace]);
  assertEquals((await story.status()).inventory?.length, 1);
});
