import { assertEquals, assertMatch } from "@std/assert";
import { resourceOf } from "#api";
import { type KubeObject, systemClock } from "#base";
import { reconcileSync, type SyncContext } from "#gitops";
import { Informer } from "#kube";
import { eventually, testCluster } from "../support/control_plane.ts";
import { functionCaches, functionText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

/** A cache of Functions that hands every change to the memory, as the program does. */
async function watched(story: SyncStory) {
  const stop = new AbortController();
  const woken: string[] = [];
  const informer = new Informer({
    transport: story.client.transport,
    type: resourceOf("Function"),
    namespace: story.namespace,
    onChange: (change) => {
      const { proofs } = story.context();
      for (const { name } of [...proofs.notice(change), ...proofs.observers(change).keys]) {
        woken.push(name);
      }
    },
    clock: systemClock,
    signal: stop.signal,
  });
  const running = informer.run();
  await informer.whenSynced();
  const context = (): SyncContext => ({ ...story.context(), caches: functionCaches(informer) });
  return {
    informer,
    woken,
    pass: async () => {
      await story.status();
      return await reconcileSync(story.key, context());
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

function kubectlPatch(story: SyncStory, patch: unknown): Promise<string> {
  return cluster.kubectl([
    "patch",
    "function",
    "exclaim",
    "-n",
    story.namespace,
    "--type=merge",
    "-p",
    JSON.stringify(patch),
  ]);
}

async function live(story: SyncStory): Promise<{ spec: Record<string, unknown> }> {
  return await cluster.get(["function", "exclaim", "-n", story.namespace]);
}

async function setReady(story: SyncStory, ready: boolean): Promise<void> {
  const object = await story.client.cluster.get(resourceOf("Function"), {
    namespace: story.namespace,
    name: "exclaim",
  }) as KubeObject;
  const condition = {
    type: "Ready",
    status: ready ? "True" : "False",
    reason: ready ? "Ready" : "ImagePullBackOff",
    message: ready ? "1 of 1 pods ready" : "pod exclaim-function-0: image not found",
    lastTransitionTime: "2026-01-01T00:00:00Z",
    observedGeneration: object.metadata.generation,
  };
  await cluster.kubectl([
    "patch",
    "function",
    "exclaim",
    "-n",
    story.namespace,
    "--subresource=status",
    "--type=merge",
    "-p",
    JSON.stringify({ status: { conditions: [condition] } }),
  ]);
}

Deno.test("an edit by hand is undone from memory, without a look at Git", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/f.yaml": functionText("exclaim", "  replicas: 2\n") });
  await story.sync();
  await using watch = await watched(story);
  await watch.pass();
  await kubectlPatch(story, { spec: { replicas: 5, image: "evil/image:1" } });
  // It may have been woken by its own write before.
  await eventually(() => {
    const seen = watch.informer.get({ namespace: story.namespace, name: "exclaim" });
    return watch.woken.length > 0 && JSON.stringify(seen).includes("evil/image:1");
  });
  await story.git.take();
  story.requests();
  await watch.pass();
  assertEquals(await story.git.take(), []);
  assertEquals(story.requests().filter((one) => one.endsWith("Function")), [
    "apply Function",
    "dry-run Function",
    // Whether somebody scaled it.
    "get Function",
  ]);
  const { spec } = await live(story);
  assertEquals([spec["replicas"], spec["image"]], [2, "example/runner:1"]);
  const event = story.events.find((one) => one.reason === "DriftCorrected");
  assertMatch(
    event?.message ?? "",
    /Corrected Function .*\/exclaim, which somebody changed: spec\.image, spec\.replicas/,
  );
  const { text } = await story.metrics.exposition();
  assertMatch(text, /mesh_drift_corrected_total{kind="Function"} 1/);
});

Deno.test("a deleted object is made again", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/f.yaml": functionText("exclaim") });
  await story.sync();
  await using watch = await watched(story);
  await watch.pass();
  await cluster.kubectl(["delete", "function", "exclaim", "-n", story.namespace]);
  await eventually(() =>
    watch.informer.get({ namespace: story.namespace, name: "exclaim" }) === undefined
  );
  await watch.pass();
  assertEquals((await live(story)).spec["image"], "example/runner:1");
});

Deno.test("what others add is no drift: status, their own fields, replicas that Git leaves out", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/f.yaml": functionText("exclaim") });
  await story.sync();
  await using watch = await watched(story);
  await watch.pass();
  await kubectlPatch(story, { metadata: { labels: { mine: "yes" } }, spec: { replicas: 3 } });
  await setReady(story, true);
  await eventually(() => {
    const seen = watch.informer.get({ namespace: story.namespace, name: "exclaim" });
    return seen?.status !== undefined;
  });
  story.requests();
  await watch.pass();
  assertEquals(story.requests().filter((one) => one.endsWith("Function")), []);
  assertEquals((await live(story)).spec["replicas"], 3);
});

Deno.test("replicas that an autoscaler chose survive a commit, until Git changes the number itself", async () => {
  await using story = await syncStory(cluster);
  const scaled = (replicas: number, image: string) =>
    functionText("exclaim", `  replicas: ${replicas}\n  maxReplicas: 9\n`)
      .replace("example/runner:1", image);
  await story.repository.commit({ "meshes/f.yaml": scaled(2, "example/runner:1") });
  await story.sync();
  await using watch = await watched(story);
  await watch.pass();
  const scale = ["scale", "function", "exclaim", "-n", story.namespace, "--replicas=5"];
  await cluster.kubectl(scale);
  await eventually(() => {
    const seen = watch.informer.get({ namespace: story.namespace, name: "exclaim" });
    return (seen?.spec as { replicas: number }).replicas === 5;
  });
  await watch.pass();
  assertEquals((await live(story)).spec["replicas"], 5, "no drift");

  await story.repository.commit({ "meshes/f.yaml": scaled(2, "example/runner:2") });
  await story.pass();
  const { spec } = await live(story);
  assertEquals([spec["replicas"], spec["image"]], [5, "example/runner:2"]);

  story.restart();
  await story.repository.commit({ "meshes/f.yaml": scaled(3, "example/runner:2") });
  await story.pass();
  assertEquals((await live(story)).spec["replicas"], 3, "Git changed the number");
});

Deno.test("a revision is healthy when its functions are, and the seconds from the commit are measured", async () => {
  await using story = await syncStory(cluster);
  const commit = await story.repository.commit({ "meshes/f.yaml": functionText("exclaim") });
  await story.sync();
  await using watch = await watched(story);
  await watch.pass();
  const place = { namespace: story.namespace, name: "exclaim" };
  await eventually(() => watch.informer.get(place) !== undefined);
  assertEquals(await watch.pass(), { after: "delay", delayMs: 60_000 }, "waiting holds no worker");
  assertMatch(await story.ready(), /^False Progressing: .*0 of 1 ready/);
  watch.woken.length = 0;
  await setReady(story, true);
  // Its own write wakes nobody once it is proven, whenever the watch tells of it: readiness does.
  await eventually(() => {
    const seen = watch.informer.get({ namespace: story.namespace, name: "exclaim" });
    return seen?.status !== undefined && watch.woken.length > 0;
  });
  await watch.pass();
  assertEquals(
    await story.ready(),
    `True Healthy: Applied main@sha1:${commit}: 1 object, 1 of 1 ready`,
  );
  assertEquals((await story.status()).lastHealthyRevision, `main@sha1:${commit}`);
  const { text } = await story.metrics.exposition();
  assertMatch(text, /mesh_commit_to_ready_seconds_count 1/);

  await setReady(story, false);
  await eventually(() => {
    const seen = watch.informer.get({ namespace: story.namespace, name: "exclaim" });
    return JSON.stringify(seen?.status).includes("ImagePullBackOff");
  });
  await watch.pass();
  assertMatch(
    await story.ready(),
    /^False \w+: .*0 of 1 ready: Function .*: pod exclaim-function-0: image not found/,
  );
});
