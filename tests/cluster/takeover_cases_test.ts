import { assertEquals, assertMatch } from "@std/assert";
import { conditionOf, type KubeObject } from "#base";
import { meshwright } from "../support/cli.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type Conditioned, readyText } from "../support/controller_story.ts";
import { runningController } from "../support/running_controller.ts";
import {
  definitionFacts,
  referenceDefinitions,
  storeCases,
  type TakeoverCase,
  takeoverCases,
} from "../support/takeover.ts";

// Definitions are the whole cluster's: nobody else may need others meanwhile.
const cluster = testCluster({ alone: true });

/** Not part of this repository: without them this counts as ignored. */
const cases = await takeoverCases();

const COMPONENTS = "functions,sources,sinks";
const RESOURCES = `${COMPONENTS},functionmeshes`;
const ROLLOUT = "compute.functionmesh.io/rollout";
const PAUSE = "compute.functionmesh.io/pause-rollout";

Deno.test({
  name: "what the reference operator left is taken over without touching a pod",
  ignore: cases.length === 0,
  async fn(t) {
    assertEquals(cases.length, 28);
    await cluster.apply(...referenceDefinitions());
    await cluster.kubectl(["wait", "--for=condition=Established", "crd", "--all"]);
    await storeCases(cluster, cases.map(withLeaks));
    await untilPodsRun();
    const before = await workloads();
    await t.step("definitions are as strict as those of the reference", definitionsAreTheirs);
    await t.step("takeover names webhooks that would block, and does nothing then", takeoverWaits);
    await t.step("takeover puts definitions in place", takeoverWorks);
    {
      await using _controller = await runningController(cluster);
      await untilAllReady();
      assertEquals(await workloads(), before);
      await t.step("statuses are ours, and nothing of the old form is left", statusesAreOurs);
      await t.step("authors manage what they managed", authorsStay);
      await t.step("definitions convert nothing any more", definitionsAreOurs);
    }
    const versions = await untilQuiet();
    {
      await using controller = await runningController(cluster);
      await eventually(async () =>
        await controller.metric("mesh_reconcile_total") >= cases.length &&
        await controller.metric("mesh_queue_depth") === 0
      );
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      assertEquals(await resourceVersions(), versions, "a restart writes nothing");
      await t.step("an edit rolls its own pods, and takes away what it took out", editRolls);
      await t.step("an edit of a mesh rolls the pods of its item", meshEditRolls);
      await t.step("a roll-out can be asked for", rolloutRolls);
      await t.step("what is held back can be scaled", heldScales);
      await t.step("a resource with the old finalizer is cleaned up and goes", finalizerWorks);
    }
    await t.step("the way back is open", goBack);
    await t.step("and the way here once more", comeAgain);
    await t.step("definitions convert nothing again", definitionsAreOurs);
  },
});

async function definitionsAreTheirs() {
  const facts = await definitionFacts();
  assertEquals(facts.length, 5);
  for (const { name, conversion, versions } of facts) {
    const { spec } = await cluster.get<{ readonly spec: DefinitionSpec }>(["crd", name]);
    assertEquals(spec.conversion, conversion, name);
    const found = spec.versions.map(({ name, schema, subresources }) => ({
      name,
      served: true,
      storage: true,
      subresources,
      status: schema.openAPIV3Schema.properties.status,
    }));
    assertEquals(found, versions, name);
  }
}

interface DefinitionSpec {
  readonly conversion: unknown;
  readonly versions: readonly {
    readonly name: string;
    readonly subresources: unknown;
    readonly schema: {
      readonly openAPIV3Schema: { readonly properties: { readonly status: unknown } };
    };
  }[];
}

const TAKEOVER = () => meshwright(["takeover", "--kubeconfig", cluster.kubeconfigPath]);

async function takeoverWaits() {
  await cluster.apply({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "function-mesh" },
    webhooks: [{
      name: "function.example.org",
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      failurePolicy: "Fail",
      clientConfig: { service: { namespace: "function-mesh", name: "webhook" } },
      rules: [{
        apiGroups: ["compute.functionmesh.io"],
        apiVersions: ["v1alpha1"],
        operations: ["CREATE", "UPDATE"],
        resources: ["functions"],
      }],
    }],
  });
  const { code, notes } = await TAKEOVER();
  assertEquals(code, 1);
  assertEquals(notes[1], "  kubectl delete validatingwebhookconfiguration function-mesh");
  const definition = await cluster.get<KubeObject>(["crd", "functions.compute.functionmesh.io"]);
  assertMatch(JSON.stringify(definition.spec), /"required":\["conditions","replicas","selector"\]/);
  await cluster.kubectl(["delete", "validatingwebhookconfiguration", "function-mesh"]);
}

async function takeoverWorks() {
  const { code, out } = await TAKEOVER();
  assertEquals(code, 0);
  assertEquals(out.includes("functions.compute.functionmesh.io: configured"), true);
  const components = await everywhere(COMPONENTS);
  assertEquals(out.at(-1), `statuses cleared: ${components.length}`);
  const again = await TAKEOVER();
  assertEquals([again.code, again.out.at(-1)], [0, "statuses cleared: 0"]);
}

async function statusesAreOurs() {
  for (const object of await everywhere<Conditioned>(RESOURCES)) {
    const name = `${object.kind} ${object.metadata.name}`;
    const status = object.status as Record<string, unknown>;
    assertEquals(Array.isArray(status["conditions"]), true, name);
    for (const old of ["condition", "functionConditions", "sinkConditions", "sourceConditions"]) {
      assertEquals(status[old], undefined, name);
    }
    if (object.kind === "FunctionMesh") continue;
    assertEquals(status["renderedBy"], "function-mesh", name);
    assertMatch(String(status["pendingChange"]), /^StatefulSet spec\.template\.spec\./, name);
    const isPaused = object.metadata.annotations?.[PAUSE] === "true";
    const said = isPaused
      ? /rollout paused, \d/
      : /made by function-mesh, \d changed fields? waits? until/;
    assertMatch(readyText(object), said);
  }
}

/** The author of a resource goes on managing its fields, so that an apply can take them away. */
async function authorsStay() {
  const shown = await cluster.kubectl(
    ["get", RESOURCES, "--all-namespaces", "--show-managed-fields", "-o", "json"],
  );
  const { items } = JSON.parse(shown) as {
    readonly items: readonly {
      readonly metadata: {
        readonly name: string;
        readonly managedFields?: readonly { readonly manager: string }[];
      };
    }[];
  };
  assertEquals(items.length > cases.length, true);
  for (const { metadata } of items) {
    const managers = metadata.managedFields?.map(({ manager }) => manager) ?? [];
    const isThere = managers.some((name) => name === "kubectl-create" || name === "manager");
    assertEquals(isThere, true, `${metadata.name}: ${managers}`);
  }
}

async function definitionsAreOurs() {
  const { items } = await cluster.get<{ readonly items: readonly KubeObject[] }>(["crd"]);
  const own = items.filter(({ metadata }) => metadata.name.endsWith("functionmesh.io"));
  assertEquals(own.length >= 5, true);
  for (const { spec, metadata } of own) {
    assertEquals((spec as { conversion: unknown }).conversion, { strategy: "None" }, metadata.name);
  }
}

async function editRolls() {
  const namespace = "real-0000-function";
  const before = await workloads();
  const patch = { spec: { pod: { env: null, labels: null, annotations: null } } };
  await cluster.kubectl(
    ["patch", "fn/java-function-sample", "-n", namespace, "--type=merge", "-p"].concat(
      JSON.stringify(patch),
    ),
  );
  const name = `${namespace}/java-function-sample-function`;
  await untilRolled(name, before);
  const text = JSON.stringify(await everywhere("statefulsets", namespace));
  for (const gone of ["EXAMPLE_VARIABLE", "locaction", "managed-function"]) {
    assertEquals(text.includes(gone), false, gone);
  }
  assertMatch(text, /sidecar-function/);
  await onlyChanged(name, before);
}

async function meshEditRolls() {
  const namespace = "real-0004-functionmesh";
  const before = await workloads();
  const patch = [{ op: "add", path: "/spec/functions/0/maxMessageRetry", value: 3 }];
  await cluster.kubectl(
    ["patch", "fmesh/functionmesh-sample", "-n", namespace, "--type=json", "-p"].concat(
      JSON.stringify(patch),
    ),
  );
  const name = `${namespace}/functionmesh-sample-ex1-function`;
  await untilRolled(name, before);
  await onlyChanged(name, before);
  const [edited, other] = await everywhere("functions", namespace);
  // What the reference stored goes with the first edit that its item gets.
  assertEquals(JSON.stringify(edited?.spec).includes("__WINDOWCONFIGS__"), false);
  assertEquals((edited?.spec as { maxMessageRetry?: number }).maxMessageRetry, 3);
  assertEquals(JSON.stringify(other?.spec).includes("__WINDOWCONFIGS__"), true);
}

/** Children of meshes hold what the reference's webhook and its own Update (W-4) put there. */
function withLeaks(one: TakeoverCase): TakeoverCase {
  const leaked = (object: KubeObject): KubeObject => {
    if (object.metadata.ownerReferences?.[0]?.kind !== "FunctionMesh") return object;
    const spec = object.spec as Record<string, unknown>;
    const internals = { __WINDOWCONFIGS__: { windowLengthCount: 3 } };
    return { ...object, spec: { ...spec, timeout: 0, maxMessageRetry: 1, funcConfig: internals } };
  };
  return { ...one, items: one.items.map(leaked) };
}

async function rolloutRolls() {
  const namespace = "real-0017-function";
  const before = await workloads();
  await cluster.kubectl(["annotate", "fn/function-sample-env", "-n", namespace, `${ROLLOUT}=now`]);
  const name = `${namespace}/function-sample-env-function`;
  await untilRolled(name, before);
  await onlyChanged(name, before);
}

async function heldScales() {
  const namespace = "real-0030-function";
  const name = `${namespace}/py-function-replica-one-function`;
  const before = await workloads();
  await cluster.kubectl(["scale", "fn/py-function-replica-one", "-n", namespace, "--replicas=2"]);
  await eventually(async () => (await workloads())[name]?.pods.length === 2);
  const after = (await workloads())[name];
  assertEquals(after?.revision, before[name]?.revision);
  assertEquals(after?.pods[0], before[name]?.pods[0]);
  await untilAllReady();
}

async function finalizerWorks() {
  const name = "function-download-sample";
  const args = ["fn", name, "-n", "real-0012-function"];
  const { metadata } = await cluster.get<KubeObject>(args);
  assertEquals(metadata.finalizers, ["cleanup.subscription.finalizer"]);
  await cluster.kubectl(["delete", ...args, "--timeout=180s"]);
}

/** What docs/from-function-mesh.md tells to do: the reference cannot read a list of conditions. */
async function goBack() {
  const before = await workloads();
  for (const { kind, metadata } of await everywhere(RESOURCES)) {
    const target = [
      `${kind}.compute.functionmesh.io/${metadata.name}`,
      "-n",
      `${metadata.namespace}`,
    ];
    await cluster.kubectl(
      ["patch", ...target, "--subresource=status", "--type=merge", "-p", '{"status":null}'],
    );
  }
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], {
    stdin: referenceDefinitions({ conversion: "Webhook" })
      .map((object) => JSON.stringify(object)).join("\n---\n"),
  });
  for (const { status } of await everywhere(RESOURCES)) assertEquals(status ?? {}, {});
  const patch = ["patch", "sinks.compute.functionmesh.io/sink-sample", "-n", "real-0007-sink"]
    .concat(["--subresource=status", "--type=merge", "-p"]);
  const conditions = { StatefulSet: { condition: "StatefulSetReady", status: "True" } };
  const partly = await cluster.tryKubectl([...patch, JSON.stringify({ status: { conditions } })]);
  assertMatch(partly.stderr, /status\.replicas: Required value/);
  const status = { conditions, replicas: 1, selector: "compute.functionmesh.io/name=sink-sample" };
  await cluster.kubectl([...patch, JSON.stringify({ status })]);
  assertEquals(await workloads(), before);
}

async function comeAgain() {
  const before = await workloads();
  await using _controller = await runningController(cluster);
  await untilAllReady();
  assertEquals(await workloads(), before);
}

interface Workload {
  readonly generation: number;
  readonly revision: string;
  /** The pods as `name uid`. */
  readonly pods: readonly string[];
}

interface StatefulSet extends KubeObject {
  readonly status?: { readonly updateRevision?: string };
}

/** The StatefulSets with their pods: whatever changes a pod changes this. */
async function workloads(): Promise<Record<string, Workload>> {
  const [sets, pods] = await Promise.all([
    everywhere<StatefulSet>("statefulsets"),
    everywhere("pods"),
  ]);
  return Object.fromEntries(sets.map(({ metadata, status }) => [
    `${metadata.namespace}/${metadata.name}`,
    {
      generation: metadata.generation ?? 0,
      revision: status?.updateRevision ?? "",
      pods: pods
        .filter((pod) => pod.metadata.ownerReferences?.[0]?.uid === metadata.uid)
        .map((pod) => `${pod.metadata.name} ${pod.metadata.uid}`).sort(),
    },
  ]));
}

async function untilRolled(name: string, before: Readonly<Record<string, Workload>>) {
  const old = before[name]?.pods ?? [];
  assertEquals(old.length > 0, true, name);
  await eventually(async () => {
    const { pods = [] } = (await workloads())[name] ?? {};
    return pods.length === old.length && pods.every((pod) => !old.includes(pod));
  }, { intervalMs: 250 });
  await untilAllReady();
}

async function onlyChanged(name: string, before: Readonly<Record<string, Workload>>) {
  const after = await workloads();
  const changed = Object.keys(after).filter((key) =>
    JSON.stringify(after[key]) !== JSON.stringify(before[key])
  );
  assertEquals(changed, [name]);
}

async function untilPodsRun() {
  await eventually(async () => {
    const pods = await everywhere<Conditioned>("pods");
    const ready = pods.filter(({ status }) =>
      conditionOf(status?.conditions, "Ready")?.status === "True"
    );
    const sets = await everywhere<KubeObject & { spec: { replicas: number } }>("statefulsets");
    const wanted = sets.reduce((sum, { spec }) => sum + spec.replicas, 0);
    return ready.length === wanted && sets.length >= cases.length;
  }, { intervalMs: 500 });
}

async function untilAllReady() {
  await eventually(async () => {
    const waiting = (await everywhere<Conditioned>(RESOURCES))
      .map((object) => `${object.kind} ${object.metadata.name} ${readyText(object)}`)
      .filter((line) => !/^\S+ \S+ True /.test(line));
    assertEquals(waiting, []);
    return true;
  }, { timeoutMs: 300_000, intervalMs: 500 });
}

/** Until nothing is written any more, also not by the cluster's own controllers. */
async function untilQuiet(): Promise<string[]> {
  let last: string[] = [];
  return await eventually(async () => {
    const now = await resourceVersions();
    const isQuiet = JSON.stringify(now) === JSON.stringify(last);
    last = now;
    return isQuiet && now;
  }, { timeoutMs: 300_000, intervalMs: 3_000 });
}

async function resourceVersions(): Promise<string[]> {
  const objects = await everywhere(`${RESOURCES},statefulsets,services`);
  return objects.map(({ kind, metadata }) =>
    `${kind} ${metadata.namespace}/${metadata.name} ${metadata.resourceVersion}`
  ).sort();
}

async function everywhere<T extends KubeObject = KubeObject>(
  kinds: string,
  namespace?: string,
): Promise<T[]> {
  const where = namespace === undefined ? ["--all-namespaces"] : ["-n", namespace];
  return (await cluster.get<{ readonly items: T[] }>([kinds, ...where])).items;
}
