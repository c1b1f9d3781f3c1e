import { assertEquals } from "@std/assert";
import { systemClock } from "#base";
import { Informer } from "#kube";
import { eventually, testCluster } from "../support/control_plane.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();

const SHAPE = {
  apiVersion: "shape.example/v1",
  kind: "Shape",
  plural: "shapes",
  namespaced: true,
};
const BY = { fieldManager: "kube-test" };

/** As the reference operator defines conditions, a map, and as this program does, a list. */
const [MAP, LIST] = [
  { type: "object", additionalProperties: { type: "object", properties: { status: text() } } },
  { type: "array", items: { type: "object", properties: { type: text(), status: text() } } },
];

function text() {
  return { type: "string" };
}

function definition(conditions: object) {
  const status = { type: "object", properties: { conditions } };
  const version = {
    name: "v1",
    served: true,
    storage: true,
    subresources: { status: {} },
    schema: { openAPIV3Schema: { type: "object", properties: { status } } },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "shapes.shape.example" },
    spec: {
      group: "shape.example",
      scope: "Namespaced",
      names: { plural: "shapes", kind: "Shape", singular: "shape", listKind: "ShapeList" },
      versions: [version],
    },
  };
}

Deno.test("Informer ends with what the server shows when a definition changes under its watch", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const key = { namespace: space.name, name: "a" };
  const { apiVersion, kind } = SHAPE;
  await cluster.apply(definition(MAP));
  await eventually(async () => {
    await cluster.apply({ apiVersion, kind, metadata: key });
    return true;
  });
  const stop = new AbortController();
  const informer = new Informer({
    transport: client.transport,
    type: SHAPE,
    onChange: () => {},
    clock: systemClock,
    signal: stop.signal,
  });
  const run = informer.run();
  try {
    await informer.whenSynced();
    await cluster.apply(definition(LIST));
    // The server takes the list as soon as it knows the new definition, and closes the old watch a second later.
    const conditions = [{ type: "Ready", status: "True" }];
    await eventually(async () => {
      await client.cluster.patch({ ...SHAPE, ...key }, { status: { conditions } }, {
        ...BY,
        subresource: "status",
      });
      return true;
    }, { intervalMs: 5 });
    const status = await eventually(() => {
      assertEquals(informer.get(key)?.status, { conditions });
      return informer.get(key)?.status;
    });
    assertEquals(status, (await client.cluster.get(SHAPE, key))?.status);
  } finally {
    stop.abort();
    await run;
    await cluster.kubectl(["delete", "crd", "shapes.shape.example"]);
  }
});
