/** World in, writes out: `reconcileMesh`, with the components that it makes, on an API server in memory. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { KubeObject } from "#base";
import { ControllerWorld } from "../support/controller_world.ts";
import { functionId, meshId, SHOP } from "../support/controller_world_facts.ts";
import { type Failure, faultAt } from "../support/fault_plan.ts";
import { functionObject } from "../support/objects.ts";

const MESH = meshId("shop");
const [PAY, SHIP] = [functionId("shop-pay"), functionId("shop-ship")];

function item(name: string, spec: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, ...functionObject(name, spec).spec as object };
}

function mesh(...functions: readonly Record<string, unknown>[]): KubeObject {
  const { apiVersion, kind } = MESH;
  return { apiVersion, kind, metadata: { name: "shop", namespace: SHOP }, spec: { functions } };
}

async function readyWorld(...functions: readonly Record<string, unknown>[]) {
  const world = new ControllerWorld();
  world.createNow(mesh(...functions));
  await calm(world);
  assertStringIncludes(world.ready(MESH), "True Ready");
  return world;
}

async function calm(world: ControllerWorld): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await world.settle();
    world.runPods();
    await world.resync();
  }
}

function specOf(world: ControllerWorld, id: typeof PAY): Record<string, unknown> {
  return (world.object(id)?.spec ?? {}) as Record<string, unknown>;
}

Deno.test("a mesh makes its components, says how each is, and then costs no request", async () => {
  const world = await readyWorld(item("pay"), item("ship"));
  assertEquals(world.ready(MESH), "True Ready: 2/2 components ready");
  assertEquals(await world.pass("FunctionMesh", "shop"), { writes: [], reads: [] });
  world.restart();
  assertEquals(await world.pass("FunctionMesh", "shop"), { writes: [], reads: [] });
  assertEquals(world.lies, []);
});

Deno.test("a mesh says what is odd between its components, once, and no longer when it is mended", async () => {
  const topics = (input: string, output: string) => ({
    input: { topics: [input] },
    output: { topic: output },
  });
  const world = await readyWorld(item("pay", topics("a", "b")), item("ship", topics("b", "a")));
  const codes = () => {
    const status = world.object(MESH)?.status as { findings?: { code: string; path: string }[] };
    return status.findings?.map(({ code, path }) => `${code} ${path}`);
  };
  assertEquals(codes(), ["EndlessCycle spec.functions[0].output.topic"]);
  assertEquals(await world.pass("FunctionMesh", "shop"), { writes: [], reads: [] });
  world.patchNow(MESH, {
    spec: { functions: [item("pay", topics("a", "b")), item("ship", topics("b", "c"))] },
  });
  await world.pass("FunctionMesh", "shop");
  assertEquals(codes(), undefined);
});

Deno.test("two meshes say what their components should not both have, and no longer when one is mended", async () => {
  const reading = (subscription: string) => ({
    input: { topics: ["orders"] },
    output: { topic: "done" },
    subscriptionName: subscription,
  });
  const world = await readyWorld(item("pay", reading("all")));
  const OTHER = meshId("other");
  const metadata = { name: "other", namespace: SHOP };
  world.createNow({ ...mesh(item("ship", reading("all"))), metadata });
  await calm(world);
  const said = (id: typeof MESH) => {
    const status = world.object(id)?.status as
      | { findings?: { code: string; message: string; path: string }[] }
      | undefined;
    return status?.findings?.map(({ code, message, path }) =>
      `${code} ${path}: ${message.split(";")[0]}`
    );
  };
  const shared =
    "SharedSubscription spec.functions[0].input.topics[0]: shares its subscription with";
  assertEquals(said(MESH), [`${shared} Function shop/other-ship on orders: all`]);
  assertEquals(said(OTHER), [`${shared} Function shop/shop-pay on orders: all`]);
  // A status that says so is no news to the other one.
  for (const name of ["shop", "other"]) {
    assertEquals(await world.pass("FunctionMesh", name), { writes: [], reads: [] });
  }
  world.restart();
  await world.settle();
  assertEquals(await world.pass("FunctionMesh", "shop"), { writes: [], reads: [] });
  world.patchNow(OTHER, { spec: { functions: [item("ship", reading("own"))] } });
  await world.settle();
  assertEquals([said(MESH), said(OTHER)], [undefined, undefined]);
  assertEquals(world.lies, []);
});

Deno.test("a mesh says that another one has taken the name of its component", async () => {
  const world = await readyWorld(item("a-pay"));
  const { apiVersion, kind } = MESH;
  const spec = { functions: [item("pay")] };
  world.createNow({ apiVersion, kind, metadata: { name: "shop-a", namespace: SHOP }, spec });
  await calm(world);
  const status = world.object(meshId("shop-a"))?.status as
    | { findings?: { code: string; message: string }[] }
    | undefined;
  const [finding, ...others] = status?.findings ?? [];
  assertEquals([finding?.code, others], ["ResourceNameCollision", []]);
  assertStringIncludes(
    finding?.message ?? "",
    "Function shop/shop-a-pay is made by FunctionMesh shop (uid ",
  );
  assertEquals(await world.pass("FunctionMesh", "shop-a"), { writes: [], reads: [] });
});

Deno.test("a component that leaves the mesh goes, and an edit reaches its component alone", async () => {
  const world = await readyWorld(item("pay"), item("ship"));
  world.patchNow(MESH, { spec: { functions: [item("pay", { image: "example/runner:2" })] } });
  const { writes } = await world.pass("FunctionMesh", "shop");
  assertEquals(writes, [
    "apply Function shop-pay",
    "delete Function shop-ship",
    "patch FunctionMesh/status shop",
  ]);
  await calm(world);
  assertEquals(world.ready(MESH), "True Ready: 1/1 components ready");
  assertEquals(world.object(SHIP), undefined);
});

for (const how of ["404", "409", "422", "500", "lost"] satisfies Failure[]) {
  for (const when of ["before", "after"] as const) {
    Deno.test(`each write of a mesh and its components may fail once (${how}, ${when})`, async () => {
      const clean = await journey(new ControllerWorld());
      for (let nth = 1; nth <= clean.writes; nth++) {
        const world = new ControllerWorld();
        world.plan = faultAt(({ isWrite }) => isWrite, { fails: { when, how } }, { nth });
        const { specs } = await journey(world);
        assertEquals(specs, clean.specs, `write ${nth}`);
        assertEquals([world.ready(MESH), world.lies], [
          "True Ready: 2/2 components ready",
          [],
        ], `${nth}`);
      }
    });
  }
}

async function journey(world: ControllerWorld) {
  const { plan } = world;
  let writes = 0;
  world.plan = (request) => {
    if (request.isWrite) writes++;
    return plan(request);
  };
  world.createNow(mesh(item("pay"), item("ship")));
  await calm(world);
  world.patchNow(MESH, {
    spec: { functions: [item("pay", { image: "example/runner:2" }), item("bill")] },
  });
  await calm(world);
  const all = [...world.all(PAY.apiVersion, "Function"), ...world.all("apps/v1", "StatefulSet")];
  const specs = all.map(({ kind, metadata, spec }) => [`${kind} ${metadata.name}`, spec] as const)
    .sort(([a], [b]) => a < b ? -1 : 1);
  // Commands hold the uid of their component.
  const text = JSON.stringify(specs).replaceAll(/0{8}-0000-4000-8000-\d{12}/g, "uid");
  return { writes, specs: JSON.parse(text) };
}

Deno.test("an edit of an adopted mesh reaches a child that the reference made, although its write fails once", async () => {
  for (const how of ["500", "422"] satisfies Failure[]) {
    const world = new ControllerWorld();
    world.createNow(mesh(item("pay")));
    const { uid = "" } = world.object(MESH)?.metadata ?? {};
    const owner = {
      apiVersion: MESH.apiVersion,
      kind: MESH.kind,
      name: "shop",
      uid,
      controller: true,
    };
    const child = functionObject("shop-pay", { timeout: 0 });
    world.createNow({
      ...child,
      metadata: { name: "shop-pay", namespace: SHOP, ownerReferences: [owner] },
    });
    // As the reference operator left it: it had acted on this generation.
    world.patchNow(MESH, { status: { observedGeneration: 1 } }, "status");
    world.patchNow(MESH, { spec: { functions: [item("pay", { image: "example/runner:2" })] } });
    world.plan = faultAt(({ kind, verb }) => verb === "apply" && kind === "Function", {
      fails: { when: "before", how },
    });
    await calm(world);
    assertEquals(specOf(world, PAY)["image"], "example/runner:2", how);
  }
});

Deno.test("a component that somebody scaled keeps its replicas, whatever else of the mesh is edited", async () => {
  const world = await readyWorld(item("pay"));
  for (const [replicas, image] of [[3, "example/runner:2"], [0, "example/runner:3"]] as const) {
    world.scaleNow(PAY, replicas);
    await calm(world);
    assertEquals(specOf(world, PAY)["replicas"], replicas);
    assertEquals(await world.pass("FunctionMesh", "shop"), { writes: [], reads: [] });
    world.patchNow(MESH, { spec: { functions: [item("pay", { image })] } });
    await calm(world);
    const spec = specOf(world, PAY);
    assertEquals([spec["replicas"], spec["image"]], [replicas, image]);
  }
  world.patchNow(MESH, { spec: { functions: [item("pay", { replicas: 2 })] } });
  await calm(world);
  assertEquals(specOf(world, PAY)["replicas"], 2);
});

Deno.test("an autoscaler of others on a component of a mesh is not fought", async () => {
  const world = await readyWorld(item("pay"));
  const { apiVersion, kind, name } = PAY;
  world.createNow({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "keda-hpa-pay", namespace: SHOP },
    spec: { scaleTargetRef: { apiVersion, kind, name }, minReplicas: 3, maxReplicas: 5 },
  });
  for (const replicas of [3, 5, 4]) {
    world.scaleNow(PAY, replicas);
    await calm(world);
    assertEquals(specOf(world, PAY)["replicas"], replicas);
  }
  assertEquals(world.events.filter((event) => event.includes("DriftCorrected")), []);
});

Deno.test("replicas that somebody edited past the scale subresource are drift", async () => {
  const world = await readyWorld(item("pay"));
  world.patchNow(PAY, { spec: { replicas: 7 } });
  await calm(world);
  assertEquals(specOf(world, PAY)["replicas"], 1);
});

Deno.test("a mesh does nothing, and says that it cannot tell, while its components cannot be read", async () => {
  const world = await readyWorld(item("pay"));
  world.cutOff("Function", { isRefusal: true, problem: "forbidden" });
  world.patchNow(MESH, { spec: { functions: [item("pay", { image: "example/runner:2" })] } });
  assertEquals((await world.pass("FunctionMesh", "shop")).writes, []);
  await world.advance(6_000);
  await world.pass("FunctionMesh", "shop");
  assertStringIncludes(
    world.ready(MESH),
    "Unknown CacheBehind: Cannot tell: objects of kind Function",
  );
  world.cutOff("Function", undefined);
  await calm(world);
  assertEquals([world.ready(MESH), world.lies], ["True Ready: 1/1 components ready", []]);
});

Deno.test("components are not made again for a mesh that is gone, although a cache still shows it", async () => {
  const world = await readyWorld(item("pay"));
  world.cache("FunctionMesh").lag = 1_000;
  world.removeNow(MESH);
  assertEquals(world.object(PAY), undefined);
  const { reads, writes } = await world.pass("FunctionMesh", "shop");
  assertEquals([writes, reads.at(-1)], [[], "get FunctionMesh shop"]);
});
