import { assertEquals, assertMatch } from "@std/assert";
import { eventually, FAIL, testCluster } from "../support/control_plane.ts";
import { gitServer } from "../support/git_server.ts";
import { hangingServer } from "../support/hanging_server.ts";
import { type RunningLoop, runningLoop } from "../support/running_loop.ts";
import { configMapText } from "../support/sync_story.ts";

const cluster = testCluster();

const SICK_DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {${FAIL}: CrashLoopBackOff}}
    spec: {containers: [{name: main, image: example/web:1}]}
`;

/** Three commits, each applied before the next one is made. */
async function applyThreeCommits(
  loop: RunningLoop,
  stillSick: () => Promise<void>,
): Promise<void> {
  for (const value of ["1", "2", "3"]) {
    const files = { "healthy/a.yaml": configMapText("a", value) };
    const commit = await loop.repository.commit(files);
    await loop.look("healthy");
    await loop.isReady("healthy", new RegExp(`^True Healthy: Applied main@sha1:${commit}`));
    await stillSick();
  }
  const find = ["configmap", "a", "-n", loop.namespace];
  const live = await cluster.get<{ data: { value: string } }>(find);
  assertEquals(live.data.value, "3");
}

Deno.test("a healthy sync applies its commits while the remotes of others do not answer", async () => {
  await using loop = await runningLoop(cluster);
  await using remote = hangingServer();
  await loop.repository.commit({ "healthy/a.yaml": configMapText("a", "0") });
  const names = ["sick-1", "sick-2", "sick-3", "sick-4", "sick-5"];
  for (const name of names) await loop.sync(name, { url: `${remote.url}/${name}.git` });
  const asked = names.map((name) => `/${name}.git/info/refs`);
  await eventually(() => {
    assertEquals(remote.waiting(), asked);
    return Promise.resolve(true);
  }, { timeoutMs: 180_000, intervalMs: 100 });
  await loop.sync("healthy");
  await applyThreeCommits(loop, async () => {
    assertEquals(remote.waiting(), asked);
    for (const name of names) {
      assertEquals((await loop.read(name))?.status, undefined, "its first pass goes on");
    }
  });
});

Deno.test("40 remotes that do not answer do not keep a healthy sync waiting, at the start and later", async () => {
  await using loop = await runningLoop(cluster);
  await using remote = hangingServer();
  await loop.repository.commit({ "healthy/a.yaml": configMapText("a", "0") });
  const names = Array.from({ length: 40 }, (_, index) => `sick-${index}`);
  await Promise.all(names.map((name) => loop.sync(name, { url: `${remote.url}/${name}.git` })));
  await loop.sync("healthy");
  await loop.isReady("healthy", /^True Healthy: /);
  await applyThreeCommits(loop, () => Promise.resolve());
  await eventually(() => new Set(remote.waiting()).size === names.length, {
    timeoutMs: 180_000,
    intervalMs: 100,
  });
});

Deno.test("remotes that answer a look and no fetch do not keep a healthy sync waiting", async () => {
  await using loop = await runningLoop(cluster);
  const over = Promise.withResolvers<void>();
  const folder = loop.repository.directory.slice(0, loop.repository.directory.lastIndexOf("/"));
  let held = 0;
  await using remote = gitServer({
    folder,
    hold: () => {
      held++;
      return over.promise;
    },
  });
  await using _end = { [Symbol.asyncDispose]: () => Promise.resolve(over.resolve()) };
  await loop.repository.commit({ "healthy/a.yaml": configMapText("a", "0") });
  const names = Array.from({ length: 8 }, (_, index) => `sick-${index}`);
  for (const name of names) {
    // A remote each: they share no clone, and none is known as slow before it was asked.
    await Deno.symlink("work", `${folder}/${name}`);
    await loop.sync(name, { url: `${remote.url}/${name}/.git`, path: "healthy" });
  }
  await eventually(() => held >= names.length, { timeoutMs: 180_000, intervalMs: 100 });
  await loop.sync("healthy");
  await applyThreeCommits(loop, async () => {
    for (const name of names) assertEquals((await loop.read(name))?.status, undefined);
  });
});

Deno.test("a healthy sync applies its commits while others never become ready or cannot be applied", async () => {
  await using loop = await runningLoop(cluster);
  await loop.repository.commit({
    "healthy/a.yaml": configMapText("a", "0"),
    "crashing/web.yaml": SICK_DEPLOYMENT,
    "invalid/f.yaml": "kind: Function\n",
  });
  await loop.sync("crashing");
  await loop.sync("invalid");
  await loop.sync("lost", { ref: { branch: "nowhere" } });
  await loop.isReady("crashing", /^False Progressing: .*0 of 1 ready/);
  await loop.isReady("invalid", /^False InvalidManifests: /);
  await loop.isReady("lost", /^False RefNotFound: /);
  await loop.sync("healthy");
  await applyThreeCommits(loop, async () => {
    assertMatch(await loop.ready("crashing"), /^False Progressing: .*0 of 1 ready/);
    assertMatch(await loop.ready("invalid"), /^False InvalidManifests: /);
    assertMatch(await loop.ready("lost"), /^False RefNotFound: /);
  });
});
