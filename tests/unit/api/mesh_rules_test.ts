import { meshItems, problems, warnings } from "#api";
import { assertEquals } from "@std/assert";
import {
  functionWith,
  meshWith,
  problemPaths,
  sinkWith,
  sourceWith,
  syncWith,
  warningPaths,
} from "./resources_for_tests.ts";

const { spec: fn } = functionWith();
const { spec: sink } = sinkWith();
const { spec: source } = sourceWith();

Deno.test("problems() checks every item of a mesh as the resource it becomes (W-41)", () => {
  const mesh = meshWith({
    functions: [{ ...fn, name: "a" }, { ...fn, name: "b", className: "" }],
    sources: [{ ...source, name: "c", output: { topic: "x/y" } }],
    sinks: [{ ...sink, name: "d", input: {} }],
  });
  assertEquals(problemPaths(mesh), [
    "spec.functions[1].className",
    "spec.sources[0].output.topic",
    "spec.sinks[0].input",
  ]);
});

Deno.test("problems() wants every item of a mesh named (W-15)", () => {
  assertEquals(problems(meshWith({ functions: [fn] })), [{
    path: "spec.functions[0].name",
    message: "is missing; name the component",
  }]);
});

Deno.test("problems() refuses a name given twice within a kind, not across kinds (W-9)", () => {
  const twice = [{ ...fn, name: "a" }, { ...fn, name: "a" }];
  assertEquals(problems(meshWith({ functions: twice, sinks: [{ ...sink, name: "a" }] })), [{
    path: "spec.functions[1].name",
    message: '"a" is the name of functions[0] as well; choose another',
  }]);
});

Deno.test("problems() counts the mesh's name into the length of an item's (W-15)", () => {
  const named = (item: string) => problems(meshWith({ functions: [{ ...fn, name: item }] }));
  assertEquals(named("a".repeat(38)), []);
  const child = `shop-${"a".repeat(39)}`;
  assertEquals(named("a".repeat(39)), [{
    path: "spec.functions[0].name",
    message:
      `has 44 characters; a Function may have 43, shorten it (the resource is called ${child})`,
  }]);
});

Deno.test("problems() names wrong types in a mesh once", () => {
  const mesh = { ...meshWith({}), spec: { functions: [{ ...fn, name: 5 }, "x"], sinks: {} } };
  assertEquals(problemPaths(mesh as unknown as ReturnType<typeof meshWith>), [
    "spec.functions[0].name",
    "spec.functions[1]",
    "spec.sinks",
  ]);
});

Deno.test("warnings() reaches into a mesh", () => {
  const mesh = meshWith({ sinks: [{ ...sink, name: "a", logTopic: "x/y" }] });
  assertEquals(warningPaths(mesh), ["spec.sinks[0].logTopic"]);
});

Deno.test("meshItems() makes the children of a mesh without namespace as well", () => {
  const { namespace: _, ...metadata } = meshWith({}).metadata;
  const items = meshItems({ ...meshWith({ sources: [{ name: "a" }] }), metadata });
  assertEquals(items[0]?.component.metadata, { name: "shop-a" });
});

Deno.test("problems() checks the repository of a MeshSync", () => {
  assertEquals(problemPaths(syncWith({ url: "" })), ["spec.url"]);
  assertEquals(problemPaths(syncWith({ url: "ext::sh -c id" })), ["spec.url"]);
  assertEquals(problemPaths(syncWith({ url: "file:///srv/a" })), ["spec.url"]);
  assertEquals(problemPaths(syncWith({ url: "file:///srv/a" }), { fileUrls: "allow" }), []);
  assertEquals(problemPaths(syncWith({ url: "git@example.org:a.git" })), []);
  const secret = problems(syncWith({ url: "htps://user:s3cret@example.org/a" }));
  assertEquals(secret.length === 1 && !JSON.stringify(secret).includes("s3cret"), true);
  assertEquals(warnings(syncWith({ url: "http://example.org/a" })).length, 1);
});

Deno.test("problems() checks ref, path and times of a MeshSync", () => {
  const paths = (changes: Parameters<typeof syncWith>[0]) => problemPaths(syncWith(changes));
  assertEquals(paths({ ref: { branch: "main", tag: "v1" } }), ["spec.ref"]);
  assertEquals(paths({ ref: { commit: "a".repeat(40) } }), []);
  assertEquals(paths({ ref: { commit: "abc" } }), ["spec.ref.commit"]);
  assertEquals(paths({ ref: { branch: "--upload-pack=x" } }), ["spec.ref.branch"]);
  assertEquals(paths({ ref: { branch: "feature/a.b-c" } }), []);
  assertEquals(paths({ ref: { tag: "a..b" } }), ["spec.ref.tag"]);
  for (const path of ["/etc", "..", "a/../../b"]) assertEquals(paths({ path }), ["spec.path"]);
  for (const path of [".", "", "./a", "a/b/", "a..b"]) assertEquals(paths({ path }), []);
  assertEquals(paths({ interval: "5 minutes", timeout: "0s" }), ["spec.interval", "spec.timeout"]);
  assertEquals(paths({ targetNamespace: "A_b", secretRef: { name: "" } }), [
    "spec.targetNamespace",
    "spec.secretRef.name",
  ]);
});

Deno.test("problems() wants a spec with a url of a MeshSync", () => {
  const { spec: _, ...without } = syncWith();
  assertEquals(problemPaths(without), ["spec"]);
  assertEquals(problemPaths({ ...without, spec: {} }), ["spec.url"]);
});
