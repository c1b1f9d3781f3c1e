import { assertEquals } from "@std/assert";
import { conditionOf, type KubeObject } from "#base";
import { goldenCases } from "../golden/golden_cases.ts";
import { eventually, testCluster, type TestNamespace } from "../support/control_plane.ts";
import { type Conditioned, readyText } from "../support/controller_story.ts";
import { metricSamples, runningController } from "../support/running_controller.ts";

// What an API server counts has no names of users: nobody else may ask it.
const cluster = testCluster({ alone: true });

/** What the controller may write: its children, its own kinds and their statuses. */
const WRITTEN = [
  "functionmeshes",
  "functions",
  "horizontalpodautoscalers",
  "services",
  "sinks",
  "sources",
  "statefulsets",
];
const WRITE_VERBS = ["APPLY", "DELETE", "PATCH", "POST", "PUT"];

Deno.test("the valid public samples become Ready; restarts and further passes write nothing", async () => {
  const cases = goldenCases(["real"]).filter((one) => one.invalid === undefined);
  assertEquals(cases.length, 28);
  await using stack = new AsyncDisposableStack();
  const spaces: TestNamespace[] = [];
  for (const _case of cases) spaces.push(stack.use(await cluster.namespace()));
  let children: string[] = [];
  {
    await using _controller = await runningController(cluster);
    await cluster.apply(
      ...cases.map(({ input }, index) => inNamespace(input, spaces[index]?.name)),
    );
    await eventually(async () => {
      assertEquals(await notReady(), []);
      return true;
    }, { intervalMs: 500 });
    await untilQuiet();
    children = await versions();
  }
  const before = await writes();
  {
    // A process that starts looks at everything once.
    await using controller = await runningController(cluster);
    await eventually(async () => {
      const passes = await controller.metric("mesh_reconcile_total");
      const waiting = await controller.metric("mesh_queue_depth");
      return passes >= cases.length && waiting === 0;
    });
    assertEquals(await controller.metric("mesh_reconcile_total", { result: "error" }), 0);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assertEquals(await writes(), before);
    const asked = metricSamples(await controller.exposition(), "mesh_api_requests_total")
      .map(({ labels }) => `${labels["verb"]} ${labels["kind"]}`)
      .filter((line) => !/^(list|watch|discover) | CustomResourceDefinition$/.test(line));
    assertEquals(asked, []);
  }
  assertEquals(await versions(), children);
  assertEquals(await notReady(), []);
});

function inNamespace(object: KubeObject, namespace = ""): KubeObject {
  const { uid: _uid, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, namespace } };
}

async function everywhere<T extends KubeObject>(kinds: string): Promise<T[]> {
  return (await cluster.get<{ readonly items: T[] }>([kinds, "--all-namespaces"])).items;
}

/** What is not ready yet, in words. */
async function notReady(): Promise<string[]> {
  const objects = await everywhere<Conditioned>("fn,source,sink,fmesh");
  return objects
    .map((object) => `${object.kind} ${object.metadata.name} ${readyText(object)}`)
    .filter((line) => !/^\S+ \S+ True /.test(line));
}

async function versions(): Promise<string[]> {
  const objects = await everywhere("statefulsets,services,hpa");
  return objects.map(({ kind, metadata }) =>
    `${kind} ${metadata.namespace}/${metadata.name} ${metadata.generation} ${metadata.resourceVersion}`
  );
}

/** Writes that the API server has counted, by what was written. */
async function writes(): Promise<Record<string, number>> {
  const text = await cluster.kubectl(["get", "--raw", "/metrics"]);
  const counted = metricSamples(text, "apiserver_request_total")
    .filter(({ labels }) =>
      labels["dry_run"] === "" && WRITTEN.includes(labels["resource"] ?? "") &&
      WRITE_VERBS.includes(labels["verb"] ?? "")
    )
    .map(({ labels, value }) => {
      const { verb, resource, subresource, code } = labels;
      return [`${verb} ${resource}/${subresource} ${code}`, value] as const;
    });
  return Object.fromEntries(counted.sort(([a], [b]) => a < b ? -1 : 1));
}

/**
 * Until the cluster's own controllers are done as well: they write the statuses of what they look after, that of autoscalers
 * a quarter of a minute after the rest.
 */
async function untilQuiet(): Promise<void> {
  let last = JSON.stringify(await writes());
  await eventually(async () => {
    const now = JSON.stringify(await writes());
    const isQuiet = now === last;
    last = now;
    const autoscalers = await everywhere<Conditioned>("hpa");
    return isQuiet &&
      autoscalers.every(({ status }) =>
        conditionOf(status?.conditions, "AbleToScale") !== undefined
      );
  }, { intervalMs: 3_000 });
}
