import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type ControllerStory, controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();

const STATEFUL_SET = "statefulset/orders-function";

interface StatefulSet extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly env: readonly { name: string }[] }[];
      };
    };
  };
}

controllerTest(
  "what a correction had to merge is owned by an apply alone, and leaves with the resource's wish for it",
  { cluster },
  async (story) => {
    const env = ["REGION", "ZONE"].map((name) => ({ name, value: "north" }));
    await story.apply(userFunction("orders", { pod: { env } }));
    await story.untilReady("function/orders");
    // Two sources of one value contradict each other: an apply alone would be refused.
    const containers = [{
      name: "pulsar-function",
      env: [{ name: "POD_NAME", value: "evil", valueFrom: null }],
    }];
    const edit = { spec: { template: { spec: { containers } } } };
    await story.kubectl("patch", STATEFUL_SET, "--type=strategic", "-p", JSON.stringify(edit));
    await eventually(async () => {
      const operations = await ownOperations(story);
      return (await story.events("function/orders")).some((event) =>
        event.includes("DriftCorrected")
      ) &&
        operations.join() === "Apply";
    });
    await story.patch("function/orders", { spec: { pod: { env: env.slice(0, 1) } } });
    await eventually(async () => !(await envNames(story)).includes("ZONE"));
    assertEquals((await envNames(story)).includes("REGION"), true);
  },
);

async function ownOperations(story: ControllerStory): Promise<string[]> {
  const text = await story.kubectl("get", STATEFUL_SET, "--show-managed-fields", "-o", "json");
  const { metadata } = JSON.parse(text) as {
    readonly metadata: {
      readonly managedFields: readonly { manager: string; operation: string }[];
    };
  };
  return metadata.managedFields.filter(({ manager }) => manager === "meshwright")
    .map(({ operation }) => operation);
}

async function envNames(story: ControllerStory): Promise<string[]> {
  const { spec } = await story.get<StatefulSet>(STATEFUL_SET);
  return spec.template.spec.containers[0]?.env.map(({ name }) => name) ?? [];
}
