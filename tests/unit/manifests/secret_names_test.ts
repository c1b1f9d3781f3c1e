import { assertEquals } from "@std/assert";
import { manifestProblemText, readManifests } from "#manifests";

const SECRET = { value: "MARK-secret", isSecret: true };
const PLAIN = { value: "shop", isSecret: false };
const variables = new Map([["KEY", SECRET], ["TEAM", PLAIN]]);

function problemsOf(text: string): string[] {
  return readManifests([{ path: "a.yaml", text }], { variables }).problems.map(manifestProblemText)
    .filter((line) => line.includes("comes from a Secret"));
}

const WHY = "uses ${KEY}, which comes from a Secret, and everybody may read names and keys; " +
  "write it out, or declare it in spec.variables or a ConfigMap";

Deno.test("readManifests() refuses variables from Secrets in names, namespaces, kinds and versions (H3)", () => {
  const object = (field: string) => {
    const lines = {
      apiVersion: "apiVersion: v1",
      kind: "kind: ConfigMap",
      name: "  name: a",
      namespace: "  namespace: b",
    };
    const { apiVersion, kind, name, namespace }: typeof lines = {
      ...lines,
      [field.split(":")[0]?.trim() ?? ""]: field,
    };
    return `${apiVersion}\n${kind}\nmetadata:\n${name}\n${namespace}\ndata: {a: "\${KEY}"}\n`;
  };
  assertEquals(problemsOf(object("apiVersion: ${KEY}/v1")), [`a.yaml:1: apiVersion ${WHY}`]);
  assertEquals(problemsOf(object("kind: ${KEY}")), [`a.yaml:2: kind ${WHY}`]);
  assertEquals(problemsOf(object("  name: a-${KEY}")), [`a.yaml:4: metadata.name ${WHY}`]);
  assertEquals(problemsOf(object("  namespace: '${KEY}'")), [
    `a.yaml:5: metadata.namespace ${WHY}`,
  ]);
  assertEquals(problemsOf(object("  namespace: ${TEAM}")), []);
  assertEquals(problemsOf(object("  name: a-$${KEY}")), []);
});

Deno.test("readManifests() refuses variables from Secrets in the names of a mesh's components, in lists, and as keys (H3)", () => {
  const mesh =
    "apiVersion: compute.functionmesh.io/v1alpha1\nkind: FunctionMesh\nmetadata: {name: m}\n" +
    "spec:\n  functions:\n  - name: ${KEY}\n";
  assertEquals(problemsOf(mesh), [`a.yaml:6: spec.functions[].name ${WHY}`]);
  const list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n" +
    "  metadata:\n    name: ${KEY}\n";
  assertEquals(problemsOf(list), [`a.yaml:7: metadata.name ${WHY}`]);
  const keys = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    ${KEY}: x\n" +
    "data:\n  '${KEY}': y\n  ${TEAM}: z\n";
  assertEquals(problemsOf(keys), [
    `a.yaml:6: the name of a member ${WHY}`,
    `a.yaml:8: the name of a member ${WHY}`,
  ]);
});

Deno.test("readManifests() refuses variables from Secrets that reach a name by an alias or a merge (H3)", () => {
  const alias =
    "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: &key ${KEY}\nmetadata:\n  name: *key\n";
  assertEquals(problemsOf(alias), [`a.yaml:4: metadata.name ${WHY}`]);
  const merge = "apiVersion: v1\nkind: ConfigMap\nx: &m\n  name: ${KEY}\nmetadata:\n  <<: *m\n";
  assertEquals(problemsOf(merge), [`a.yaml:4: metadata.name ${WHY}`]);
  const loop = "apiVersion: v1\nkind: List\nitems: &all\n- kind: List\n  items: *all\n";
  assertEquals(problemsOf(loop), []);
});

Deno.test("readManifests() names neither a variable's value nor a Secret's own in any problem (H3)", () => {
  const text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {x: [MARK-in-git]}}\n" +
    "data: {a: MARK-in-git, b: [TUFSSy1pbi1naXQ]}\nstringData: {c: MARK-in-git}\nother: ${KEY}\n";
  const { problems } = readManifests([{ path: "a.yaml", text }], { variables });
  assertEquals(problems.length > 0, true);
  assertEquals(problems.map(manifestProblemText).filter((line) => line.includes("MARK-")), []);
});
