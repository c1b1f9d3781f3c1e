import { assertEquals } from "@std/assert";
import { LABELS } from "#api";
import { watched } from "#reconcile";

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
