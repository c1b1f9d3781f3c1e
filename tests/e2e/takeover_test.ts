import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { assertCross, meanwhile, numbered } from "./support/messages.ts";
import { e2eTest, type Pod, type Resource, type Story } from "./support/story.ts";

const NAME = "java-function-sample";
const MANAGED = "compute.functionmesh.io/managed";

/** What the reference operator made of one of its samples, with places for what this cluster has others of. */
const LEFT = new URL("takeover/java_function.json", import.meta.url);

interface Topics {
  readonly input: string;
  readonly output: string;
}

async function leftObjects(
  story: Story,
  { input, output, uid }: Topics & { readonly uid: string },
): Promise<readonly KubeObject[]> {
  const text = (await Deno.readTextFile(LEFT))
    .replaceAll("NAMESPACE", story.namespace)
    .replaceAll("IMAGE", story.image)
    .replaceAll("INPUT_TOPIC", input)
    .replaceAll("OUTPUT_TOPIC", output)
    .replaceAll("FUNCTION_UID", uid);
  return JSON.parse(text);
}

/** Puts the objects there as the reference operator did, while the program is told to leave the Function alone. */
async function leaveBehind(story: Story, topics: Topics): Promise<KubeObject> {
  const { namespace } = story;
  const create = async (object: KubeObject, manager: string) =>
    await story.cluster.kubectl(["create", `--field-manager=${manager}`, "-f", "-"], {
      stdin: JSON.stringify(object),
    });
  const needed = { kind: "ConfigMap", data: story.pulsarConfig()["data"], name: "test-pulsar" };
  const secret = {
    kind: "Secret",
    stringData: { username: "ann", password: "x" },
    name: "test-secret",
  };
  for (const { name, ...object } of [needed, secret]) {
    await create({ apiVersion: "v1", ...object, metadata: { name, namespace } }, "kubectl-create");
  }
  const [authored] = await leftObjects(story, { ...topics, uid: "" });
  if (authored === undefined) throw new Error("Cannot take over: nothing was left");
  const annotations = { [MANAGED]: "false" };
  await create({ ...authored, metadata: { ...authored.metadata, annotations } }, "kubectl-create");
  const { metadata } = await story.get("Function", NAME);
  const [, ...children] = await leftObjects(story, { ...topics, uid: metadata.uid ?? "" });
  for (const child of children) await create(child, "manager");
  // What is left of its status once our definitions are in place: which generation it had acted on.
  const status = { observedGeneration: metadata.generation, replicas: 1 };
  await story.kubectl(
    ...["patch", `function/${NAME}`, "--subresource=status", "--type=merge"],
    ...["--field-manager=manager", "-p", JSON.stringify({ status })],
  );
  await story.kubectl("wait", "--for=create", `pod/${NAME}-function-0`, "--timeout=30s");
  await story.kubectl("wait", "--for=condition=Ready", `pod/${NAME}-function-0`, "--timeout=60s");
  return authored;
}

/** Whatever would change if a pod were touched. */
async function footprint(story: Story): Promise<unknown> {
  const set = await story.get<Resource>("StatefulSet", `${NAME}-function`);
  const pods = await story.pods(`${NAME}-function`);
  return {
    generation: set.metadata.generation,
    revision: set.status?.["updateRevision"],
    pods: pods.map(({ metadata, status }: Pod) => ({
      uid: metadata.uid,
      restarts: status.containerStatuses?.map(({ name, restartCount }) => [name, restartCount]),
    })),
  };
}

e2eTest(
  "takeover",
  "what the reference operator left is taken over while messages run",
  async (story) => {
    const topics = { input: story.topic("in"), output: story.topic("out") };
    const authored = await leaveBehind(story, topics);
    await assertCross(story, { ...topics, texts: numbered("before", 10) });
    const before = await footprint(story);
    assertMatch(
      JSON.stringify(before),
      /"restarts":\[\["pulsar-function",0\],\["sidecar-function",0\]\]/,
    );

    const texts = numbered("meanwhile", 100);
    const crossing = meanwhile(assertCross(story, { ...topics, texts, intervalMs: 100 }));
    await story.kubectl("annotate", `function/${NAME}`, `${MANAGED}-`);
    const said = await story.untilReady("Function", NAME);
    assertMatch(said, /made by function-mesh, \d changed fields? waits? until/);
    assertEquals(await footprint(story), before);

    // The author puts the same into Git.
    const { namespace: _namespace, ...metadata } = authored.metadata;
    await story.untilHealthy(await story.commit({ sample: { ...authored, metadata } }));
    await crossing;
    assertEquals(await footprint(story), before);
    await assertCross(story, { ...topics, texts: numbered("after", 10) });
  },
);
