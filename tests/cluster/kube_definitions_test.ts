import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { idOf, type JsonObject, keyOf, type KubeObject, StalledError, systemClock } from "#base";
import { DEFINITION_TYPE, installDefinitions } from "#kube";
import { testCluster } from "../support/control_plane.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();
const OPTIONS = { fieldManager: "kube-test", clock: systemClock };

function definition(group: string, plural: string, kind: string): KubeObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      }],
    },
  };
}

Deno.test("installDefinitions() installs, and the kinds can be written at once", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const definitions = [
    definition("one.example", "gears", "Gear"),
    definition("one.example", "bolts", "Bolt"),
  ];
  assertEquals(await installDefinitions(client.cluster, definitions, OPTIONS), [
    { name: "bolts.one.example", action: "created" },
    { name: "gears.one.example", action: "created" },
  ]);
  const metadata = { namespace: space.name, name: "a" };
  await client.cluster.apply({ apiVersion: "one.example/v1", kind: "Gear", metadata }, OPTIONS);
});

Deno.test("installDefinitions() writes nothing when nothing changed, and what changed otherwise", async () => {
  await using client = testClient(await cluster.access());
  const gear = definition("two.example", "gears", "Gear");
  await installDefinitions(client.cluster, [gear], OPTIONS);
  const before = client.requests.length;
  const again = await installDefinitions(client.cluster, [gear], OPTIONS);
  assertEquals(again, [{ name: "gears.two.example", action: "unchanged" }]);
  const verbs = new Set(client.requests.slice(before).map((request) => request.verb));
  assertEquals([...verbs], ["get"]);
  const labelled = { ...gear, metadata: { ...gear.metadata, labels: { a: "b" } } };
  const changed = await installDefinitions(client.cluster, [labelled], OPTIONS);
  assertEquals(changed, [{ name: "gears.two.example", action: "configured" }]);
});

Deno.test("installDefinitions() mends a definition that somebody edited or put another over", async () => {
  await using client = testClient(await cluster.access());
  const gear = definition("four.example", "gears", "Gear");
  await installDefinitions(client.cluster, [gear], OPTIONS);
  const live = () => client.cluster.get(DEFINITION_TYPE, keyOf(gear));
  const spec = (await live())?.spec;
  for (const stranger of strangers(gear)) {
    // Its annotations stay, the note of what was installed among them.
    await client.cluster.patch(idOf(gear), { spec: stranger }, { fieldManager: "somebody" });
    assertNotEquals((await live())?.spec, spec);
    const mended = await installDefinitions(client.cluster, [gear], OPTIONS);
    assertEquals(mended, [{ name: "gears.four.example", action: "configured" }]);
    assertEquals((await live())?.spec, spec);
    const again = await installDefinitions(client.cluster, [gear], OPTIONS);
    assertEquals(again, [{ name: "gears.four.example", action: "unchanged" }]);
  }
});

/** What others make of a definition: a stricter schema, more names and columns, a conversion. */
function strangers({ spec }: KubeObject): JsonObject[] {
  const { versions: [version], names } = spec as unknown as {
    readonly versions: readonly [JsonObject];
    readonly names: JsonObject;
  };
  const properties = { spec: { type: "object", required: ["a"], properties: {} } };
  const service = { name: "gone", namespace: "default", path: "/convert", port: 443 };
  return [
    { versions: [{ ...version, schema: { openAPIV3Schema: { type: "object", properties } } }] },
    { versions: [{ ...version, subresources: { status: {} } }] },
    { names: { ...names, shortNames: ["gr"], categories: ["all"] } },
    {
      conversion: {
        strategy: "Webhook",
        webhook: { conversionReviewVersions: ["v1"], clientConfig: { service } },
      },
    },
  ];
}

Deno.test("installDefinitions() says when the names are taken", async () => {
  await using client = testClient(await cluster.access());
  await installDefinitions(client.cluster, [definition("three.example", "gears", "Gear")], OPTIONS);
  const rival = definition("three.example", "wheels", "Gear");
  const error = await assertRejects(
    () => installDefinitions(client.cluster, [rival], OPTIONS),
    StalledError,
  );
  assertStringIncludes(error.message, "is already in use");
});
