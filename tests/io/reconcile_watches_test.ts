import { assertEquals } from "@std/assert";
import { LABELS } from "#api";
import { isOnlyPolled, watched } from "#reconcile";
import { functionObject } from "../support/objects.ts";

Deno.test("watched() follows no Secrets and no ConfigMaps, and only pods and Jobs of ours (W-50)", () => {
  const all = watched({
    pauseRollout: false,
    rolloutOnUpgrade: false,
    namespacedBackendConfig: "backend-config",
    verticalPodAutoscaler: true,
  });
  const kinds = all.map(({ type }) => type.kind);
  assertEquals(kinds.filter((kind) => kind === "Secret" || kind === "ConfigMap"), []);
  for (const { type, labelSelector } of all) {
    if (["Pod", "Job", "StatefulSet", "Service"].includes(type.kind)) {
      assertEquals(labelSelector?.includes(LABELS.component), true, type.kind);
    }
  }
});

Deno.test("isOnlyPolled() is true of numbers alone, so that they start no pass", () => {
  const status = { replicas: 1, runtime: { received: 1 } };
  const before = { ...functionObject("orders", {}, { resourceVersion: "1" }), status };
  const counted = { ...status, runtime: { received: 2 } };
  const after = { ...functionObject("orders", {}, { resourceVersion: "2" }), status: counted };
  assertEquals(isOnlyPolled({ before, after }), true);
  const first = { ...before, status: undefined };
  const told = { ...after, status: { runtime: { received: 1 } } };
  assertEquals(isOnlyPolled({ before: first, after: told }), true);
  const others = [
    { after },
    { before },
    { before, after: { ...after, status } },
    { before, after: { ...after, status: { ...counted, replicas: 2 } } },
    { before, after: { ...after, spec: { replicas: 2 } } },
    { before, after: { ...after, metadata: { ...after.metadata, annotations: { a: "b" } } } },
  ];
  assertEquals(others.map(isOnlyPolled), others.map(() => false));
});
