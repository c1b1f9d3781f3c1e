import { assertEquals } from "@std/assert";
import type { FunctionMesh } from "#api";
import { conditionOf, type KubeObject } from "#base";
import { type MeshComponent, meshComponents, type MeshFacts, meshStatus, passedOn } from "#plan";
import { functionObject } from "../../support/objects.ts";

const mesh: FunctionMesh = {
  apiVersion: "compute.functionmesh.io/v1alpha1",
  kind: "FunctionMesh",
  metadata: { name: "shop", namespace: "shop", uid: "uid-mesh", generation: 3 },
  spec: {},
};

function item(name: string, more: Partial<MeshComponent> = {}): MeshComponent {
  return {
    kind: "Function",
    name,
    namespace: "shop",
    child: `shop-${name}`,
    problems: [],
    live: child(name, "True", "Ready"),
    foreign: undefined,
    failure: undefined,
    ...more,
  };
}

function child(name: string, status: string, reason: string, observedGeneration = 1): KubeObject {
  const condition = { status, reason, message: `about ${name}`, observedGeneration };
  return {
    ...functionObject(`shop-${name}`),
    status: {
      replicas: 2,
      readyReplicas: 1,
      conditions: [
        { type: "Ready", ...condition },
        { type: "Stalled", ...condition, status: reason === "InvalidSpec" ? "True" : "False" },
      ],
    },
  };
}

function stateOf(facts: Partial<MeshFacts>) {
  const { conditions, ready } = status(facts);
  const texts = ["Ready", "Reconciling", "Stalled"].map((type) =>
    conditionOf(conditions, type)?.status
  );
  const { reason, message } = conditionOf(conditions, "Ready") ?? {};
  return { ready, conditions: texts.join(" "), reason, message };
}

function status(facts: Partial<MeshFacts>) {
  const now = "2026-01-01T00:00:00Z";
  return meshStatus({
    mesh,
    components: [],
    problems: [],
    leaving: [],
    failures: [],
    now,
    ...facts,
  });
}

Deno.test("meshStatus() is Ready when all components are, and an empty mesh is", () => {
  assertEquals(stateOf({ components: [item("a"), item("b")] }), {
    ready: "2/2",
    conditions: "True False False",
    reason: "Ready",
    message: "2/2 components ready",
  });
  assertEquals(stateOf({}).message, "0/0 components ready");
});

Deno.test("meshStatus() has one line for each component", () => {
  const { components } = status({ components: [item("a")] });
  assertEquals(components, [{
    kind: "Function",
    name: "a",
    child: "shop-a",
    ready: true,
    reason: "Ready",
    message: "about a",
    replicas: 2,
    readyReplicas: 1,
  }]);
});

Deno.test("meshStatus() says the first cause, and a stalled component before one at work", () => {
  const working = item("a", { live: child("a", "False", "ImagePullBackOff") });
  assertEquals(stateOf({ components: [item("z"), working] }), {
    ready: "1/2",
    conditions: "False True False",
    reason: "ImagePullBackOff",
    message: "1/2 components ready; Function a: about a",
  });
  const invalid = item("b", { live: child("b", "False", "InvalidSpec") });
  const stuck = stateOf({ components: [working, invalid] });
  assertEquals([stuck.conditions, stuck.message], [
    "False False True",
    "0/2 components ready; Function b: about b",
  ]);
});

Deno.test("meshStatus() does not believe what a child said of an older generation (W-28)", () => {
  const stale = {
    ...child("a", "True", "Ready", 1),
    metadata: { ...child("a", "True", "Ready").metadata, generation: 2 },
  };
  const { components } = status({ components: [item("a", { live: stale })] });
  assertEquals(components.map(({ ready, reason }) => [ready, reason]), [[false, "Progressing"]]);
});

Deno.test("meshStatus() is stalled by what only a person can mend, and not by the rest", () => {
  const refused = { object: "Function shop/shop-a", reason: passedOn("Invalid"), message: "no" };
  const lines = [
    item("a", { live: undefined, failure: { ...refused, isFinal: true } }),
    item("a", { live: undefined, failure: { ...refused, isFinal: false } }),
    item("a", { live: undefined }),
  ].map((one) => stateOf({ components: [one] }));
  assertEquals(lines.map(({ conditions, reason }) => `${conditions} ${reason}`), [
    "False False True Invalid",
    "False True False Invalid",
    "False True False Progressing",
  ]);
});

Deno.test("meshStatus() has not observed a generation while a write of it is still to do", () => {
  const before = { ...mesh, status: { observedGeneration: 2 } };
  const refused = { object: "Function shop/shop-a", reason: passedOn("Invalid"), message: "no" };
  const observed = (isFinal: boolean, annotations?: Record<string, string>) => {
    const failure = { ...refused, isFinal };
    const live = { ...child("a", "True", "Ready") };
    const metadata = annotations === undefined ? live.metadata : { ...live.metadata, annotations };
    const items = [item("a", { failure, live: { ...live, metadata } })];
    return status({ mesh: before, components: items, failures: [failure] }).observedGeneration;
  };
  const applied = { "compute.functionmesh.io/applied-hash": "1" };
  assertEquals(observed(false, applied), 2);
  assertEquals(observed(true, applied), 3);
  // One that the reference operator made is still to get the edit.
  assertEquals(observed(true), 2);
  const leaving = { ...refused, isFinal: false, object: "Function shop/shop-gone" };
  assertEquals(status({ mesh: before, failures: [leaving] }).observedGeneration, 2);
});

Deno.test("meshStatus() names children that are on their way out", () => {
  assertEquals(stateOf({ components: [item("a")], leaving: ["Function shop-old"] }), {
    ready: "1/1",
    conditions: "True True False",
    reason: "Ready",
    message: "1/1 components ready; being removed: Function shop-old",
  });
});

Deno.test("meshStatus() has the first findings, and none where there are none", () => {
  const finding = { code: "EndlessCycle", path: "spec.functions[0]", message: "feeds itself" };
  assertEquals("findings" in status({}), false);
  assertEquals(status({ findings: Array(30).fill(finding) }).findings, Array(20).fill(finding));
});

Deno.test("meshComponents() gives each item the problems that are its own", () => {
  const problems = [
    { path: "spec.functions[1].name", message: "is taken" },
    { path: "spec.functions[10]", message: "is no item of this mesh" },
    { path: "metadata.name", message: "is long" },
  ];
  const spec = { functions: [{ name: "a" }, { name: "a" }], sinks: [{ name: "s" }] };
  const { components: items, rest } = meshComponents({ ...mesh, spec }, problems);
  assertEquals(
    items.map(({ kind, name, child, problems }) => [kind, name, child, problems.length]),
    [
      ["Function", "a", "shop-a", 0],
      ["Function", "a", "shop-a", 1],
      ["Sink", "s", "shop-s", 0],
    ],
  );
  assertEquals(rest.map(({ path }) => path), ["spec.functions[10]", "metadata.name"]);
});

Deno.test("meshComponents() survives whatever a spec holds", () => {
  for (const spec of [undefined, null, 3, { functions: "no" }, { functions: [null, 3, {}] }]) {
    const odd = { ...mesh, spec } as unknown as FunctionMesh;
    const { components } = meshComponents(odd, []);
    assertEquals(components.every(({ name }) => name === ""), true);
  }
});
