import { assertEquals, assertMatch } from "@std/assert";
import { conditionOf } from "#base";
import { goldenCases } from "../golden/golden_cases.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  type Conditioned,
  type ControllerStory,
  controllerTest,
  readyText,
  userFunction,
} from "../support/controller_story.ts";

const cluster = testCluster();

controllerTest(
  "an invalid Function is Stalled with its problem, and nothing is applied for it",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", { input: { topics: [] } }));
    const said = await story.untilReady("function/orders", /^False InvalidSpec/);
    assertMatch(said, /^False InvalidSpec: spec\.input/);
    assertEquals(await conditions(story, "function/orders"), {
      Ready: "False",
      Reconciling: "False",
      Stalled: "True",
    });
    assertEquals(await story.list("statefulsets,services,pods"), []);
    await eventually(async () =>
      (await story.events("function/orders")).some((line) =>
        line.startsWith("Warning InvalidSpec spec.input")
      )
    );
    await story.patch("function/orders", {
      spec: { input: { topics: ["persistent://public/default/in"] } },
    });
    await story.untilReady("function/orders");
  },
);

controllerTest(
  "a Function whose sidecar the API server would refuse is Stalled with its field, and mending it goes on",
  { cluster },
  async (story) => {
    const sidecar = { name: "log", image: "example/log:1", env: [{ name: "A" }, { name: "A" }] };
    await story.apply(userFunction("orders", { pod: { sidecars: [sidecar] } }));
    const said = await story.untilReady("function/orders", /^False InvalidSpec/);
    assertMatch(said, /^False InvalidSpec: spec\.pod\.sidecars\[0\]\.env\[1\]/);
    assertEquals(await story.list("statefulsets"), []);
    await story.patch("function/orders", {
      spec: { pod: { sidecars: [{ ...sidecar, env: [{ name: "A" }] }] } },
    });
    await story.untilReady("function/orders");
  },
);

controllerTest(
  "an edit that makes a running Function invalid leaves its pods alone, and mending it goes on",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
    const before = [await story.get("statefulset/orders-function"), ...await story.list("pods")];
    const [restarts] = [await story.controller.metric("mesh_reconcile_total")];
    await story.patch("function/orders", { spec: { className: "", image: "example/runner:2" } });
    await story.untilReady("function/orders", /^False InvalidSpec/);
    const { status } = await story.get<Conditioned & { status: Record<string, unknown> }>(
      "function/orders",
    );
    assertEquals([status["replicas"], status["readyReplicas"]], [1, 1]);
    const after = [await story.get("statefulset/orders-function"), ...await story.list("pods")];
    assertEquals(after, before);
    // It is not retried in vain: some passes for the edit and its own status, then silence.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const passes = await story.controller.metric("mesh_reconcile_total");
    assertEquals(passes - restarts <= 4, true, `${passes - restarts} passes`);
    await story.patch("function/orders", { spec: { className: "org.example.Exclaim" } });
    await story.untilReady("function/orders");
    assertMatch(
      JSON.stringify((await story.get("statefulset/orders-function")).spec),
      /example\/runner:2/,
    );
  },
);

controllerTest(
  "whatever the definitions let through, the controller survives and says what is wrong (W-2)",
  { cluster },
  async (story) => {
    const cases = goldenCases(["raw"])
      .filter((one) => one.invalid !== undefined || one.panic !== undefined);
    assertEquals(cases.length > 45, true);
    const stored: string[] = [];
    for (const { name, input } of cases) {
      const metadata = { name: name.toLowerCase(), namespace: story.namespace };
      const { code, stderr } = await cluster.tryKubectl(["create", "-f", "-"], {
        stdin: JSON.stringify({ ...input, metadata }),
      });
      if (code === 0) stored.push(`${input.kind.toLowerCase()}/${metadata.name}`);
      else assertMatch(stderr, /is invalid: |unknown field/, "refused by the definition");
    }
    assertEquals(stored.length > 20, true, `${stored.length} cases are let through`);
    await eventually(async () => {
      const objects = await story.list<Conditioned>("function,source,sink");
      const mute = objects.filter((object) =>
        conditionOf(object.status?.conditions, "Ready")?.message === undefined
      );
      assertEquals(mute.map(({ metadata }) => metadata.name), []);
      return true;
    }, { intervalMs: 500 });
    const objects = await story.list<Conditioned>("function,source,sink");
    assertEquals(objects.length, stored.length);
    const silent = objects.map((object) => `${object.metadata.name} ${readyText(object)}`)
      .filter((line) => / False \w+: $/.test(line));
    assertEquals(silent, []);
    // Nothing threw: an error of our own would be retried for ever.
    const errors = story.controller.logLines.filter((line) => line.includes('"Cannot reconcile"'));
    assertEquals(errors, []);
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
  },
);

async function conditions(story: ControllerStory, name: string) {
  const { status } = await story.get<Conditioned>(name);
  return Object.fromEntries(
    ["Ready", "Reconciling", "Stalled"].map((type) => [
      type,
      conditionOf(status?.conditions, type)?.status,
    ]),
  );
}
