import { customResourceDefinitions } from "#api";
import { type KubeObject, systemClock } from "#base";
import { installDefinitions } from "#kube";
import { assertEquals, assertMatch } from "@std/assert";
import { parseAll } from "@std/yaml";
import { type CaseInput, caseInputs, type CaseName } from "../support/cases.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type SyncStory, syncStory } from "../support/sync_story.ts";
import { type RunningLoop, runningLoop } from "../support/running_loop.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();

/** Runs a test on each input of a case. */
async function caseTest(
  name: CaseName,
  expectation: string,
  test: (input: CaseInput) => Promise<void>,
): Promise<void> {
  for (const input of await caseInputs(name)) {
    Deno.test(`case ${name} (${input.origin}): ${expectation}`, () => test(input));
  }
}

/** A story that follows `meshes/` into its own namespace, whatever namespaces are written. */
async function startedStory(spec: Record<string, unknown> = {}): Promise<SyncStory> {
  const story = await syncStory(cluster);
  await story.sync({ targetNamespace: story.namespace, ...spec });
  return story;
}

/** The whole program on one manifest, with what it watches. */
async function startedLoop(text: string): Promise<RunningLoop> {
  const loop = await runningLoop(cluster);
  await loop.repository.commit({ "shop/case.yaml": text });
  await loop.sync("shop", { targetNamespace: loop.namespace });
  return loop;
}

/** Asks for another look at Git, and waits until it is over: what was about to be corrected is by then. */
async function lookedAgain(loop: RunningLoop): Promise<void> {
  await loop.look("shop");
  await eventually(async () => {
    const sync = await loop.read("shop");
    return sync?.status?.lastHandledReconcileAt ===
      sync?.metadata.annotations?.["reconcile.functionmesh.io/requestedAt"];
  });
}

function objectsIn(text: string): KubeObject[] {
  return (parseAll(text) as KubeObject[]).filter((object) => object !== null);
}

await caseTest("08-duplicate-env", "the API server refuses wrong types", async (input) => {
  await using client = testClient(await cluster.access());
  const options = { fieldManager: "meshwright", clock: systemClock };
  await installDefinitions(client.cluster, customResourceDefinitions(), options);
  for (const [file, text] of Object.entries(input.files)) {
    if (file === "deployment.yaml") continue;
    const command = ["create", "--dry-run=server", "-n", "default", "-f", "-"];
    const stdin = text.replaceAll("namespace: shop", "namespace: default");
    const { code, stderr } = await cluster.tryKubectl(command, { stdin });
    assertEquals(code, 1, file);
    assertMatch(stderr, /must be of type/);
  }
});

for (const name of ["13-hpa-below-min", "17-keda-function"] as const) {
  await caseTest(name, "the number of an autoscaler stays", async (input) => {
    const text = input.files["a.yaml"] ?? "";
    await using loop = await startedLoop(text);
    const targets = objectsIn(text).flatMap(({ spec }) => {
      const { scaleTargetRef, minReplicas } = spec as unknown as Autoscaler;
      return scaleTargetRef === undefined
        ? []
        : [{ name: `${scaleTargetRef.kind.toLowerCase()}/${scaleTargetRef.name}`, minReplicas }];
    });
    const read = async (name: string) => await cluster.get<Scaled>([name, "-n", loop.namespace]);
    for (const { name, minReplicas } of targets) {
      const isScaled = async () => (await read(name)).spec.replicas === minReplicas;
      await eventually(isScaled, { timeoutMs: 60_000 });
    }
    const before = await Promise.all(targets.map(({ name }) => read(name)));
    await lookedAgain(loop);
    const after = await Promise.all(targets.map(({ name }) => read(name)));
    const generations = (live: readonly Scaled[]) =>
      live.map(({ metadata }) => metadata.generation);
    assertEquals(generations(after), generations(before));
  });
}

interface Autoscaler {
  readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
  readonly minReplicas: number;
}

interface Scaled {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
}

await caseTest("19-hidden-folder", "a hidden folder that is named is read", async (input) => {
  await using story = await startedStory({ path: ".k8s" });
  await story.repository.commit({ ".k8s/cm.yaml": input.files["cm.yaml"] ?? "" });
  await story.pass();
  assertMatch(await story.ready(), /^True .*: 1 object/);
});
