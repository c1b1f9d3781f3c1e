import {
  COMPUTE_API_VERSION,
  customResourceDefinitions,
  GITOPS_API_VERSION,
  RESOURCES,
} from "#api";
import { groupOf, isPlainObject, sameJson } from "#base";
import { assertEquals } from "@std/assert";
import { parse } from "yaml";
import { CRD_FOLDER, crdFiles, staleFiles } from "../../../scripts/generate_crds.ts";

/**
 * Large schemas slow every write down: the reference's mesh, 599 KB, costs an API server a third of them. And what
 * `kubectl apply` notes of a definition in its annotations has to fit 256 KB.
 */
const DEFINITION_BYTES_MAX = 125_000;

Deno.test("crds/ holds what src/api defines (run scripts/generate_crds.ts)", async () => {
  assertEquals(await staleFiles(), []);
});

Deno.test("crds/ means the same to a reader of YAML 1.1, as kubectl is, and of 1.2", async () => {
  const byName = new Map(customResourceDefinitions().map((crd) => [crd.metadata.name, crd]));
  for (const name of crdFiles().keys()) {
    const text = await Deno.readTextFile(new URL(name, CRD_FOLDER));
    const wanted = JSON.parse(JSON.stringify(byName.get(name.replace(/\.yaml$/, ""))));
    assertEquals(parse(text, { version: "1.1" }), wanted, name);
    assertEquals(parse(text, { version: "1.2" }), wanted, name);
    const { length } = JSON.stringify(wanted);
    assertEquals(length < DEFINITION_BYTES_MAX, true, `${name} has ${length} bytes`);
  }
});

Deno.test("customResourceDefinitions() has one definition for each of our kinds", () => {
  const names = RESOURCES.map((kind) => `${kind.plural}.${groupOf(kind.apiVersion)}`).sort();
  assertEquals(customResourceDefinitions().map((crd) => crd.metadata.name), names);
  const versions = RESOURCES.map((kind) => kind.apiVersion);
  assertEquals(new Set(versions), new Set([COMPUTE_API_VERSION, GITOPS_API_VERSION]));
});

Deno.test("customResourceDefinitions() gives no short name twice, nor one that is a kind's", () => {
  const names = RESOURCES.flatMap((kind) => [kind.plural, kind.singular, ...kind.shortNames]);
  assertEquals(new Set(names).size, names.length);
});

Deno.test("customResourceDefinitions() scales components, and nothing else", () => {
  const scalable = customResourceDefinitions().filter((crd) =>
    JSON.stringify(crd.spec).includes("specReplicasPath")
  );
  assertEquals(scalable.map((crd) => crd.metadata.name.split(".")[0]), [
    "functions",
    "sinks",
    "sources",
  ]);
});

Deno.test("customResourceDefinitions() has the reference's members, and its single default (W-44)", () => {
  const members = (plural: string) =>
    Object.keys(propertiesAt(plural, "spec")).filter((name) => name !== "backlogScaling");
  // As many as the definitions of the reference have, and the one that is ours.
  assertEquals(["functions", "sources", "sinks"].map((plural) => members(plural).length), [
    51,
    36,
    44,
  ]);
  for (const list of ["functions", "sources", "sinks"]) {
    const item = propertiesAt("functionmeshes", "spec")[list];
    const own = propertiesAt(list, "spec");
    const { items } = item as { readonly items: unknown };
    assertEquals(differences(items, { type: "object", properties: withoutDescriptions(own) }), []);
  }
  assertEquals(placesOf("default", propertiesAt("functions", "spec")), ["minReplicas.default"]);
});

function propertiesAt(plural: string, member: string): Record<string, unknown> {
  const crd = customResourceDefinitions().find((item) =>
    item.metadata.name.startsWith(`${plural}.`)
  );
  const { versions } = crd?.spec as {
    versions: {
      schema: { openAPIV3Schema: { properties: Record<string, { properties: object }> } };
    }[];
  };
  return { ...versions[0]?.schema.openAPIV3Schema.properties[member]?.properties };
}

function withoutDescriptions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDescriptions);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, item]) => name !== "description" || typeof item !== "string")
      .map(([name, item]) => [name, withoutDescriptions(item)]),
  );
}

/** Where an item of a mesh is something else than the component that it becomes, and not only left free. */
function differences(item: unknown, own: unknown, path = ""): string[] {
  if (sameJson(item, FREE) && isPlainObject(own) && own.type === "object") return [];
  if (!isPlainObject(item) || !isPlainObject(own)) return sameJson(item, own) ? [] : [path];
  const names = new Set([...Object.keys(item), ...Object.keys(own)]);
  return [...names].flatMap((name) => differences(item[name], own[name], `${path}.${name}`));
}

const FREE = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

function placesOf(name: string, value: unknown, path = ""): string[] {
  if (!isPlainObject(value)) return [];
  return Object.entries(value).flatMap(([member, item]) => [
    ...(member === name ? [path + member] : []),
    ...placesOf(name, item, `${path}${member}.`),
  ]);
}
