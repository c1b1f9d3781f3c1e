/** What the cluster's controllers say of a StatefulSet may repeat its private values: no status tells them. */
import { assert, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  type ControllerStory,
  controllerTest,
  readyText,
  userFunction,
} from "../support/controller_story.ts";

const cluster = testCluster();
const [FIRST, SECOND] = ["the-first-s3cret", "the-second-s3cret"];

controllerTest(
  "a status repeats no private value that a warning tells, also once the value is another",
  { cluster },
  async (story) => {
    await story.apply(
      {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "no-pods" },
        spec: { hard: { pods: "0" } },
      },
      userFunction("orders", podWith(FIRST)),
    );
    await eventually(async () => await story.find("statefulset/orders-function") !== undefined);
    await story.apply(await warningWith(story, `no pod with ${FIRST} or ${SECOND}`));
    assertMatch(
      await story.untilReady("function/orders", /no pod with/),
      /no pod with \*\*\* or the-second-s3cret/,
    );
    await story.patch("function/orders", { spec: podWith(SECOND) });
    assertMatch(await story.untilReady("function/orders", /no pod with/), /or \*\*\*/);
    // The warning is as it was; what is private of the StatefulSet is not.
    const said = readyText(await story.get("function/orders"));
    assert(!said.includes(SECOND), said);
  },
);

function podWith(value: string): Record<string, unknown> {
  return { pod: { env: [{ name: "PASSWORD", value }] } };
}

/** A warning about the StatefulSet, later than all that others say. */
async function warningWith(story: ControllerStory, message: string): Promise<KubeObject> {
  const { metadata: { uid } } = await story.get("statefulset/orders-function");
  const name = "orders-function";
  const about = { apiVersion: "apps/v1", kind: "StatefulSet", name, namespace: story.namespace };
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.warned` },
    involvedObject: { ...about, uid },
    type: "Warning",
    reason: "FailedCreate",
    message,
    source: { component: "statefulset-controller" },
    firstTimestamp: "2099-01-01T00:00:00Z",
    lastTimestamp: "2099-01-01T00:00:00Z",
    count: 1,
  } as KubeObject;
}
