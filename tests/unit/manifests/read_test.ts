import { assertEquals } from "@std/assert";
import { manifestProblemText, readManifests } from "#manifests";

const FUNCTION = `apiVersion: compute.functionmesh.io/v1alpha1
kind: Function
metadata:
  name: exclaim
spec:
  className: org.example.Exclaim
  input:
    topics: [persistent://public/default/in]
  output:
    topic: persistent://public/default/out
  pulsar:
    pulsarConfig: pulsar
  java:
    jar: /pulsar/exclaim.jar
`;

function texts(files: Record<string, string>): string[] {
  const read = readManifests(Object.entries(files).map(([path, text]) => ({ path, text })));
  return read.problems.map(manifestProblemText);
}

Deno.test("readManifests() reads every document of all files, whatever they are called, sorted by file", () => {
  const { documents, problems } = readManifests([
    {
      path: "b.yml",
      text: "---\n# nothing\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n",
    },
    { path: "a.yaml", text: `${FUNCTION}---\n${FUNCTION.replace("exclaim", "other")}` },
    { path: "c.json", text: '{"apiVersion":"v1","kind":"ConfigMap",\n\t"metadata":{"name":"c"}}' },
    { path: ".k8s/.named", text: '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}' },
    { path: "package.json", text: '{"name":"x"}' },
  ]);
  assertEquals(problems, []);
  assertEquals(documents.map(({ object, file, line }) => `${file}:${line} ${object.kind}`), [
    ".k8s/.named:1 Pod",
    "a.yaml:1 Function",
    "a.yaml:16 Function",
    "b.yml:4 Secret",
    "c.json:1 ConfigMap",
  ]);
});

Deno.test("readManifests() knows the line of each field, in lists and through anchors and merges", () => {
  const text = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: first}
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: second
    labels: &labels
      tier: backend
      a.b/c: x
    annotations:
      <<: *labels
      own: z
  data:
    list: "1"
`;
  const [, second] = readManifests([{ path: "a.yaml", text }]).documents;
  assertEquals(second?.object.metadata.annotations, { tier: "backend", "a.b/c": "x", own: "z" });
  const lineOf = (path: string) => second?.lineOf(path);
  assertEquals(second?.line, 7);
  assertEquals(lineOf("metadata.name"), 10);
  assertEquals(lineOf('metadata.labels["a.b/c"]'), 13);
  assertEquals(lineOf("metadata.annotations.own"), 16);
  assertEquals(lineOf("metadata.annotations.tier"), 12, "where the value really is");
  assertEquals(lineOf("data.missing.deeper"), 17, "the nearest one above");
});

Deno.test("readManifests() reads scalars as kubectl does", () => {
  const data = (text: string) =>
    readManifests([{
      path: "a.yaml",
      text: `apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec:\n  value: ${text}\n`,
    }]).documents.map(({ object }) => (object.spec as { value: unknown }).value)[0];
  assertEquals(
    ["on", "yes", "n", "0644", "0o644", "1_000", "1e3", "0x1F", "~"].map(data),
    [true, true, false, 420, 420, 1000, 1000, 31, null],
  );
  assertEquals(
    ["10:30", "2026-01-01", "=", "'on'", "1.2.3", "!!str 12"].map(data),
    ["10:30", "2026-01-01", "=", "on", "1.2.3", "12"],
  );
});

Deno.test("readManifests() reports what is no YAML, with file and line", () => {
  assertEquals(texts({ "a.yaml": "a: [1\nb: 2\n" }).length, 1);
  assertEquals(
    texts({
      "dup.yaml": "apiVersion: v1\nkind: X\nkind: Y\nmetadata: {name: a}\n",
      "alias.yaml": "apiVersion: v1\nkind: X\nmetadata: {name: *nope}\n",
      "number.yaml":
        "apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec: {id: 12345678901234567890}\n",
      "tag.yaml": "apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec: !!int aGk=\n",
    }),
    [
      "alias.yaml:3: is an alias (*) without an anchor (&) of its name before it; put it in quotes if it is a text",
      "dup.yaml:3: the key is given twice; remove one of them",
      "number.yaml:4: is a number of 20 characters that JSON cannot keep; put it in quotes if it is a text",
      "tag.yaml:4: is tagged !!int, which its 4 characters are not; remove the tag",
    ],
  );
});

Deno.test("a number that no JSON holds is refused in JSON, and the text that kubectl makes of it in YAML", () => {
  const object = (id: string) =>
    `{"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"id": ${id}}}`;
  for (const id of ["1e400", "-1E+400", "1.5e9999"]) {
    const { problems } = readManifests([{ path: "a.json", text: object(id) }]);
    const message =
      `is a number of ${id.length} characters that JSON cannot keep; put it in quotes if it is a text`;
    assertEquals(problems.map((one) => one.message), [message]);
  }
  const loose = object("1e400").replaceAll('"', "");
  for (const text of [loose, "apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec: {id: 1e400}\n"]) {
    const { documents, problems } = readManifests([{ path: "a.yaml", text }]);
    assertEquals([problems, documents[0]?.object.spec], [[], { id: "1e400" }]);
  }
  assertEquals(readManifests([{ path: "a.json", text: object("1e300") }]).problems, []);
});

Deno.test("readManifests() survives a bomb of aliases", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 9; level++) {
    lines.push(`a${level}: &a${level} [${Array(10).fill(`*a${level - 1}`).join(", ")}]`);
  }
  assertEquals(texts({ "a.yaml": lines.join("\n") }).length, 1);
});

Deno.test("readManifests() reports what is no object, and what lacks a name", () => {
  assertEquals(
    texts({
      "1.yaml": "just text\n",
      "2.yaml": "replicas: 1\n",
      "3.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  generateName: x-\n",
      "4.yaml": "apiVersion: v1\nkind: Pod\n",
      "5.yaml": "apiVersion: v1\nkind: PodList\nitems: [1]\n",
      "6.yaml": "apiVersion: v1\nkind: X\nmetadata: {name: x, namespace: 12}\n",
    }),
    [
      "1.yaml:1: is no object; write apiVersion, kind and metadata",
      "2.yaml:1: is no Kubernetes object: apiVersion and kind missing",
      "3.yaml:3: Pod/ metadata.name: is missing: generateName makes a new object each time; give a name",
      "4.yaml:1: Pod/ metadata: is missing",
      "5.yaml:3: an item of the list is no object",
      "6.yaml:3: X/x metadata.namespace: must be text, but is 12; put it in quotes",
    ],
  );
});

Deno.test("readManifests() reports an object that is in two files, naming both places", () => {
  assertEquals(texts({ "b.yaml": FUNCTION, "a.yaml": `---\n${FUNCTION}` }), [
    "b.yaml:1: Function/exclaim: is given twice, first in a.yaml:2; remove one of them",
  ]);
});

Deno.test("readManifests() checks our kinds by all their rules, at the line of the field", () => {
  const bad = FUNCTION.replace("  java:\n    jar: /pulsar/exclaim.jar\n", "  replicas: -1\n");
  const found = readManifests([{ path: "meshes/a.yaml", text: bad }]).problems;
  const replicas = found.find((problem) => problem.path === "spec.replicas");
  assertEquals([replicas?.file, replicas?.line, replicas?.kind, replicas?.name], [
    "meshes/a.yaml",
    13,
    "Function",
    "exclaim",
  ]);
});

Deno.test("readManifests() says what to do with pointers, overlays and encrypted files", () => {
  assertEquals(
    texts({
      "lfs.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
      "kustomization.yaml":
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: {name: x}\n",
      "secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nsops: {version: 3.9.0}\n",
    }).map((text) => text.replace(/^(\S+) .*?(Git LFS|kustomize|SOPS).*$/, "$1 $2")),
    ["kustomization.yaml:1: kustomize", "lfs.yaml:1: Git LFS", "secret.yaml:1: SOPS"],
  );
});
