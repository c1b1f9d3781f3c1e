import { assertEquals, assertMatch } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
import { runningLoop } from "../support/running_loop.ts";
import { configMapText, functionText } from "../support/sync_story.ts";

const cluster = testCluster();

Deno.test("a sync waits for the one that it depends on, and goes on by its event", async () => {
  await using loop = await runningLoop(cluster);
  await loop.repository.commit({
    "base/a.yaml": configMapText("a", "1"),
    "apps/b.yaml": configMapText("b", "1"),
  });
  await loop.sync("apps", { dependsOn: [{ name: "base" }], interval: "24h" });
  await loop.isReady(
    "apps",
    /^False DependencyNotReady: .*MeshSync .*\/base, which does not exist/,
  );
  const find = ["get", "configmap", "b", "-n", loop.namespace];
  assertEquals((await cluster.tryKubectl(find)).code, 1);
  await loop.sync("base");
  // With an interval of a day and nobody asking, only the event of the other sync can be the cause.
  await loop.isReady("apps", /^True Healthy: .*: 1 object$/);
});

Deno.test("a commit to both is applied in the order of their dependency", async () => {
  await using loop = await runningLoop(cluster);
  await loop.repository.commit({
    "base/a.yaml": configMapText("a", "1"),
    "apps/b.yaml": configMapText("b", "1"),
  });
  await loop.sync("base");
  await loop.sync("apps", { dependsOn: [{ name: "base" }] });
  await loop.isReady("apps", /^True Healthy: /);
  const commit = await loop.repository.commit({
    "base/f.yaml": functionText("slow").replace(
      "  image:",
      "  maxPendingAsyncRequests: bad\n  image:",
    ),
    "apps/b.yaml": configMapText("b", "2"),
  });
  await loop.look("apps");
  await loop.isReady("apps", /^False DependencyNotReady: .*base, which has not applied it yet/);
  await loop.look("base");
  await loop.isReady("base", new RegExp(`^False InvalidManifests: .*${commit}`));
  assertMatch(await loop.ready("apps"), /^False DependencyNotReady: /);
  await loop.repository.commit({ "base/f.yaml": undefined });
  await loop.look("base");
  await loop.look("apps");
  await loop.isReady("apps", /^True Healthy: /);
  const live = await eventually(() =>
    cluster.get<{ data: { value: string } }>(["configmap", "b", "-n", loop.namespace])
  );
  assertEquals(live.data.value, "2");
});

Deno.test("syncs that depend on each other are told so", async () => {
  await using loop = await runningLoop(cluster);
  await loop.repository.commit({
    "one/a.yaml": configMapText("a", "1"),
    "two/b.yaml": configMapText("b", "1"),
  });
  await loop.sync("one", { dependsOn: [{ name: "two" }] });
  await loop.sync("two", { dependsOn: [{ name: "one" }] });
  await loop.look("one");
  await loop.isReady("two", /^False DependencyCycle: .*depend on each other/);
  await loop.sync("own", { dependsOn: [{ name: "own" }] });
  await loop.isReady("own", /^False InvalidSpec: spec\.dependsOn\[0\]: names the MeshSync itself/);
});
