import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { samples } from "../../../../src/gitops/plan/sample.ts";

function component(name: string, spec: Record<string, unknown> = {}, kind = "Function") {
  const object = {
    apiVersion: kind === "ConfigMap" ? "v1" : "compute.functionmesh.io/v1alpha1",
    kind,
    metadata: {
      name,
      namespace: "shop",
      annotations: { "gitops.functionmesh.io/hash": name },
    },
    spec: { className: name, image: "runner:1", ...spec },
  } satisfies KubeObject;
  return { object };
}

const many = (count: number, specOf: (at: number) => Record<string, unknown> = () => ({})) =>
  Array.from({ length: count }, (_, at) => component(`f${at}`, specOf(at)));

const counts = (targets: { object: KubeObject }[]) =>
  samples(targets).map(({ spared, tried }) => [tried.length, spared.length]);

Deno.test("a few of one shape are all tried; of many some are, the first and the last among them", () => {
  assertEquals(counts(many(16)), [[16, 0]]);
  assertEquals(counts(many(17)), [[16, 1]]);
  const targets = many(2_000);
  const [all] = samples(targets);
  assertEquals([all?.tried.length, all?.spared.length], [16, 1_984]);
  assertEquals([all?.tried[0], all?.tried.at(-1)], [targets[0], targets.at(-1)]);
  assertEquals(new Set([...all?.tried ?? [], ...all?.spared ?? []]).size, 2_000);
  assertEquals(samples([]), []);
});

Deno.test("what names a function makes no shape; all that others may decide about does", () => {
  const named = (at: number) => ({
    input: { topics: [`in-${at}`], typeClassName: "java.lang.String" },
    output: { topic: `out-${at}` },
    funcConfig: { threshold: at },
    subscriptionName: `sub-${at}`,
  });
  assertEquals(counts(many(40, named)), [[16, 24]]);
  for (
    const spec of [
      { image: "runner:2" },
      { replicas: 2 },
      { pod: { labels: { team: "a" } } },
      { resources: { requests: { cpu: "2" } } },
      { input: { topics: ["a", "b"] } },
      { input: { topics: ["a"], sourceSpecs: { a: { isRegexPattern: true } } } },
      { funcConfig: { threshold: 1, other: 2 } },
    ]
  ) {
    const own = { ...named(1), ...spec };
    assertEquals(counts([...many(40, named), component("x", own)]), [[16, 24], [1, 0]]);
  }
  const labelled = component("x", named(1));
  const metadata = { ...labelled.object.metadata, labels: { team: "a" } };
  const elsewhere = { ...labelled.object.metadata, namespace: "other" };
  for (const one of [metadata, elsewhere]) {
    const target = { object: { ...labelled.object, metadata: one } };
    assertEquals(counts([...many(40, named), target]), [[16, 24], [1, 0]]);
  }
});

Deno.test("kinds whose rules are not known whole are all tried", () => {
  for (const kind of ["ConfigMap", "FunctionMesh", "BackendConfig"]) {
    const targets = Array.from({ length: 30 }, () => component("same", {}, kind));
    assertEquals(samples(targets).every(({ spared }) => spared.length === 0), true);
  }
});
