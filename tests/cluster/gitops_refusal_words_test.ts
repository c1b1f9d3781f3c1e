import { assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml";
import type { KubeObject } from "#base";
import { ApiError, type ClusterClient, isInvalid } from "#kube";
import { refusalText } from "../../src/gitops/plan/refusal.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { REFUSED_OBJECTS, SECRET, thingDefinition } from "../support/refused_objects.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();

async function refusal(client: ClusterClient, object: KubeObject): Promise<ApiError> {
  try {
    await client.apply(object, { fieldManager: "a test", dryRun: true });
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error(`the API server takes ${JSON.stringify(object)}`);
}

Deno.test("what an API server refuses is told with its reason, and never with a secret", async () => {
  await using client = testClient(await cluster.access());
  await client.cluster.apply(thingDefinition(), { fieldManager: "a test" });
  await using space = await cluster.namespace();
  await eventually(async () =>
    await client.cluster.resourceType("refused.example.org/v1", "Thing") !== undefined
  );
  const forms = [SECRET, btoa(SECRET), SECRET.slice(-4), SECRET.slice(0, 4)];
  const wrong: string[] = [];
  for (const [text, words] of REFUSED_OBJECTS) {
    const object = parse(text) as KubeObject;
    const placed = { ...object, metadata: { ...object.metadata, namespace: space.name } };
    const error = await refusal(client.cluster, placed);
    assertEquals(isInvalid(error), true, error.text);
    // A key of an object is a name, and stays: what a variable or SOPS gave is masked in it like everywhere.
    const told = refusalText(error, undefined, { object: placed, secrets: [SECRET] })
      .replaceAll(`data.${SECRET}`, "").replaceAll(`[${SECRET}]`, "").replaceAll(`.${SECRET}:`, "");
    const open = refusalText(error, undefined, { object: placed });
    if (!told.includes(words)) wrong.push(`${told} lacks ${words}`);
    wrong.push(...forms.filter((form) => told.includes(form)).map((form) => `${told} has ${form}`));
    if (object.kind !== "Secret" && error.status === 422) assertStringIncludes(open, words);
  }
  assertEquals(wrong, []);
});
