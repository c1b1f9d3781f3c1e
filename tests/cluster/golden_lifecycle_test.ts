import { assertEquals } from "@std/assert";
import { isComponent, problems } from "#api";
import type { KubeObject } from "#base";
import { goldenCases } from "../golden/golden_cases.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { runningController } from "../support/running_controller.ts";

// What is left behind is looked for everywhere: nobody else may leave anything meanwhile.
const cluster = testCluster({ alone: true });

/** A BackendConfig changes there and is not to reach pods; it is to reach them; there is none. */
const NAMESPACES = ["quiet", "loud", "plain"] as const;
const RESOURCES = "functionmeshes,functions,sources,sinks";
const COMPONENTS = "functions,sources,sinks";
/** What the program makes, and what that makes. */
const MADE = "statefulsets,services,hpa,jobs,pods,controllerrevisions,endpointslices";

interface Spec {
  readonly replicas?: number;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  readonly showPreciseParallelism?: boolean;
}

interface Resource extends KubeObject {
  readonly spec: Spec;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly reason: string }[];
  };
}

interface StatefulSet extends KubeObject {
  readonly spec: { readonly replicas: number; readonly template: unknown };
}

const INPUTS = goldenCases()
  .filter(({ input, invalid, panic }) =>
    invalid === undefined && panic === undefined && problems(input).length === 0
  )
  .map(({ input }, index) => placed(input, index));

Deno.test("all valid inputs: made, restarted, configured, scaled, deleted, with no roll-out that nobody asked for", async (t) => {
  assertEquals(INPUTS.length > 150, true, `${INPUTS.length}`);
  await prepare();
  {
    await using _controller = await runningController(cluster);
    await apply(INPUTS);
    await untilLookedAt(INPUTS.length);
  }
  const made = await statefulSets();
  const components = (await everywhere<Resource>(COMPONENTS)).map(setOf);
  assertEquals(Object.keys(made).sort(), components.sort());
  await using _controller = await runningController(cluster);
  await t.step("a restart changes nothing", async () => {
    await quietly();
    assertEquals(await statefulSets(), made);
  });
  await t.step(
    "a BackendConfig reaches pods where it says autoUpdate, once, and only there",
    backend,
  );
  await t.step("scaling and the bounds of autoscalers change no template", scaled);
  await t.step("nothing is left behind", deleted);
});

/** What the inputs take for granted: namespaces, an account, and nodes with a certain disk. */
async function prepare() {
  for (const name of NAMESPACES) {
    await cluster.kubectl(["create", "namespace", name]);
    await cluster.kubectl(["create", "serviceaccount", "fn-sa", "-n", name]);
  }
  await cluster.kubectl(["label", "nodes", "--all", "disk=ssd"]);
}

/** All in some namespace, under names of their own. */
function placed(input: KubeObject, index: number): KubeObject {
  const { labels, annotations, finalizers: _finalizers } = input.metadata;
  const namespace = NAMESPACES[index % NAMESPACES.length] ?? "";
  return {
    ...withScratch(input),
    metadata: {
      name: `g${index}`,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
}

/** Some inputs mount a volume that they do not have: no API server takes the pods of those. */
function withScratch(input: KubeObject): KubeObject {
  const spec = input.spec as { readonly pod?: { readonly volumes?: readonly { name: string }[] } };
  const volumes = spec.pod?.volumes ?? [];
  const isMissing = JSON.stringify(spec).includes('"scratch"') &&
    !JSON.stringify(spec).includes("volumeClaimTemplates") &&
    !volumes.some(({ name }) => name === "scratch");
  if (!isMissing) return input;
  const pod = { ...spec.pod, volumes: [...volumes, { name: "scratch", emptyDir: {} }] };
  return { ...input, spec: { ...spec, pod } };
}

async function backend() {
  const before = await statefulSets();
  await apply([config("quiet", false), config("loud", true)]);
  await eventually(async () => {
    const after = await statefulSets();
    const isRolled = (name: string) =>
      JSON.stringify(after[name]?.template).includes("added-by-backend-config");
    const waiting = Object.keys(after).filter((name) =>
      name.startsWith("loud/") && !isHeldBack(name) && !isRolled(name)
    );
    assertEquals(waiting, []);
    return true;
  }, { intervalMs: 500 });
  await quietly();
  for (const [name, { generation, template }] of Object.entries(await statefulSets())) {
    const old = before[name];
    const isAsked = name.startsWith("loud/") && !isHeldBack(name);
    assertEquals(generation, (old?.generation ?? 0) + (isAsked ? 1 : 0), name);
    if (!isAsked) assertEquals(template, old?.template, name);
  }
}

async function scaled() {
  const before = await statefulSets();
  const components = await everywhere<Resource>(COMPONENTS);
  const free = components.filter(({ spec, metadata }) =>
    spec.maxReplicas === undefined && (metadata.ownerReferences ?? []).length === 0
  );
  const bounded = components.filter(({ spec, metadata }) =>
    spec.maxReplicas !== undefined && (metadata.ownerReferences ?? []).length === 0
  );
  assertEquals([free.length > 50, bounded.length > 50], [true, true]);
  for (const namespace of NAMESPACES) {
    const names = free.filter(({ metadata }) => metadata.namespace === namespace).map(nameOf);
    await cluster.kubectl(["scale", ...names, "--replicas=3", "-n", namespace]);
  }
  await apply(
    bounded.map(({ apiVersion, kind, metadata, spec }) => ({
      apiVersion,
      kind,
      metadata: { name: metadata.name, ...ownNamespace(metadata.namespace) },
      spec: { minReplicas: 2, maxReplicas: Math.max(4, (spec.maxReplicas ?? 0) + 1) },
    })),
    "bounds",
  );
  await eventually(async () => {
    const sets = await statefulSets();
    const late = free.filter((object) => sets[setOf(object)]?.replicas !== 3).map(setOf);
    assertEquals(late, []);
    return true;
  }, { intervalMs: 500 });
  await quietly();
  const after = await statefulSets();
  const precise = new Set(
    components.filter(({ spec }) => spec.showPreciseParallelism === true).map(setOf),
  );
  for (const [name, { template }] of Object.entries(after)) {
    // There the number is part of the command, and scaling asks for the change.
    if (!precise.has(name)) assertEquals(template, before[name]?.template, name);
  }
}

async function deleted() {
  for (const namespace of NAMESPACES) {
    await cluster.kubectl(["delete", RESOURCES, "--all", "-n", namespace, "--wait=false"]);
  }
  // A new control plane's garbage collector takes most of a minute to learn of new kinds.
  await eventually(async () => {
    const left = (await Promise.all([everywhere(RESOURCES), everywhere(MADE)])).flat()
      .filter(({ metadata }) => NAMESPACES.includes(metadata.namespace as "quiet"))
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    assertEquals(left, []);
    return true;
  }, { timeoutMs: 120_000, intervalMs: 1_000 });
}

/** Whether a resource that is paused or not managed is behind a StatefulSet. */
function isHeldBack(name: string): boolean {
  const [namespace, set = ""] = name.split("/");
  return INPUTS.some(({ metadata }) => {
    const { annotations = {} } = metadata;
    const isOurs = metadata.namespace === namespace && set.startsWith(`${metadata.name}-`);
    return isOurs && annotations["compute.functionmesh.io/pause-rollout"] === "true";
  });
}

function config(namespace: string, autoUpdate: boolean): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "BackendConfig",
    metadata: { name: "backend-config", namespace },
    spec: { autoUpdate, env: { ADDED: "added-by-backend-config" } },
  };
}

interface Seen {
  readonly generation: number;
  readonly replicas: number;
  readonly template: unknown;
}

async function statefulSets(): Promise<Record<string, Seen>> {
  const sets = await everywhere<StatefulSet>("statefulsets");
  return Object.fromEntries(sets.map(({ metadata, spec }) => [
    `${metadata.namespace}/${metadata.name}`,
    {
      generation: metadata.generation ?? 0,
      replicas: spec.replicas,
      template: spec.template,
    },
  ]));
}

/** Until each resource has been looked at as it is; what the API server refuses to run would be said there. */
async function untilLookedAt(count: number) {
  await eventually(async () => {
    const objects = await everywhere<Resource>(RESOURCES);
    const waiting = objects.filter(({ metadata, status }) =>
      metadata.annotations?.["compute.functionmesh.io/managed"] !== "false" &&
      status?.observedGeneration !== metadata.generation
    ).map((object) => `${nameOf(object)} ${object.metadata.namespace}`);
    assertEquals(waiting, []);
    return objects.length >= count;
  }, { intervalMs: 1_000 });
}

/** Until StatefulSets stay as they are. */
async function quietly() {
  let last = "";
  await eventually(async () => {
    const now = JSON.stringify(await statefulSets());
    const isQuiet = now === last;
    last = now;
    return isQuiet;
  }, { intervalMs: 2_500 });
}

async function apply(objects: readonly unknown[], manager = "author") {
  const stdin = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  const args = ["apply", "--server-side", "--force-conflicts", "--validate=ignore"];
  await cluster.kubectl([...args, `--field-manager=${manager}`, "-f", "-"], { stdin });
}

async function everywhere<T extends KubeObject = KubeObject>(kinds: string): Promise<T[]> {
  return (await cluster.get<{ readonly items: T[] }>([kinds, "--all-namespaces"])).items;
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind.toLowerCase()}.compute.functionmesh.io/${metadata.name}`;
}

function setOf(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return isComponent(object) ? `${namespace}/${name}-${object.kind.toLowerCase()}` : "";
}

function ownNamespace(namespace: string | undefined): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}
