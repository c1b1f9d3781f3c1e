import { assertEquals } from "@std/assert";
import { authoredObject, manifestProblemText, ownerProblems, readManifests } from "#manifests";

function problems(text: string, path = "a.yaml"): string[] {
  return readManifests([{ path, text }]).problems.map(manifestProblemText);
}

Deno.test("a name that YAML reads as something else is told as it is written, and never as missing", () => {
  const object = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;
  const said = (name: string) =>
    problems(object(name)).map((text) =>
      text.replace(/^a\.yaml:4: ConfigMap\/ metadata\.name: /, "")
    );
  for (const name of ["20240601", "1e3", "on", "y", "0123", "0x1F", "-1", "1.0", "No", "1_000"]) {
    assertEquals(said(name), [`must be text, but is ${name}; put it in quotes`]);
  }
  for (const name of ["", "~", "null", '""']) {
    assertEquals(said(name), ["is missing; give the object a name"]);
  }
  assertEquals(said("{a: b}"), ["must be text, but is a map"]);
  assertEquals(said("[a]"), ["must be text, but is a list"]);
  for (const name of ["'20240601'", "2024-06-01", "1.2.3", "12:30", "e2"]) {
    assertEquals(said(name), [], name);
  }
  const twice = `${object("1e3")}---\n${object("1e3")}---\n${object("")}---\n${object("")}`;
  assertEquals(problems(twice).filter((text) => text.includes("given twice")), []);
});

Deno.test("namespaces, labels and annotations are told in the same way", () => {
  const text =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: 0123\n  labels:\n    version: 1.10\n" +
    "    on: on\n  annotations: {port: 8080, none: , map: {a: b}}\n";
  assertEquals(problems(text), [
    "a.yaml:5: Pod/a metadata.namespace: must be text, but is 0123; put it in quotes",
    'a.yaml:7: Pod/a metadata.labels["version"]: must be text, but is 1.10; put it in quotes',
    'a.yaml:8: Pod/a metadata.labels["true"]: must be text, but is on; put it in quotes',
    'a.yaml:9: Pod/a metadata.annotations["port"]: must be text, but is 8080; put it in quotes',
    'a.yaml:9: Pod/a metadata.annotations["map"]: must be text, but is a map',
  ]);
});

Deno.test("what a ConfigMap holds must be text, at the line of each member", () => {
  const text =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  port: 8080\n  debug: on\n" +
    "  empty:\n  app.yaml: {a: b}\nbinaryData:\n  x: '!'\n";
  assertEquals(problems(text), [
    'a.yaml:5: ConfigMap/a data["port"]: must be text, but is 8080; put it in quotes',
    'a.yaml:6: ConfigMap/a data["debug"]: must be text, but is on; put it in quotes',
    'a.yaml:8: ConfigMap/a data["app.yaml"]: must be text, but is a map',
  ]);
  assertEquals(problems(text.replace(/data:\n(?: .*\n)*/, "")), [
    'a.yaml:5: ConfigMap/a binaryData["x"]: must be base64; give a text as it is in data',
  ]);
});

Deno.test("what a Secret holds must be text too, and no problem shows a value", () => {
  const text =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  pin: 81726354\n  flag: on\n" +
    "  config: {user: bob, pass: s3cretvalue99}\n  list: [s3cretvalue99]\n  fine: text\n  none:\n" +
    "data:\n  password: 81726354\n";
  assertEquals(problems(text), [
    'a.yaml:5: Secret/s stringData["pin"]: must be text, but is a number; put it in quotes',
    'a.yaml:6: Secret/s stringData["flag"]: must be text, but is true or false; put it in quotes',
    'a.yaml:7: Secret/s stringData["config"]: must be text, but is a map; write it as one text, with | before its lines',
    'a.yaml:8: Secret/s stringData["list"]: must be text, but is a list; write it as one text, with | before its lines',
    'a.yaml:12: Secret/s data["password"]: must be text, but is a number; put it in quotes',
  ]);
  const plain =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  a: hunter2-plain!\n  b: aGk=\n";
  assertEquals(problems(plain), [
    'a.yaml:5: Secret/s data["a"]: must be base64; give a text as it is in stringData',
  ]);
});

Deno.test("a key of a ConfigMap or Secret without a value is a warning at its line: it is left out", () => {
  const text = (kind: string, member: string) =>
    `apiVersion: v1\nkind: ${kind}\nmetadata: {name: s}\n${member}:\n  full: ""\n  empty:\n`;
  const members = [["Secret", "stringData"], ["Secret", "data"], ["ConfigMap", "data"]] as const;
  for (const [kind, member] of members) {
    const read = readManifests([{ path: "a.yaml", text: text(kind, member) }]);
    assertEquals(read.problems, []);
    assertEquals(read.warnings.map(manifestProblemText), [
      `a.yaml:6: ${kind}/s ${member}["empty"]: has no value: the key is left out; write "" for an empty text`,
    ]);
  }
});

Deno.test("a member of the metadata without a value, or with one of another type, is told or left out, whatever it is", () => {
  const members = ["labels", "annotations", "finalizers", "ownerReferences", "generateName", "uid"];
  for (const member of [...members, "namespace", "creationTimestamp", "managedFields", "any"]) {
    for (const kind of ["ConfigMap", "Secret", "Function", "Endpoints", "Namespace"]) {
      for (const value of ["", "text", "7", "true", "[~]", "[7, {a: b}]", "{a: 7}", "[[]]"]) {
        const text = `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: a\n  ${member}: ${value}\n`;
        const read = readManifests([{ path: "a.yaml", text }]);
        if (value === "") assertEquals([read.documents.length, read.problems], [1, []], text);
        ownerProblems(read.documents);
        read.documents.forEach(({ object }) => authoredObject(object));
      }
    }
  }
});

Deno.test("nothing in a manifest leads to another path of the API server", () => {
  const object = (apiVersion: string, kind = "ConfigMap", name = "a", namespace = "shop") =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: "${name}", namespace: "${namespace}"}\n`;
  const fields = (text: string) =>
    readManifests([{ path: "a.yaml", text }]).problems.map(({ path }) => path);
  for (
    const apiVersion of [
      "../api/v1/secrets?x=",
      "a/b/c",
      "v1/",
      "/v1",
      "V1",
      "v1 ",
      "a%2fb/v1",
      "''",
    ]
  ) {
    assertEquals(fields(object(`"${apiVersion}"`)).slice(0, 1), ["apiVersion"], apiVersion);
  }
  for (const kind of ["Config/Map", "..", "a b", "Config%2fMap", "é"]) {
    assertEquals(fields(object("v1", `"${kind}"`)), ["kind"], kind);
  }
  for (const name of ["a/b", ".", "..", "a%2fb", "a".repeat(254)]) {
    assertEquals(fields(object("v1", "ConfigMap", name)), ["metadata.name"], name);
  }
  for (const namespace of ["a/b", "..", "A", "a.b", "-a", "a-", "a".repeat(64)]) {
    assertEquals(
      fields(object("v1", "ConfigMap", "a", namespace)),
      ["metadata.namespace"],
      namespace,
    );
  }
  assertEquals(fields(object("rbac.authorization.k8s.io/v1", "Role", "system:a")), []);
});
