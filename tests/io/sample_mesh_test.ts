import { assertEquals } from "@std/assert";
import { isComponent } from "#api";
import type { KubeObject } from "#base";
import { DEFAULT_SETTINGS, renderResource } from "#desired";
import { manifestProblemText, readManifests } from "#manifests";

const FOLDER = new URL("../../gitops/mesh/", import.meta.url);

async function sample() {
  const files = [];
  for await (const { name } of Deno.readDir(FOLDER)) {
    files.push({ path: name, text: await Deno.readTextFile(new URL(name, FOLDER)) });
  }
  return readManifests(files);
}

/** What the controller makes of the sample: components, and the objects of each. */
async function rendered(): Promise<KubeObject[]> {
  const { documents } = await sample();
  return documents.flatMap(({ object }) => [
    ...(isComponent(object) ? [object] : []),
    ...renderResource(object, { facts: {}, settings: DEFAULT_SETTINGS }).objects,
  ]);
}

Deno.test("the sample meshes have no problem and nothing to warn of", async () => {
  const { documents, problems, warnings } = await sample();
  assertEquals([...problems, ...warnings].map(manifestProblemText), []);
  assertEquals(documents.map(({ object }) => `${object.kind} ${object.metadata.name}`), [
    "Namespace shop",
    "Function alerts",
    "Function audit",
    "FunctionMesh orders",
    "ConfigMap pulsar",
  ]);
});

Deno.test("kubectl, which goes by the names of files, makes the namespace of the sample first", async () => {
  const names = await Array.fromAsync(Deno.readDir(FOLDER), ({ name }) => name);
  const [first = ""] = names.sort();
  assertEquals(/^kind: Namespace$/m.test(await Deno.readTextFile(new URL(first, FOLDER))), true);
});

Deno.test("the sample meshes read only topics that one of them writes", async () => {
  const components = (await rendered()).filter(isComponent);
  const written = components.flatMap(({ spec }) => "output" in spec ? [spec.output?.topic] : []);
  const read = components.flatMap(({ spec }) => "input" in spec ? spec.input?.topics ?? [] : []);
  assertEquals([components.length, read.length], [6, 5]);
  assertEquals(new Set(read).difference(new Set(written)), new Set());
});

Deno.test("the sample meshes autoscale the one function that has maxReplicas", async () => {
  const objects = await rendered();
  const kinds = Object.groupBy(objects, ({ kind }) => kind);
  assertEquals(kinds["StatefulSet"]?.length, 6);
  assertEquals(kinds["HorizontalPodAutoscaler"]?.map(({ metadata }) => metadata.name), [
    "alerts-function",
  ]);
});
