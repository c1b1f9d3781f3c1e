/** What components and meshes do when their namespace, or they themselves, go while a pass is under way. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ANNOTATIONS, FINALIZERS } from "#api";
import { type KubeObject, type ObjectId, WaitingError } from "#base";
import type { ReconciledKind } from "#reconcile";
import { ControllerWorld } from "../support/controller_world.ts";
import { functionId, meshId, SHOP } from "../support/controller_world_facts.ts";
import { faultAt, isStatusWrite, type PlannedRequest } from "../support/fault_plan.ts";
import { functionObject } from "../support/objects.ts";

const ORDERS = functionId("orders");
const NAMESPACE: ObjectId = { apiVersion: "v1", kind: "Namespace", namespace: "", name: SHOP };

function ordersFunction(spec: Record<string, unknown> = {}, metadata: object = {}): KubeObject {
  const object = functionObject("orders", spec);
  return { ...object, metadata: { name: "orders", namespace: SHOP, ...metadata } };
}

function shopMesh(): KubeObject {
  const { apiVersion, kind } = meshId("shop");
  const functions = ["a", "b"].map((name) => ({ name, ...functionObject(name).spec as object }));
  return { apiVersion, kind, metadata: { name: "shop", namespace: SHOP }, spec: { functions } };
}

const SKIP = { metadata: { annotations: { [ANNOTATIONS.cleanup]: "skip" } } };

/** Goes at once when `held` is empty; else it goes on being deleted. */
function removeNamespace(world: ControllerWorld, held: "held" | ""): void {
  if (held === "held") {
    world.createNow({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "kept", namespace: SHOP, finalizers: ["example.org/keep"] },
    });
  }
  world.removeNow(NAMESPACE);
}

function isApply({ kind, verb }: PlannedRequest): boolean {
  return verb === "apply" && kind !== "FunctionMesh";
}

/** Why a pass wants to be taken up later, without alarm. */
async function waitText(world: ControllerWorld, kind: ReconciledKind, name: string) {
  const { error } = await world.pass(kind, name);
  if (error instanceof WaitingError) return error.message;
  throw new Error("the pass does not wait", { cause: error });
}

for (const [held, words] of [["", "is gone"], ["held", "is being deleted"]] as const) {
  for (const [kind, name] of [["Function", "orders"], ["FunctionMesh", "shop"]] as const) {
    for (const nth of [1, 2]) {
      Deno.test(`a namespace that ${words} before write ${nth} of a ${kind} is no error of its pass`, async () => {
        const world = new ControllerWorld();
        world.createNow(kind === "Function" ? ordersFunction() : shopMesh());
        world.plan = faultAt(isApply, { meanwhile: () => removeNamespace(world, held) }, { nth });
        assertStringIncludes(await waitText(world, kind, name), `its namespace ${words}`);
        assertEquals(world.events.filter((line) => line.includes("Warning")), []);
      });
    }
  }
}

Deno.test("a write that fails before the namespace ends is not said to be why", async () => {
  const world = new ControllerWorld();
  world.createNow(ordersFunction());
  world.plan = (request) =>
    isApply(request)
      ? request.kind === "Service"
        ? {
          fails: { when: "before", how: "500" },
          meanwhile: () => removeNamespace(world, ""),
        }
        : undefined
      : undefined;
  assertStringIncludes(await waitText(world, "Function", "orders"), "its namespace is gone");
});

/** A Function with something to clean up, its pods gone, that waits for its clean-up Job. */
async function leavingWorld(): Promise<ControllerWorld> {
  const world = new ControllerWorld();
  const spec = { cleanupSubscription: true, subscriptionName: "orders", replicas: 1 };
  world.createNow(ordersFunction(spec));
  await world.settle();
  assertEquals(world.object(ORDERS)?.metadata.finalizers, [FINALIZERS.cleanup]);
  world.removeNow(ORDERS);
  return world;
}

function isFinalizerWrite({ kind, subresource, verb }: PlannedRequest): boolean {
  return verb === "patch" && kind === "Function" && subresource === "";
}

function givenUp(world: ControllerWorld): string[] {
  return world.events.filter((line) => line.includes(" CleanupGivenUp "));
}

for (const when of ["before", "after"] as const) {
  Deno.test(`a component that goes ${when} its finalizer is taken off is said to be left uncleaned, once`, async () => {
    const world = await leavingWorld();
    world.cache("Function").lag = 1_000;
    world.patchNow(ORDERS, SKIP);
    world.cache("Function").relist();
    const letGo = () => world.patchNow(ORDERS, { metadata: { finalizers: [] } });
    // An answer that is lost leads to the same request once more, which finds nothing.
    if (when === "before") world.plan = faultAt(isFinalizerWrite, { meanwhile: letGo });
    await world.pass("Function", "orders");
    assertEquals(world.object(ORDERS), undefined);
    assertEquals(givenUp(world).length, 1, world.events.join("\n"));
    assertEquals(
      world.cache("Function").get({ namespace: SHOP, name: "orders" }) === undefined,
      false,
    );
    await world.pass("Function", "orders");
    assertEquals(givenUp(world).length, 1, world.events.join("\n"));
  });
}

Deno.test("a kind that is not served for a moment holds up no finalizer and loses no status", async () => {
  const leaving = await leavingWorld();
  leaving.plan = faultAt(isFinalizerWrite, { fails: { when: "before", how: "404" } });
  leaving.patchNow(ORDERS, SKIP);
  await leaving.settle();
  assertEquals(leaving.object(ORDERS), undefined);
  const world = new ControllerWorld();
  world.plan = faultAt(isStatusWrite("Function"), { fails: { when: "before", how: "404" } });
  world.createNow(ordersFunction());
  await world.settle();
  assertStringIncludes(world.ready(ORDERS), "False Progressing");
});
