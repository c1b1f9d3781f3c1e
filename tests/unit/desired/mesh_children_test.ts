import { assertEquals } from "@std/assert";
import type { FunctionMesh } from "#api";
import { childName, DEFAULT_SETTINGS, meshChildren, renderResource } from "#desired";
import { frozen, functionResource } from "./fixtures.ts";

function aMesh(spec: FunctionMesh["spec"]): FunctionMesh {
  return frozen({
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "FunctionMesh",
    metadata: { name: "flow", namespace: "shop", uid: "mesh-uid" },
    spec,
  });
}

Deno.test("meshChildren() makes a component of every item, its spec as it is", () => {
  const item = { ...functionResource().spec, name: "enrich" };
  const mesh = aMesh({ functions: [item], sources: [{ name: "in" }], sinks: [{ name: "out" }] });
  const children = meshChildren(mesh);
  assertEquals(children.map(({ kind, metadata }) => [kind, metadata.name]), [
    ["Function", "flow-enrich"],
    ["Source", "flow-in"],
    ["Sink", "flow-out"],
  ]);
  assertEquals(children[0]?.spec, item);
  assertEquals(children[0]?.metadata.namespace, "shop");
  assertEquals(children[0]?.metadata.ownerReferences?.[0]?.uid, "mesh-uid");
  assertEquals(childName(mesh, "enrich"), "flow-enrich");
});

Deno.test("meshChildren() leaves out items without a name and names that are taken (W-9, W-15)", () => {
  const mesh = aMesh({
    functions: [{ className: "A" }, { name: "" }, { name: "a", tenant: "first" }, { name: "a" }, {
      name: "b",
    }],
    sinks: [{ name: "a" }],
  });
  assertEquals(meshChildren(mesh).map(({ kind, metadata }) => `${kind} ${metadata.name}`), [
    "Function flow-a",
    "Function flow-b",
    "Sink flow-a",
  ]);
  assertEquals(meshChildren(mesh)[0]?.spec, { name: "a", tenant: "first" });
});

Deno.test("meshChildren() takes a mesh without lists", () => {
  assertEquals(meshChildren(aMesh({})), []);
});

Deno.test("renderResource() lists each child of a mesh before the child's own objects", () => {
  const mesh = aMesh({ functions: [{ ...functionResource().spec, name: "enrich" }] });
  const { objects, problems } = renderResource(mesh, { facts: {}, settings: DEFAULT_SETTINGS });
  assertEquals(problems, []);
  assertEquals(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`), [
    "Function flow-enrich",
    "Service flow-enrich-function-headless",
    "StatefulSet flow-enrich-function",
  ]);
});
