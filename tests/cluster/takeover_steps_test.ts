import { assertEquals, assertRejects } from "@std/assert";
import { COMPONENT_KINDS, COMPUTE_API_VERSION, resourceOf } from "#api";
import { type JsonObject, type KubeObject, systemClock } from "#base";
import {
  ApiError,
  clientWith,
  type ClusterClient,
  DEFINITION_HASH_ANNOTATION,
  DEFINITION_TYPE,
} from "#kube";
import { clearOldConditions } from "#reconcile";
import { putDefinitionsInPlace } from "../../src/definitions.ts";
import { testCluster } from "../support/control_plane.ts";
import { referenceDefinitions } from "../support/takeover.ts";
import { testClient } from "../support/transport.ts";

// Definitions are the whole cluster's: nobody else may need others meanwhile.
const cluster = testCluster({ alone: true });

const KINDS = COMPONENT_KINDS;
const CONDITIONS = { StatefulSet: { condition: "StatefulSetReady", status: "True" } };
const REST = { observedGeneration: 1, replicas: 1, selector: "compute.functionmesh.io/name=a" };

Deno.test("what a takeover writes first takes one demand off a definition, and nothing else", async () => {
  await using client = testClient(await cluster.access());
  await using space = await referenceAtWork(client.cluster);
  const before = await definitionOf(client.cluster, "Source");
  const options = { fieldManager: "test", clock: systemClock };
  assertEquals(await clearOldConditions(client.cluster, options), 3);
  const after = await definitionOf(client.cluster, "Source");
  const changed = JSON.stringify(after?.spec) ===
    JSON.stringify(before?.spec).replace('"required":["conditions","replicas","selector"],', "");
  assertEquals(changed, true, JSON.stringify(after?.spec));
  assertEquals(after?.metadata.annotations, before?.metadata.annotations);
  // The reference goes on working with them, should somebody start it again.
  await writeOldStatus(client.cluster, { kind: "Source", namespace: space.name });
});

Deno.test("a takeover that ends right after any of its writes is taken up again", async () => {
  await using client = testClient(await cluster.access());
  await using space = await referenceAtWork(client.cluster);
  const writes: string[] = [];
  const crashed = () =>
    putDefinitionsInPlace(crashing(client.cluster, writes), { clock: systemClock }).then(
      () => false,
      (error) => {
        if (error instanceof Crash) return true;
        throw error;
      },
    );
  while (await crashed()) {
    for (const kind of KINDS) {
      const annotations = (await definitionOf(client.cluster, kind))?.metadata.annotations;
      const isOurs = annotations?.[DEFINITION_HASH_ANNOTATION] !== undefined;
      const status = await statusOf(client.cluster, { kind, namespace: space.name });
      // A map where the definition has a list is what must never be.
      if (isOurs) assertEquals(status, REST, kind);
    }
  }
  const steps = KINDS.flatMap((kind) => [
    `CustomResourceDefinition ${resourceOf(kind).plural}.compute.functionmesh.io`,
    `${kind} a status`,
  ]);
  assertEquals(writes.slice(0, 6), steps);
  assertEquals(writes.length > 6 + KINDS.length, true, writes.join(", "));
  for (const kind of KINDS) {
    assertEquals(await statusOf(client.cluster, { kind, namespace: space.name }), REST, kind);
  }
  const again = await putDefinitionsInPlace(client.cluster, { clock: systemClock });
  assertEquals(again.clearedStatuses, 0);
  assertEquals(again.definitions.every(({ action }) => action === "unchanged"), true);
});

/** The reference's definitions, and one resource of each kind with a status of its; nothing of an earlier test. */
async function referenceAtWork(client: ClusterClient) {
  for (const definition of referenceDefinitions()) {
    const { name } = definition.metadata;
    await cluster.kubectl(["delete", "crd", name, "--ignore-not-found", "--timeout=180s"]);
  }
  await cluster.apply(...referenceDefinitions());
  await cluster.kubectl(["wait", "--for=condition=Established", "crd", "--all"]);
  const space = await cluster.namespace();
  for (const kind of KINDS) {
    const metadata = { name: "a", namespace: space.name };
    await cluster.apply({ apiVersion: COMPUTE_API_VERSION, kind, metadata, spec: { a: 1 } });
    const at = { kind, namespace: space.name };
    await writeOldStatus(client, at);
    const clear = () => writeStatus(client, at, { conditions: null });
    await assertRejects(clear, ApiError, "status.conditions: Required value");
  }
  return space;
}

interface At {
  readonly kind: typeof KINDS[number];
  readonly namespace: string;
}

async function writeOldStatus(client: ClusterClient, at: At): Promise<void> {
  await writeStatus(client, at, { conditions: CONDITIONS, ...REST });
  assertEquals(await statusOf(client, at), { conditions: CONDITIONS, ...REST });
}

async function writeStatus(client: ClusterClient, at: At, status: JsonObject): Promise<void> {
  const id = { apiVersion: COMPUTE_API_VERSION, name: "a", ...at };
  await client.patch(id, { status }, { fieldManager: "manager", subresource: "status" });
}

async function statusOf(client: ClusterClient, { kind, namespace }: At): Promise<unknown> {
  return (await client.get(resourceOf(kind), { namespace, name: "a" }))?.status;
}

async function definitionOf(
  client: ClusterClient,
  kind: At["kind"],
): Promise<KubeObject | undefined> {
  const name = `${resourceOf(kind).plural}.compute.functionmesh.io`;
  return await client.get(DEFINITION_TYPE, { namespace: "", name });
}

class Crash extends Error {}

/** The client of a program that ends right after its first write. */
function crashing(client: ClusterClient, writes: string[]): ClusterClient {
  let count = 0;
  const written = async (
    words: readonly (string | undefined)[],
    write: () => Promise<unknown>,
  ): Promise<never> => {
    if (count++ > 0) throw new Crash();
    await write();
    writes.push(words.filter((word) => word !== undefined).join(" "));
    throw new Crash();
  };
  return clientWith(client, {
    apply: (object, options) =>
      written([object.kind, object.metadata.name], () => client.apply(object, options)),
    patch: (id, patch, options) =>
      written([id.kind, id.name, options.subresource], () => client.patch(id, patch, options)),
  });
}
