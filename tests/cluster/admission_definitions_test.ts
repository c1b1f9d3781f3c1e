import { RESOURCES } from "#api";
import type { KubeObject } from "#base";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { installKinds } from "../support/admission.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { functionObject } from "../support/objects.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();
const { spec: functionSpec } = functionObject("any");
const connector = {
  className: "org.example.Connector",
  java: { jar: "connector.nar" },
  pulsar: { pulsarConfig: "pulsar" },
};

/** What the definitions know without a webhook: the spec, the field to blame and what is said. */
const BROKEN: readonly (readonly [string, Record<string, unknown>, string, string])[] = [
  ["Function", without("java"), "spec", "names no runtime"],
  ["Function", without("pulsar"), "spec.pulsar.pulsarConfig", "name the ConfigMap"],
  [
    "Function",
    { ...functionSpec as object, pulsar: { pulsarConfig: "" } },
    "spec.pulsar.pulsarConfig",
    "name the ConfigMap",
  ],
  [
    "Function",
    { ...functionSpec as object, minReplicas: 4, maxReplicas: 3 },
    "spec",
    "minReplicas must not be more",
  ],
  [
    "Function",
    { ...functionSpec as object, maxReplicas: 3, pod: { vpa: {} } },
    "spec.pod.vpa",
    "keep one of them",
  ],
  [
    "Source",
    connector,
    "spec.sourceConfig",
    "give the connector's configuration",
  ],
  ["Source", { ...connector, sourceConfig: {}, java: null }, "spec.java", "a Source runs on Java"],
  [
    "Sink",
    connector,
    "spec.sinkConfig",
    "give the connector's configuration",
  ],
  ["FunctionMesh", { functions: [functionSpec] }, "spec.functions", "name each component"],
  ["FunctionMesh", { sinks: [{ name: "" }] }, "spec.sinks", "name each component"],
];

function without(member: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(functionSpec as object).filter(([name]) => name !== member),
  );
}

function object(kind: string, at: { namespace: string; name: string }, spec: unknown): KubeObject {
  const apiVersion = RESOURCES.find((resource) => resource.kind === kind)?.apiVersion ?? "";
  return { apiVersion, kind, metadata: at, spec };
}

Deno.test("the definitions refuse what can never run, without a webhook", async () => {
  await using client = testClient(await cluster.access());
  await installKinds(client.cluster);
  await using space = await cluster.namespace();
  for (const [index, [kind, spec, field, words]] of BROKEN.entries()) {
    const stdin = JSON.stringify(
      object(kind, { namespace: space.name, name: `broken-${index}` }, spec),
    );
    const { code, stderr } = await cluster.tryKubectl(["create", "-f", "-"], { stdin });
    assertEquals(code, 1, `${kind} ${words}`);
    assertStringIncludes(stderr, `${field}: `);
    assertStringIncludes(stderr, words);
  }
});

Deno.test("the definitions let a resource that is broken already be mended step by step (W-2)", async () => {
  await using client = testClient(await cluster.access());
  await installKinds(client.cluster);
  await using space = await cluster.namespace();
  const at = { namespace: space.name, name: "old" };
  // As a definition without our rules, the reference's, has let it in.
  const name = "functions.compute.functionmesh.io";
  const rules = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-validations";
  const definition = await cluster.get<{ spec: { versions: unknown[] } }>(["crd", name]);
  const json = (operations: unknown[]) =>
    cluster.kubectl(["patch", "crd", name, "--type=json", "-p", JSON.stringify(operations)]);
  const patchSpec = (spec: unknown, ...flags: string[]) =>
    cluster.tryKubectl([
      "patch",
      ...["fn", "old", "-n", space.name, "--type=merge", "-p", JSON.stringify({ spec }), ...flags],
    ]);
  await json([{ op: "remove", path: rules }]);
  try {
    const broken = { ...without("pulsar"), maxReplicas: 2, replicas: 3 };
    await storedOnce(() => client.cluster.create(object("Function", at, broken)));
  } finally {
    const [version] = definition.spec.versions as {
      schema: { openAPIV3Schema: { properties: { spec: Record<string, unknown> } } };
    }[];
    const value = version?.schema.openAPIV3Schema.properties.spec["x-kubernetes-validations"];
    await json([{ op: "add", path: rules, value }]);
  }
  await storedOnce(async () => {
    // Stored it would be no change from then on, which the rules let through.
    const { code } = await patchSpec({ java: null }, "--dry-run=server");
    assertEquals(code, 1, "the rules are back");
  });
  assertEquals((await patchSpec({ image: "example/runner:2" })).code, 0);
  assertEquals((await patchSpec({ replicas: 2 })).code, 0);
  const again = await patchSpec({ replicas: 3 });
  assertStringIncludes(again.stderr, "replicas must not be more than maxReplicas");
  assertEquals((await patchSpec({ pulsar: { pulsarConfig: "pulsar" } })).code, 0);
  const lost = await patchSpec({ pulsar: null });
  assertStringIncludes(lost.stderr, "spec.pulsar.pulsarConfig: Required value");
});

/** A changed definition takes effect after a moment. */
async function storedOnce(attempt: () => Promise<unknown>): Promise<void> {
  await eventually(async () => {
    await attempt();
    return true;
  });
}
