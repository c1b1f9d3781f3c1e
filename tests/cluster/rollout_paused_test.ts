import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { DEFAULT_SETTINGS } from "#desired";
import { eventually, testCluster } from "../support/control_plane.ts";
import { kubectlIn, userFunction } from "../support/controller_story.ts";
import { runningController } from "../support/running_controller.ts";

const cluster = testCluster();

const STATEFUL_SET = "statefulset/orders-function";
/** A password in a setting of all pods: no status may repeat it. */
const PASSWORD = "hunter2";

interface Status extends KubeObject {
  readonly status: { readonly pendingChange?: string };
}

function backend(): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "BackendConfig",
    metadata: { name: "backend-config" },
    spec: { autoUpdate: true, env: { PASSWORD } },
  };
}

Deno.test("--pause-rollout holds back all but edits, also of the program's settings, and says so without values (W-62)", async () => {
  await using space = await cluster.namespace();
  const story = kubectlIn(cluster, space.name);
  const watchedNamespace = space.name;
  const settings = { ...DEFAULT_SETTINGS, resourceLabels: { team: PASSWORD } };
  {
    await using _controller = await runningController(cluster, { watchedNamespace });
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
  }
  const before = await story.get(STATEFUL_SET);
  {
    const choices = { watchedNamespace, settings, pauseRollout: true };
    await using controller = await runningController(cluster, choices);
    await story.apply(backend());
    assertMatch(await story.untilReady("function/orders", /paused/), /^True Ready: .* wait/);
    const status = await eventually(async () => {
      const { status } = await story.get<Status>("function/orders");
      const pending = status.pendingChange ?? "";
      return pending.includes("labels") && pending.includes("env") && status;
    });
    const held = await story.get(STATEFUL_SET);
    assertEquals(held.metadata.generation, before.metadata.generation);
    // What is missing is made, and a new resource is none that could be held back.
    await story.kubectl("delete", "service/orders-function-headless");
    await story.apply(userFunction("other"));
    await story.untilReady("function/other", /^True Ready: 1\/1 pods ready$/);
    await eventually(async () =>
      await story.find("service/orders-function-headless") !== undefined
    );
    const words = JSON.stringify([status, await story.list("events"), controller.logLines]);
    assertEquals(words.includes(PASSWORD), false);
    // An edit takes along what waited.
    await story.patch("function/orders", { spec: { image: "example/runner:2" } });
    await eventually(async () =>
      JSON.stringify(await story.get(STATEFUL_SET)).includes("runner:2")
    );
    await story.untilReady("function/orders", /^True Ready: 1\/1 pods ready$/);
    const rolled = await story.get(STATEFUL_SET);
    assertEquals(JSON.stringify(rolled.spec).includes(PASSWORD), true);
    assertEquals((await story.get<Status>("function/orders")).status.pendingChange, undefined);
  }
});

Deno.test("without --pause-rollout new settings reach pods", async () => {
  await using space = await cluster.namespace();
  const story = kubectlIn(cluster, space.name);
  const watchedNamespace = space.name;
  const settings = { ...DEFAULT_SETTINGS, resourceLabels: { team: "blue" } };
  {
    await using _controller = await runningController(cluster, { watchedNamespace });
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
  }
  await using _controller = await runningController(cluster, { watchedNamespace, settings });
  await eventually(async () => JSON.stringify(await story.get(STATEFUL_SET)).includes("blue"));
  await story.untilReady("function/orders", /^True Ready: 1\/1 pods ready$/);
});
