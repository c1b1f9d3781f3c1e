import { assertEquals } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  type Conditioned,
  controllerTest,
  readyText,
  userFunction,
} from "../support/controller_story.ts";
import { metricSamples } from "../support/running_controller.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();

/** More than fit into any queue at once, and few enough for a small machine. */
const COUNT = 300;

controllerTest(
  "300 Functions applied at once all become Ready, each with few requests",
  { cluster, concurrency: 8 },
  async (story) => {
    const names = Array.from({ length: COUNT }, (_, index) => `fn-${index}`);
    await using client = testClient(await cluster.access());
    await Promise.all(names.map((name) => {
      const { metadata, ...rest } = userFunction(name);
      return client.cluster.create({
        ...rest,
        metadata: { ...metadata, namespace: story.namespace },
      });
    }));
    await eventually(async () => {
      const objects = await story.list<Conditioned>("functions");
      const ready = objects.filter((object) => readyText(object).startsWith("True ")).length;
      return ready === COUNT;
    }, { timeoutMs: 180_000, intervalMs: 2_000 });
    assertEquals(await story.controller.metric("mesh_reconcile_total", { result: "error" }), 0);
    const samples = metricSamples(await story.controller.exposition(), "mesh_api_requests_total")
      .filter(({ labels }) => labels["kind"] !== "CustomResourceDefinition");
    const perFunction = Object.fromEntries(
      samples.map(({ labels, value }) =>
        [
          `${labels["verb"]} ${labels["kind"]} ${labels["code"]}`,
          Math.round(value * 100 / COUNT) / 100,
        ] as const
      ).filter(([_, value]) => value > 0.05).sort(([a], [b]) => a < b ? -1 : 1),
    );
    await Deno.stderr.write(
      new TextEncoder().encode(`requests a Function: ${JSON.stringify(perFunction)}\n`),
    );
    assertEquals(perFunction["apply StatefulSet 200"] ?? 0, 0);
    assertEquals(perFunction["apply StatefulSet 201"], 1);
    assertEquals(perFunction["apply Service 201"], 1);
    assertEquals(perFunction["get Service 404"] ?? 0, 0);
    assertEquals(perFunction["get StatefulSet 404"] ?? 0, 0);
    assertEquals((perFunction["create Event 201"] ?? 0) <= 2, true, "events");
    const statusWrites = perFunction["patch Function 200"] ?? 0;
    assertEquals(statusWrites >= 1 && statusWrites <= 4, true, `${statusWrites} status writes`);
  },
);
