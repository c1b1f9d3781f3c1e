import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type KubeObject, StalledError, systemClock } from "#base";
import { installDefinitions } from "#kube";
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
