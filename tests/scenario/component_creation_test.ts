/** A Function from nothing to its first status: what is written, what is read, and what is left alone. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { KubeObject } from "#base";
import { ControllerWorld } from "../support/controller_world.ts";
import { functionId, SHOP } from "../support/controller_world_facts.ts";
import { faultAt } from "../support/fault_plan.ts";
import { functionObject } from "../support/objects.ts";

const ORDERS = functionId("orders");
const SERVICE = {
  apiVersion: "v1",
  kind: "Service",
  namespace: SHOP,
  name: "orders-function-headless",
};

/** Nothing of it contradicts what a Function wants: an apply without force would make it the Function's. */
const SERVICE_OF_OTHERS = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: SERVICE.name, namespace: SHOP },
  spec: {},
};

function userFunction(spec: Record<string, unknown> = {}): KubeObject {
  return { ...functionObject("orders", spec), metadata: { name: "orders", namespace: SHOP } };
}

Deno.test("the first pass makes the children, then the status, and reads nothing", async () => {
  const world = new ControllerWorld();
  world.createNow(userFunction());
  const { error, reads, writes } = await world.pass("Function", "orders");
  assertEquals(error, undefined);
  assertEquals(reads, []);
  assertEquals(writes, [
    "apply Service orders-function-headless",
    "apply StatefulSet orders-function",
    "patch Function/status orders",
  ]);
});

Deno.test("somebody's object that no cache shows is found by the create, named, and left as it is", async () => {
  const world = new ControllerWorld();
  world.createNow({ ...SERVICE_OF_OTHERS });
  const theirs = world.object(SERVICE);
  world.createNow(userFunction());
  const { reads, writes } = await world.pass("Function", "orders");
  assertEquals(reads, ["get Service orders-function-headless", "get StatefulSet orders-function"]);
  assertEquals(writes, [
    "apply Service orders-function-headless",
    "apply StatefulSet orders-function",
    "patch Function/status orders",
  ]);
  await world.settle();
  assertEquals(world.object(SERVICE), theirs);
  assertStringIncludes(world.ready(ORDERS), "Service shop/orders-function-headless is in the way");
  assertEquals(world.events.filter((event) => event.includes("Created")), [
    "Function shop/orders: Normal Created Created StatefulSet orders-function",
  ]);
});

Deno.test("a Function that is deleted before its replicas are filled in does not come back", async () => {
  const world = new ControllerWorld();
  world.createNow(userFunction({ replicas: undefined }));
  world.plan = faultAt(({ kind, verb }) => `${verb} ${kind}` === "apply Function", {
    meanwhile: () => world.removeNow(ORDERS),
  });
  await world.settle();
  assertEquals(world.object(ORDERS), undefined);
});

/** Functions that came right before. */
async function afterMany(world: ControllerWorld): Promise<void> {
  for (let index = 0; index < 50; index++) {
    const name = `other-${index}`;
    const other = userFunction();
    world.createNow({ ...other, metadata: { ...other.metadata, name, uid: `uid-${name}` } });
    await world.pass("Function", name);
  }
}

Deno.test("of very many new Functions all get their pods before the last of them gets what can wait", async () => {
  const world = new ControllerWorld();
  await afterMany(world);
  world.createNow(userFunction({ replicas: undefined }));
  assertEquals((await world.pass("Function", "orders")).writes, [
    "apply Service orders-function-headless",
    "apply StatefulSet orders-function",
  ]);
  world.runPods({ isReady: false });
  assertEquals((await world.pass("Function", "orders")).writes, []);
  await world.advance(8_000);
  assertEquals((await world.pass("Function", "orders")).writes, [
    "apply Function orders",
    "patch Function/status orders",
  ]);
  assertStringIncludes(world.ready(ORDERS), "False Progressing: 0/1 pods ready");
});

Deno.test("that one of very many new Functions is ready is said at once", async () => {
  const world = new ControllerWorld();
  await afterMany(world);
  world.createNow(userFunction());
  await world.pass("Function", "orders");
  world.runPods();
  assertEquals((await world.pass("Function", "orders")).writes, ["patch Function/status orders"]);
  assertEquals([world.ready(ORDERS), world.lies], ["True Ready: 1/1 pods ready", []]);
});

Deno.test("what a person has to mend is said at once, however many are new", async () => {
  const world = new ControllerWorld();
  await afterMany(world);
  world.createNow(userFunction({ className: "" }));
  assertEquals((await world.pass("Function", "orders")).writes, ["patch Function/status orders"]);
});

Deno.test("of very many new Functions one with an autoscaler of its own has its replicas before that", async () => {
  const world = new ControllerWorld();
  await afterMany(world);
  world.createNow(userFunction({ replicas: undefined, maxReplicas: 5 }));
  const { writes } = await world.pass("Function", "orders");
  assertEquals([writes[0], writes.length], ["apply Function orders", 4]);
});

Deno.test("one of very many new Functions that is ready stays the generation that is called so", async () => {
  const world = new ControllerWorld();
  await afterMany(world);
  world.createNow(userFunction({ replicas: undefined }));
  await world.pass("Function", "orders");
  world.runPods();
  assertEquals((await world.pass("Function", "orders")).writes, [
    "apply Function orders",
    "patch Function/status orders",
  ]);
  await world.settle();
  const { metadata, status } = world.object(ORDERS) ?? {};
  const { observedGeneration } = status as { readonly observedGeneration?: number };
  assertEquals([metadata?.generation, observedGeneration], [2, 2]);
});

Deno.test("that the pods of one of very many new Functions fail is said at once", async () => {
  const world = new ControllerWorld();
  await afterMany(world);
  world.createNow(userFunction());
  await world.pass("Function", "orders");
  world.runPods({ isReady: false, waiting: "ImagePullBackOff" });
  assertEquals((await world.pass("Function", "orders")).writes, ["patch Function/status orders"]);
});
