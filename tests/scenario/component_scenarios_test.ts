/** World in, writes out: `reconcileComponent` on an API server in memory. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ANNOTATIONS, FINALIZERS } from "#api";
import { idOf, type KubeObject } from "#base";
import { ControllerWorld } from "../support/controller_world.ts";
import { functionId, SHOP, statefulSetId } from "../support/controller_world_facts.ts";
import { type Failure, faultAt } from "../support/fault_plan.ts";
import { functionObject } from "../support/objects.ts";

const ORDERS = functionId("orders");
const STATEFUL_SET = statefulSetId("orders");
const SERVICE = {
  apiVersion: "v1",
  kind: "Service",
  namespace: SHOP,
  name: "orders-function-headless",
};

function userFunction(spec: Record<string, unknown> = {}, metadata: object = {}): KubeObject {
  const object = functionObject("orders", spec);
  return { ...object, metadata: { name: "orders", namespace: SHOP, ...metadata } };
}

/** A Function that is Ready, with one pod. */
async function readyWorld(spec: Record<string, unknown> = {}, metadata: object = {}) {
  const world = new ControllerWorld();
  world.createNow(userFunction(spec, metadata));
  await world.settle();
  world.runPods();
  await world.settle();
  assertEquals(world.ready(ORDERS), "True Ready: 1/1 pods ready");
  return world;
}

function replicasOf(object: KubeObject | undefined): unknown {
  return (object?.spec as { readonly replicas?: number } | undefined)?.replicas;
}

function imageOf(object: KubeObject | undefined): string | undefined {
  const { template } = object?.spec as {
    readonly template: { readonly spec: { readonly containers: readonly { image?: string }[] } };
  };
  return template.spec.containers[0]?.image;
}

Deno.test("a Function that is as it should be costs no request", async () => {
  const world = await readyWorld();
  assertEquals(await world.pass("Function", "orders"), { writes: [], reads: [] });
  world.restart();
  assertEquals(await world.pass("Function", "orders"), { writes: [], reads: [] });
});

Deno.test("a write that nobody answers is told as Unavailable, until it is answered", async () => {
  const world = new ControllerWorld();
  world.createNow(userFunction());
  world.plan = ({ kind, verb }) =>
    kind === "StatefulSet" && verb === "apply"
      ? { fails: { when: "before", how: "lost" } }
      : undefined;
  await world.pass("Function", "orders");
  assertStringIncludes(world.ready(ORDERS), "False Unavailable: ");
  world.plan = () => undefined;
  await world.settle();
  world.runPods();
  await world.settle();
  assertEquals(world.ready(ORDERS), "True Ready: 1/1 pods ready");
});

Deno.test("replicas and the finalizer are written first, each on the version before, in one pass", async () => {
  const world = new ControllerWorld();
  world.createNow(userFunction({ replicas: undefined, cleanupSubscription: true }));
  const { error, writes } = await world.pass("Function", "orders");
  assertEquals(error, undefined);
  assertEquals(writes, [
    "patch Function orders",
    "apply Function orders",
    "apply Service orders-function-headless",
    "apply StatefulSet orders-function",
    "patch Function/status orders",
  ]);
  const live = world.object(ORDERS);
  assertEquals([replicasOf(live), live?.metadata.finalizers], [1, [FINALIZERS.cleanup]]);
  const { observedGeneration } = live?.status as { readonly observedGeneration?: number };
  assertEquals(observedGeneration, live?.metadata.generation);
  await world.settle();
  assertEquals((await world.pass("Function", "orders")).writes, []);
});

Deno.test("an edit between two requests of a pass is neither undone nor said to be applied", async () => {
  for (const at of ["apply Service", "apply StatefulSet", "patch Function"]) {
    const world = await readyWorld();
    world.patchNow(ORDERS, { spec: { image: "example/runner:2" } });
    world.patchNow(SERVICE, { metadata: { labels: { app: null } } });
    world.plan = faultAt(({ kind, verb }) => `${verb} ${kind}` === at, {
      meanwhile: () => world.patchNow(ORDERS, { spec: { image: "example/runner:3" } }),
    });
    await world.settle();
    world.runPods();
    await world.settle();
    assertEquals(imageOf(world.object(STATEFUL_SET)), "example/runner:3", at);
    assertEquals([world.ready(ORDERS), world.lies], ["True Ready: 1/1 pods ready", []], at);
  }
});

function isApply(kind: string, answer: { readonly status: number; readonly message: string }) {
  return (request: { readonly kind: string; readonly verb: string }) =>
    request.verb === "apply" && request.kind === kind ? answer : undefined;
}

/** Every way in which a write may fail. */
const FAILURES: readonly Failure[] = ["404", "409", "422", "429", "500", "lost", "timeout"];

for (const how of FAILURES) {
  for (const when of ["before", "after"] as const) {
    Deno.test(`each write may fail once (${how}, ${when} it took effect): all ends as it would have`, async () => {
      const clean = await journey(new ControllerWorld());
      for (let nth = 1; nth <= clean.writes; nth++) {
        const world = new ControllerWorld();
        world.plan = faultAt(({ isWrite }) => isWrite, { fails: { when, how } }, { nth });
        const { children } = await journey(world);
        assertEquals(children, clean.children, `write ${nth}`);
        assertEquals(
          [world.ready(ORDERS), world.lies],
          ["True Ready: 1/1 pods ready", []],
          `${nth}`,
        );
      }
    });
  }
}

/** A Function from its creation over an edit to a rest, and everything that it has then. */
async function journey(world: ControllerWorld) {
  const { plan } = world;
  let writes = 0;
  world.plan = (request) => {
    if (request.isWrite) writes++;
    return plan(request);
  };
  world.createNow(userFunction({ replicas: undefined, cleanupSubscription: true }));
  await calm(world);
  world.patchNow(ORDERS, { spec: { image: "example/runner:2" } });
  await calm(world);
  const children = ["Service", "StatefulSet"].flatMap((kind) =>
    world.all(kind === "Service" ? "v1" : "apps/v1", kind)
  ).map(({ kind, metadata: { name, labels, annotations, finalizers }, spec }) => ({
    kind,
    name,
    labels,
    annotations,
    finalizers,
    spec,
  }));
  return { writes, children: JSON.parse(JSON.stringify(children).replaceAll(/uid-\d+/g, "")) };
}

async function calm(world: ControllerWorld): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await world.settle();
    world.runPods();
    await world.resync();
  }
}

Deno.test("caches that are behind lead to no wrong word and no second object", async () => {
  for (const lag of [1, 2, 5]) {
    const world = new ControllerWorld();
    world.createNow(userFunction());
    await world.settle();
    world.lag = lag;
    world.runPods({ isReady: false });
    await world.settle();
    world.runPods();
    world.patchNow(ORDERS, { spec: { image: "example/runner:2" } });
    await world.settle();
    world.lag = 0;
    await world.settle();
    world.runPods();
    await world.settle();
    assertEquals([world.ready(ORDERS), world.lies], ["True Ready: 1/1 pods ready", []], `${lag}`);
    assertEquals(imageOf(world.object(STATEFUL_SET)), "example/runner:2");
  }
});

Deno.test("a child is not made again for a Function that is gone, although a cache still shows it (lists forbidden)", async () => {
  const world = await readyWorld();
  world.cutOff("Function", { isRefusal: false, problem: "no answer" });
  world.cache("Function").outage = undefined;
  world.cache("Function").lag = 1_000;
  world.removeNow(ORDERS);
  assertEquals(world.object(SERVICE), undefined);
  const { reads, writes } = await world.pass("Function", "orders");
  assertEquals(writes, []);
  assertEquals(reads.at(-1), "get Function orders");
});

Deno.test("nothing is done and nothing is called ready while a kind cannot be read; the status says so (lists forbidden)", async () => {
  for (const kind of ["Function", "StatefulSet", "Service", "Pod", "BackendConfig"] as const) {
    const world = await readyWorld();
    world.cutOff(kind, { isRefusal: true, problem: "forbidden" });
    world.patchNow(ORDERS, { spec: { image: "example/runner:2" } });
    assertEquals((await world.pass("Function", "orders")).writes, [], kind);
    await world.advance(6_000);
    const { writes } = await world.pass("Function", "orders");
    assertEquals(writes, ["patch Function/status orders"]);
    assertStringIncludes(
      world.ready(ORDERS),
      `Unknown CacheBehind: Cannot tell: objects of kind ${kind}`,
    );
    world.cutOff(kind, undefined);
    await world.resync(2_000);
    world.runPods();
    await world.settle();
    assertEquals([world.ready(ORDERS), world.lies], ["True Ready: 1/1 pods ready", []], kind);
  }
});

Deno.test("what is left alone is left alone while a kind cannot be read, too", async () => {
  const world = await readyWorld();
  world.patchNow(ORDERS, { metadata: { annotations: { [ANNOTATIONS.managed]: "false" } } });
  world.cutOff("Pod", { isRefusal: true, problem: "forbidden" });
  await world.advance(6_000);
  assertEquals(await world.pass("Function", "orders"), { writes: [], reads: [] });
});

Deno.test("a short silence of the server is not worth a word", async () => {
  const world = await readyWorld();
  world.cutOff("Pod", { isRefusal: false, problem: "no answer" });
  await world.advance(30_000);
  assertEquals(await world.pass("Function", "orders"), { writes: [], reads: [] });
});

Deno.test("pods that stop being ready end Ready, whichever cache says so first", async () => {
  const world = await readyWorld();
  world.cache("Pod").lag = 1_000;
  world.runPods({ isReady: false });
  await world.settle();
  assertEquals(world.ready(ORDERS).slice(0, 5), "False");
  assertEquals(world.lies, []);
});

Deno.test("a policy's refusal is tried again and again, and no word says that a person must act (F12)", async () => {
  const refusals = [
    [400, 'admission webhook "policy.example.com" denied the request: no'],
    [
      422,
      "statefulsets.apps \"orders-function\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
    ],
  ] as const;
  for (const [status, message] of refusals) {
    const world = new ControllerWorld();
    world.refuse = isApply("StatefulSet", { status, message });
    world.createNow(userFunction());
    for (let pass = 0; pass < 3; pass++) await world.pass("Function", "orders");
    assertStringIncludes(world.ready(ORDERS), message);
    assertEquals(world.condition(ORDERS, "Stalled"), "False");
    world.refuse = () => undefined;
    await world.settle();
    world.runPods();
    await world.settle();
    assertEquals([world.ready(ORDERS), world.lies], ["True Ready: 1/1 pods ready", []]);
  }
});

Deno.test("what the object itself is at fault for is said to need a person", async () => {
  const world = new ControllerWorld();
  world.refuse = isApply("StatefulSet", { status: 422, message: "is invalid: spec.replicas: no" });
  world.createNow(userFunction());
  await world.pass("Function", "orders");
  assertEquals(world.condition(ORDERS, "Stalled"), "True");
});

Deno.test("an autoscaler of others on the Function is followed, one on the StatefulSet is left and told", async () => {
  const world = await readyWorld();
  world.createNow(autoscaler("keda-hpa-orders", STATEFUL_SET));
  world.scaleNow(STATEFUL_SET, 3);
  await world.settle();
  assertEquals(replicasOf(world.object(STATEFUL_SET)), 3);
  assertStringIncludes(
    world.ready(ORDERS),
    "the HorizontalPodAutoscaler keda-hpa-orders scales the StatefulSet; " +
      "let it target the Function orders instead",
  );
  world.patchNow(ORDERS, { spec: { image: "example/runner:2" } });
  await world.settle();
  assertEquals(replicasOf(world.object(STATEFUL_SET)), 3);
  assertEquals(imageOf(world.object(STATEFUL_SET)), "example/runner:2");
  world.removeNow(idOf(autoscaler("keda-hpa-orders", STATEFUL_SET)));
  await world.settle();
  assertEquals(replicasOf(world.object(STATEFUL_SET)), 1);
  world.createNow(autoscaler("keda-hpa-orders", ORDERS));
  world.scaleNow(ORDERS, 3);
  await world.settle();
  assertEquals([replicasOf(world.object(ORDERS)), replicasOf(world.object(STATEFUL_SET))], [3, 3]);
  world.runPods();
  await world.settle();
  assertEquals(world.ready(ORDERS), "True Ready: 3/3 pods ready");
});

Deno.test("zero replicas turn a Function off, whatever scales its StatefulSet", async () => {
  const world = await readyWorld();
  world.createNow(autoscaler("keda-hpa-orders", STATEFUL_SET));
  world.scaleNow(STATEFUL_SET, 3);
  world.patchNow(ORDERS, { spec: { replicas: 0 } });
  await world.settle();
  assertEquals(replicasOf(world.object(STATEFUL_SET)), 0);
});

function autoscaler(
  name: string,
  { apiVersion, kind, name: target }: { apiVersion: string; kind: string; name: string },
): KubeObject {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name, namespace: SHOP },
    spec: {
      scaleTargetRef: { apiVersion, kind, name: target },
      minReplicas: 3,
      maxReplicas: 5,
    },
  };
}

Deno.test("a pass waits for no log of a container: the status comes without it first, and with it after", async () => {
  const world = await readyWorld();
  const log = Promise.withResolvers<string>();
  world.containerLog = () => log.promise;
  world.failPods();
  await world.settle();
  const without = world.ready(ORDERS);
  assertStringIncludes(without, "ended with exit code 1");
  assert(!without.includes("no class"), without);
  log.resolve("Error: no class");
  await world.advance(1);
  await world.settle();
  assertStringIncludes(world.ready(ORDERS), "ended with exit code 1: Error: no class");
  const told = world.events.filter((event) => event.includes("exit code 1"));
  assertEquals(told.map((event) => event.includes("no class")), [false, true]);
});
