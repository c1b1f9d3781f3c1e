import { assertEquals } from "@std/assert";
import { applyStages, deleteStages } from "#plan";

function id(apiVersion: string, kind: string, name = "a") {
  return { apiVersion, kind, namespace: "", name };
}

const OURS = "compute.functionmesh.io/v1alpha1";
const ALL = [
  id(OURS, "Sink"),
  id(OURS, "FunctionMesh"),
  id("apps/v1", "Deployment"),
  id(OURS, "Source"),
  id("v1", "Secret"),
  id("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
  id(OURS, "BackendConfig"),
  id("example.org/v1", "Source"),
  id(OURS, "Function"),
  id("v1", "Namespace"),
];

Deno.test("applyStages() puts what others need first and meshes last, sources before sinks", () => {
  const stages = applyStages(ALL, (item) => item).map((stage) =>
    stage.map((item) => `${item.apiVersion.split("/")[0]} ${item.kind}`)
  );
  assertEquals(stages, [
    ["v1 Namespace"],
    ["apiextensions.k8s.io CustomResourceDefinition"],
    ["compute.functionmesh.io BackendConfig", "v1 Secret"],
    ["apps Deployment", "example.org Source"],
    ["compute.functionmesh.io Source"],
    ["compute.functionmesh.io Function"],
    ["compute.functionmesh.io Sink"],
    ["compute.functionmesh.io FunctionMesh"],
  ]);
});

Deno.test("deleteStages() is the reverse of applying", () => {
  const kinds = deleteStages(ALL).map((stage) => stage[0]?.kind);
  assertEquals([kinds[0], kinds.at(-1)], ["FunctionMesh", "Namespace"]);
});
