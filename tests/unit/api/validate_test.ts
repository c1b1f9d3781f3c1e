import {
  COMPUTE_API_VERSION,
  isComponent,
  problems,
  RESOURCES,
  warnings,
  withDefaults,
} from "#api";
import { isPlainObject, type KubeObject } from "#base";
import { assertEquals } from "@std/assert";
import { goldenCases } from "../../golden/golden_cases.ts";
import {
  functionWith,
  meshWith,
  problemPaths,
  sinkWith,
  sourceWith,
  syncWith,
  untyped,
  warningPaths,
} from "./resources_for_tests.ts";

Deno.test("problems() finds nothing in sound resources", () => {
  const sound = [functionWith(), sourceWith(), sinkWith(), syncWith(), meshWith({})];
  for (const object of sound) {
    assertEquals([...problems(object), ...warnings(object)], []);
  }
});

Deno.test("problems() names wrong types by their path, without the value", () => {
  const found = problems(untyped("Function", {
    ...functionWith().spec,
    replicas: "three",
    input: { topics: ["in", 5] },
    pulsar: { pulsarConfig: "pulsar", authConfig: { genericAuth: "s3cret" } },
  }));
  assertEquals(found, [
    { path: "spec.input.topics[1]", message: "must be a text, but is 5; put it in quotes" },
    {
      path: "spec.pulsar.authConfig.genericAuth",
      message: "must be an object, but is a text; give its members",
    },
    {
      path: "spec.replicas",
      message: "must be a whole number, but is a text; give a whole number",
    },
  ]);
});

Deno.test("problems() names missing members, words that are not offered and numbers out of range", () => {
  const found = problems(untyped("Function", {
    ...functionWith().spec,
    java: {},
    processingGuarantee: "atleastonce",
    minReplicas: -1,
    timeout: 2 ** 31,
    resources: { limits: { memory: "a lot" } },
  }));
  assertEquals(found.map((problem) => [problem.path, problem.message.split(";")[0]]), [
    ["spec.java.jar", "is missing"],
    ["spec.minReplicas", "-1 is too small"],
    ["spec.processingGuarantee", '"atleastonce" is not offered (did you mean atleast_once?)'],
    ["spec.resources.limits.memory", '"a lot" is no quantity'],
    ["spec.timeout", "2147483648 does not fit 32 bits"],
  ]);
});

Deno.test("problems() takes null for absent, as the API server does", () => {
  assertEquals(problems(untyped("Function", { ...functionWith().spec, replicas: null })), []);
  const { pulsar: _, ...rest } = functionWith().spec;
  assertEquals(problemPaths(untyped("Function", { ...rest, pulsar: null })), [
    "spec.pulsar.pulsarConfig",
  ]);
});

Deno.test("warnings() suggests the member that was meant; problems() does on demand", () => {
  const object = untyped("Function", { ...functionWith().spec, maxReplica: 3, zzz: 1 });
  const unknown = [
    {
      path: "spec.maxReplica",
      message: "is not known and has no effect; did you mean maxReplicas?",
    },
    { path: "spec.zzz", message: "is not known and has no effect; remove it" },
  ];
  assertEquals(problems(object), []);
  assertEquals(warnings(object), unknown);
  assertEquals(problems(object, { unknownMembers: "refuse" }), unknown);
  assertEquals(warnings(object, { unknownMembers: "refuse" }), []);
});

Deno.test("warnings() says nothing of free-form configuration", () => {
  assertEquals(warnings(functionWith({ funcConfig: { anything: { at: ["all"] } } })), []);
});

Deno.test("problems() says that a kind or version of our groups is not known", () => {
  const odd = (apiVersion: string, kind: string): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name: "x" },
  });
  assertEquals(problems(odd(COMPUTE_API_VERSION, "Funktion")), [{
    path: "kind",
    message: '"Funktion" is no kind of compute.functionmesh.io; did you mean Function?',
  }]);
  assertEquals(problemPaths(odd("compute.functionmesh.io/v1", "Function")), ["apiVersion"]);
  assertEquals(problems(odd("apps/v1", "StatefulSet")), []);
});

Deno.test("problems() wants a name that can be used", () => {
  const withName = (metadata: unknown) =>
    problemPaths(untyped("Function", functionWith().spec, metadata));
  assertEquals(withName({ name: "a".repeat(43) }), []);
  assertEquals(withName({ name: "a".repeat(44) }), ["metadata.name"]);
  assertEquals(withName({ name: "Upper_Case" }), ["metadata.name"]);
  assertEquals(withName({}), ["metadata.name"]);
  assertEquals(withName({ generateName: "job-" }), []);
  assertEquals(withName({ generateName: "a".repeat(39) }), ["metadata.generateName"]);
  assertEquals(withName({ name: 7 }), ["metadata.name"]);
  assertEquals(withName(null), ["metadata"]);
  assertEquals(warningPaths(untyped("Function", functionWith().spec, { name: "a.b" })), [
    "metadata.name",
  ]);
});

Deno.test("problems(), warnings() and withDefaults() never throw, whatever the input (W-2)", () => {
  const junk: unknown[] = [null, undefined, 0, -1.5, true, "", "x", [], [null], {}, { a: 1 }];
  const looked = { count: 0, refused: 0 };
  const look = (object: KubeObject) => {
    looked.count++;
    if (problems(object).length > 0) looked.refused++;
    warnings(object);
    if (isPlainObject(object) && isPlainObject(object.metadata) && isComponent(object)) {
      withDefaults(object);
    }
  };
  for (const value of junk) {
    look(value as KubeObject);
    for (const { apiVersion, kind } of RESOURCES) {
      look({ apiVersion, kind, metadata: value, spec: value } as unknown as KubeObject);
    }
  }
  goldenCases().slice(0, 40).forEach((golden, index) => {
    for (const path of pathsOf(golden.input.spec)) {
      const spec = replaced(golden.input.spec, path, junk[(index + path.length) % junk.length]);
      look({ ...golden.input, spec });
    }
  });
  assertEquals(looked.count > 1000 && looked.refused > 500, true, JSON.stringify(looked));
});

/** Every place in a value. */
function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [[...path]];
  const inner = Object.entries(value).flatMap(([name, item]) => pathsOf(item, [...path, name]));
  return [[...path], ...inner];
}

/** The value with another one at a place. */
function replaced(value: unknown, path: readonly string[], other: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return other;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[name] = replaced(copy[name], rest, other);
  return copy;
}
