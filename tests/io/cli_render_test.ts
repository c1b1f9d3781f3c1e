import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseAll } from "@std/yaml";
import { folderWith, meshwright } from "../support/cli.ts";
import { functionObject } from "../support/objects.ts";

interface Line {
  readonly resource: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  readonly objects: readonly {
    readonly kind: string;
    readonly metadata: {
      readonly name: string;
      readonly ownerReferences: readonly { readonly uid: string }[];
    };
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly Container[] } };
    };
  }[];
}

interface Container {
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

async function rendered(
  text: string,
  args: readonly string[] = [],
): Promise<{ code: number; lines: Line[] }> {
  await using folder = await folderWith({ "input.yaml": text });
  const { code, out } = await meshwright([
    "render",
    "-f",
    `${folder.path}/input.yaml`,
    "-o",
    "json",
    ...args,
  ]);
  return { code, lines: out.map((line) => JSON.parse(line)) };
}

const stream = (...objects: readonly unknown[]) =>
  objects.map((object) => JSON.stringify(object)).join("\n---\n");

Deno.test("render -o json prints a line for each of our resources, in order, and passes others over", async () => {
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "pulsar" } };
  const { code, lines } = await rendered(
    stream(functionObject("b"), configMap, functionObject("a")),
  );
  assertEquals(code, 0);
  assertEquals(lines.map((line) => line.resource), [
    { kind: "Function", namespace: "shop", name: "b" },
    { kind: "Function", namespace: "shop", name: "a" },
  ]);
  assertEquals(lines[0]?.objects.map(({ kind }) => kind).sort(), ["Service", "StatefulSet"]);
  assertEquals(lines[0]?.objects[0]?.metadata.ownerReferences[0]?.uid, "uid-b");
});

Deno.test("render -o json shows problems instead of objects, and exits 1", async () => {
  const { code, lines } = await rendered(stream(functionObject("a", { className: "" })));
  assertEquals(code, 1);
  assertEquals([lines[0]?.problems[0]?.path, lines[0]?.objects], ["spec.className", []]);
});

Deno.test("render reads one JSON object a line too", async () => {
  const { lines } = await rendered(
    `${JSON.stringify(functionObject("a"))}\n${JSON.stringify(functionObject("b"))}\n`,
  );
  assertEquals(lines.map((line) => line.resource.name), ["a", "b"]);
});

Deno.test("render -o yaml prints objects that kubectl takes", async () => {
  await using folder = await folderWith({ "input.yaml": stream(functionObject("a")) });
  const { out } = await meshwright(["render", "-f", `${folder.path}/input.yaml`]);
  const objects = parseAll(out.join("\n")) as { readonly kind: string }[];
  assertEquals(objects.map(({ kind }) => kind).sort(), ["Service", "StatefulSet"]);
});

Deno.test("render follows the controller's flags, its configuration file and BackendConfigs of the input", async () => {
  const { image: _image, ...spec } = functionObject("a").spec as Record<string, unknown>;
  const plain = { ...functionObject("a"), spec };
  const backend = {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "BackendConfig",
    metadata: { name: "backend-config", namespace: "shop" },
    spec: { env: { REGION: "eu" } },
  };
  await using folder = await folderWith({
    "config.yaml": "runnerImages:\n  java: example/own:2\n",
  });
  const { lines } = await rendered(stream(backend, plain), [
    "--config-file",
    `${folder.path}/config.yaml`,
  ]);
  const set = lines.find((line) => line.resource.kind === "Function")?.objects.find(({ kind }) =>
    kind === "StatefulSet"
  );
  const [runner] = set?.spec.template.spec.containers ?? [];
  assertEquals(runner?.image, "example/own:2");
  assertEquals(runner?.env?.some(({ name, value }) => name === "REGION" && value === "eu"), true);
});

Deno.test("render says which file it cannot read", async () => {
  const { code, notes } = await meshwright(["render", "-f", "/no/such/file.yaml"]);
  assertEquals(code, 2);
  assertStringIncludes(notes.join("\n"), "/no/such/file.yaml");
});
