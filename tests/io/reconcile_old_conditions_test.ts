import { assertEquals, assertRejects } from "@std/assert";
import type { Clock, JsonObject, KubeObject } from "#base";
import { ApiError, type ClusterClient, DEFINITION_TYPE, isConflict } from "#kube";
import { clearOldConditions } from "#reconcile";
import { referenceDefinitions } from "../support/takeover.ts";

const CONDITIONS = { conditions: { Service: { status: "True" } }, replicas: 1, selector: "a" };

/** A cluster of the reference with one Function, whose writes fail as told: the first, the second, … */
function clusterWith(failures: readonly (ApiError | undefined)[]) {
  const writes: { readonly kind: string; readonly patch: JsonObject }[] = [];
  const clock = { slept: [] as number[], nowMs: 0 };
  const definitions = referenceDefinitions();
  const functions = {
    apiVersion: "v1",
    kind: "Function",
    metadata: { name: "a", namespace: "b" },
    spec: { pod: { env: [{ name: "PASSWORD", value: "s3cret-marker" }] } },
  };
  const cluster: Pick<ClusterClient, "get" | "list" | "patch"> = {
    get: (type, { name }) =>
      Promise.resolve(
        type === DEFINITION_TYPE
          ? definitions.find(({ metadata }) => metadata.name === name)
          : undefined,
      ),
    list: ({ kind }) =>
      Promise.resolve(kind === "Function" ? [{ ...functions, status: CONDITIONS }] : []),
    patch({ kind }, patch) {
      const failure = failures[writes.length];
      writes.push({ kind, patch });
      return failure === undefined
        ? Promise.resolve(functions as KubeObject)
        : Promise.reject(failure);
    },
  };
  const options: { readonly clock: Clock; readonly fieldManager: string } = {
    fieldManager: "test",
    clock: {
      now: () => 0,
      monotonicMs: () => clock.nowMs,
      sleep: (delayMs) => {
        clock.nowMs += delayMs;
        clock.slept.push(delayMs);
        return Promise.resolve();
      },
    },
  };
  const clear = () => clearOldConditions(cluster as ClusterClient, options);
  return { clear, writes, clock };
}

function refusal(status: number, reason: string, cause?: string): ApiError {
  return new ApiError({
    ask: { verb: "patch", kind: "Function", subresource: "status" },
    status,
    reason,
    text: "status.conditions: Required value",
    causes: cause === undefined ? [] : [{ reason: cause, field: "status.conditions" }],
    aboutName: "a",
  });
}

const DEMAND = refusal(422, "Invalid", "FieldValueRequired");

Deno.test("clearOldConditions() goes on where a server has not learned the definition yet", async () => {
  const { clear, writes, clock } = clusterWith([undefined, DEMAND, DEMAND]);
  assertEquals(await clear(), 1);
  const kinds = writes.map(({ kind }) => kind);
  assertEquals(kinds, ["CustomResourceDefinition", "Function", "Function", "Function"]);
  assertEquals(writes.at(-1)?.patch, { status: { conditions: null } });
  assertEquals(clock.slept.length, 2);
});

Deno.test("clearOldConditions() says what a server goes on refusing", async () => {
  const { clear, clock } = clusterWith([undefined, ...Array(1_000).fill(DEMAND)]);
  await assertRejects(clear, ApiError, "status.conditions: Required value");
  assertEquals(clock.nowMs, 60_000);
});

Deno.test("clearOldConditions() waits for no other refusal", async () => {
  for (const other of [refusal(422, "Invalid", "FieldValueInvalid"), refusal(403, "Forbidden")]) {
    const { clear, clock } = clusterWith([undefined, other]);
    await assertRejects(clear, ApiError, other.message);
    assertEquals(clock.slept, []);
  }
});

Deno.test("clearOldConditions() repeats no value of a component that a server quotes (H3)", async () => {
  const quoting = new ApiError({
    ask: { verb: "patch", kind: "Function", subresource: "status" },
    status: 422,
    reason: "Invalid",
    text:
      'Function "a" is invalid: spec.pod.env[0].value: Invalid value: "s3cret-marker": too long',
    causes: [{
      reason: "FieldValueInvalid",
      field: "spec.pod.env[0].value",
      message: 'Invalid value: "s3cret-marker": too long',
    }],
    aboutName: "a",
  });
  const { clear } = clusterWith([undefined, quoting]);
  const error = await assertRejects(clear, ApiError, "spec.pod.env[0].value");
  assertEquals(JSON.stringify([error.message, error.causes]).includes("s3cret-marker"), false);
});

Deno.test("clearOldConditions() passes over what was deleted meanwhile", async () => {
  const { clear } = clusterWith([undefined, refusal(404, "NotFound")]);
  assertEquals(await clear(), 1);
});

Deno.test("clearOldConditions() reads a definition again that somebody else wrote to", async () => {
  const conflict = refusal(409, "Conflict");
  const { clear, writes } = clusterWith([conflict, conflict]);
  assertEquals(await clear(), 1);
  assertEquals(writes.length, 4);
  const always = clusterWith(Array(1_000).fill(conflict));
  assertEquals(isConflict(await assertRejects(always.clear)), true);
});
