import { assertEquals } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
import { controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();

controllerTest(
  "a deleted Function takes everything with it, and nothing is made again",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", { maxReplicas: 3 }));
    await story.untilReady("function/orders");
    await story.kubectl("delete", "fn/orders");
    // The garbage collector of a new control plane takes most of a minute to learn of new kinds.
    await eventually(
      async () => (await story.list("function,statefulset,service,hpa,pod")).length === 0,
      { timeoutMs: 180_000 },
    );
    const writes = () => story.controller.metric("mesh_api_requests_total", { verb: "apply" });
    const before = await writes();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assertEquals(await writes(), before);
    assertEquals((await story.list("function,statefulset,service,hpa,pod")).length, 0);
  },
);

controllerTest(
  "a Function that is waited for in the foreground goes last, and is not repaired meanwhile (W-27)",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", { replicas: 2 }));
    await story.untilReady("function/orders");
    await story.kubectl("delete", "fn/orders", "--cascade=foreground", "--timeout=180s");
    assertEquals((await story.list("function,statefulset,service,pod")).length, 0);
    assertEquals(await story.controller.metric("mesh_drift_corrected_total"), 0);
  },
);

controllerTest(
  "a namespace that is deleted goes without an error of ours",
  { cluster },
  async (story) => {
    await story.apply(
      ...["a", "b", "c", "d"].map((name) => userFunction(name, { maxReplicas: 3 })),
    );
    for (const name of ["a", "b", "c", "d"]) await story.untilReady(`function/${name}`);
    await cluster.kubectl(["delete", "namespace", story.namespace, "--timeout=180s"]);
    // The last words of a pass that was under way.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const bad = story.controller.logLines.filter((line) => /"level":"(warn|error)"/.test(line));
    assertEquals(bad, []);
  },
);
