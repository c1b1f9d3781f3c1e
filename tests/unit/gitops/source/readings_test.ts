import { assertEquals } from "@std/assert";
import type { MeshSync } from "#api";
import { type ManifestFile, readManifests } from "#manifests";
import { Readings } from "../../../../src/gitops/source/readings.ts";
import type { Inputs } from "../../../../src/gitops/source/remote.ts";

const SYNC: MeshSync = {
  apiVersion: "gitops.functionmesh.io/v1alpha1",
  kind: "MeshSync",
  metadata: { name: "shop", namespace: "shop", uid: "1" },
  spec: { url: "https://git.example/shop.git" },
};
const INPUTS: Inputs = { key: "a" };

function file(name: string, value = "1"): ManifestFile {
  const text =
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: "${value}"}\n`;
  return { path: `${name}.yaml`, text };
}

const FILES = ["a", "b", "c", "d"].map((name) => file(name));

/** Reads files as a pass does; answers the manifests, and the paths of what was read for them. */
async function pass(
  readings: Readings,
  files: readonly ManifestFile[],
  { inputs = INPUTS, sync = SYNC }: { readonly sync?: MeshSync; readonly inputs?: Inputs } = {},
) {
  const paths: string[][] = [];
  const read = (some: readonly ManifestFile[]) => {
    paths.push(some.map(({ path }) => path));
    return Promise.resolve(readManifests(some));
  };
  const found = await readings.changed(files, { sync, inputs, read }) ?? await read(files);
  const documents = readings.remember(files, found, { sync, inputs });
  return { documents, found, paths };
}

Deno.test("Readings: of a new commit only changed, new and moved files are read, and all say what they do read anew", async () => {
  const readings = new Readings();
  assertEquals((await pass(readings, FILES)).paths, [FILES.map(({ path }) => path)]);
  assertEquals((await pass(readings, FILES)).paths, []);
  const next = [file("a"), file("b"), file("d", "2"), file("e"), { ...file("c"), path: "0.yaml" }];
  const kept = [...next, file("f"), file("g")];
  await pass(readings, kept);
  const last = [...kept.slice(1), { ...file("a"), path: "z.yaml" }, file("f0")];
  const { documents, paths } = await pass(readings, last);
  assertEquals(paths, [["z.yaml", "f0.yaml"]]);
  const said = (all: typeof documents) =>
    all.map((one) => [one.file, one.object, one.lineOf("data.a")]);
  assertEquals(said(documents), said(readManifests(last).documents));
});

Deno.test("Readings: one changed file is read alone; what is gone is gone", async () => {
  const readings = new Readings();
  await pass(readings, FILES);
  const one = await pass(readings, [...FILES.slice(0, 3), file("d", "2")]);
  assertEquals(one.paths, [["d.yaml"]]);
  assertEquals(one.documents.at(-1)?.object["data"], { a: "2" });
  const less = await pass(readings, FILES.slice(0, 3));
  assertEquals([less.paths, less.documents.length], [[], 3]);
});

Deno.test("Readings: all is read where what it is read with is another", async (t) => {
  const others = {
    "a spec": { sync: { ...SYNC, spec: { ...SYNC.spec, targetNamespace: "other" } } },
    "another sync of the same name": {
      sync: { ...SYNC, metadata: { ...SYNC.metadata, uid: "2" } },
    },
    "what it refers to": { inputs: { key: "b" } },
  };
  for (const [name, other] of Object.entries(others)) {
    await t.step(name, async () => {
      const readings = new Readings();
      await pass(readings, FILES);
      assertEquals((await pass(readings, FILES, other)).paths, [FILES.map(({ path }) => path)]);
    });
  }
});

Deno.test("Readings: all is read where a changed file is wrong, or gives an object of another one again", async (t) => {
  for (const text of ["kind: [", file("a").text]) {
    await t.step(JSON.stringify(text), async () => {
      const readings = new Readings();
      await pass(readings, FILES);
      const files = [...FILES.slice(0, 3), { path: "d.yaml", text }];
      const { found, paths } = await pass(readings, files);
      assertEquals(paths, [["d.yaml"], files.map(({ path }) => path)]);
      assertEquals(found.problems, readManifests(files).problems);
      // Nor is it remembered.
      assertEquals((await pass(readings, files)).paths, [files.map(({ path }) => path)]);
    });
  }
});

Deno.test("Readings: nothing is remembered that holds values of the cluster or was decrypted", async (t) => {
  const secret: Inputs["variables"] = new Map([["A", { value: "secret-value", isSecret: true }]]);
  for (const inputs of [{ key: "a", variables: secret }, { key: "a", identities: ["AGE-…"] }]) {
    await t.step(Object.keys(inputs).join(), async () => {
      const readings = new Readings();
      for (let round = 0; round < 2; round++) {
        const { paths } = await pass(readings, FILES, { inputs });
        assertEquals(paths, [FILES.map(({ path }) => path)]);
      }
    });
  }
});
