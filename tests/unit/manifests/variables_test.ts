import { assert, assertEquals } from "@std/assert";
import { manifestProblemText, readManifests } from "#manifests";
import type { Variables } from "../../../src/manifests/variables.ts";

const VARIABLES: Variables = new Map([
  ["COUNT", { value: "3", isSecret: false }],
  ["EMPTY", { value: "", isSecret: false }],
  ["FLAG", { value: "true", isSecret: false }],
  ["NAME", { value: "orders", isSecret: false }],
  ["SLY", { value: "x\nmetadata: {name: evil}", isSecret: false }],
  ["PASSWORD", { value: "s3cret-value", isSecret: true }],
]);

function configMap(data: string, kind = "ConfigMap"): string {
  return `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: a\ndata:\n${data}`;
}

function read(data: string, variables: Variables | undefined = VARIABLES, kind?: string) {
  const files = [{ path: "a.yaml", text: configMap(data, kind) }];
  const { documents, problems } = readManifests(files, variables && { variables });
  return { data: documents[0]?.object["data"], problems: problems.map(manifestProblemText) };
}

Deno.test("a declared variable is replaced in values, anywhere in them, and never in keys", () => {
  const found = read(
    '  one: ${NAME}\n  two: "a-${NAME}-${COUNT}"\n  ${NAME}: key\n  text: |\n    x=${NAME}\n    y=$NAME\n',
  );
  assertEquals(found.problems, []);
  assertEquals(found.data, {
    one: "orders",
    two: "a-orders-3",
    "${NAME}": "key",
    text: "x=orders\ny=$NAME\n",
  });
});

Deno.test("a variable alone and without quotes is read as YAML reads its value, in quotes it is text", () => {
  const found = read(
    '  count: ${COUNT}\n  s: "${COUNT}"\n  b: ${FLAG}\n  list:\n  - ${COUNT}\n  - a${COUNT}\n  e: ${EMPTY}\n',
    VARIABLES,
    "Thing",
  );
  assertEquals(found.problems, []);
  assertEquals(found.data, { count: 3, s: "3", b: true, list: [3, "a3"], e: "" });
});

Deno.test("the value of a variable never becomes structure", () => {
  const found = read("  sly: ${SLY}\n  in: a ${SLY}\n");
  assertEquals(found.problems, []);
  assertEquals(found.data, {
    sly: "x\nmetadata: {name: evil}",
    in: "a x\nmetadata: {name: evil}",
  });
});

Deno.test("$${NAME} stands for ${NAME}, and other dollars for themselves", () => {
  const found = read("  a: $${NAME}\n  b: cost $5 ${env:HOME} $(x) ${a.b}\n  c: $${X:-y}\n");
  assertEquals(found.problems, []);
  assertEquals(found.data, {
    a: "${NAME}",
    b: "cost $5 ${env:HOME} $(x) ${a.b}",
    c: "${X:-y}",
  });
});

Deno.test("an unknown variable is a problem with its file and line, within texts too", () => {
  const found = read("  a: ${NAEM}\n  text: |\n    fine ${NAME}\n    $${NEXT}\n    not ${NEXT}\n");
  assertEquals(found.problems, [
    "a.yaml:6: uses ${NAEM}, which is not declared; add it to spec.variables of the MeshSync, " +
    "or write $${NAEM} if it is to stay",
    "a.yaml:10: uses ${NEXT}, which is not declared; add it to spec.variables of the MeshSync, " +
    "or write $${NEXT} if it is to stay",
  ]);
  assertEquals(read("  a: ${NAME:-x}\n").problems, [
    "a.yaml:6: holds ${NAME:-x}, but only ${NAME} is replaced; declare a value, or write $${ if " +
    "it is to stay",
  ]);
});

Deno.test("nothing is replaced where no variables are declared", () => {
  const text = configMap("  a: ${NAME} $${NAME}\n");
  const { documents, problems } = readManifests([{ path: "a.yaml", text }]);
  assertEquals(problems, []);
  assertEquals(documents[0]?.object["data"], { a: "${NAME} $${NAME}" });
});

Deno.test("JSON files know variables too, as texts", () => {
  const text =
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${NAME}"},"n":"${COUNT}"}';
  const { documents } = readManifests([{ path: "a.json", text }], { variables: VARIABLES });
  assertEquals(documents[0]?.object.metadata.name, "orders");
  assertEquals(documents[0]?.object["n"], "3");
});

Deno.test("the value of a variable from a Secret is repeated by no problem", () => {
  const text = `apiVersion: gitops.functionmesh.io/v1alpha1
kind: MeshSync
metadata: {name: a}
spec: {url: "https://git.example/a", interval: "\${PASSWORD}"}
`;
  const { problems } = readManifests([{ path: "a.yaml", text }], { variables: VARIABLES });
  const told = problems.map(manifestProblemText).join();
  assert(told.includes('"***" is no duration'), told);
  assert(!told.includes("s3cret-value"));
});

Deno.test("a value that was put into a longer text stays text, whatever it looks like then", () => {
  const found = read("  a: ${COUNT}5\n  b: ${FLAG}${EMPTY}\n  c: 0${COUNT}\n");
  assertEquals(found, { data: { a: "35", b: "true", c: "03" }, problems: [] });
});

Deno.test("C2: variables may make a revision only so much longer", () => {
  const value = "x".repeat(1024 * 1024);
  const uses = Array.from({ length: 9 }, (_, at) => `  k${at}: "\${A}"\n`).join("");
  const { problems } = read(uses, new Map([["A", { value, isSecret: false }]]));
  assertEquals(problems, [
    "a.yaml:14: variables make more than 8388608 characters of the revision",
  ]);
});

Deno.test("C2: what only begins like a variable is passed over in one go, however often it does", () => {
  const ratio = (unit: string, end = "") => {
    const took = [20_000, 200_000].map((length) => {
      const text = unit.repeat(length / unit.length) + end;
      const start = performance.now();
      for (let round = 0; round < 5; round++) read(`  a: "${text}"\n`);
      return performance.now() - start;
    });
    return (took[1] ?? 0) / Math.max(1, took[0] ?? 0);
  };
  for (const [unit, end] of [["${a-", ""], ["${a-", "}"], ["${A", "}"], ["$", "{A}"], ["${", ""]]) {
    const grown = ratio(String(unit), end);
    assert(grown < 60, `${unit}: ten times the text took ${grown} times as long`);
  }
});
