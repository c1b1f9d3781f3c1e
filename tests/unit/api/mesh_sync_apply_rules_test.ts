import { assertEquals } from "@std/assert";
import { type MeshSync, problems } from "#api";

function pathsOf(spec: Record<string, unknown>): string[] {
  const sync = {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { namespace: "shop", name: "a" },
    spec: { url: "https://git.example/a.git", ...spec },
  };
  return problems(sync as MeshSync).map(({ path }) => path);
}

Deno.test("problems() takes a MeshSync that uses every member about applying", () => {
  assertEquals(
    pathsOf({
      commonLabels: { team: "blue", "example.org/x": "" },
      deletionPolicy: "Orphan",
      dependsOn: [{ name: "b" }, { name: "a", namespace: "other" }],
      drift: { mode: "report", ignore: [{ kind: "Deployment", paths: ["/spec/replicas"] }] },
      force: true,
      health: {
        ignore: [{ kind: "PersistentVolumeClaim", name: "spare" }],
        expressions: [{ apiVersion: "example.org/v1", kind: "Widget", current: "true" }],
      },
      pruneLimit: { objects: 0, percent: 50 },
      replace: [{ kind: "Job" }, { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" }],
      serviceAccountName: "team",
      suspend: true,
      suspendReason: "freeze",
      suspendUntil: "2026-01-31T08:00:00+02:00",
      windows: [{ kind: "allow", schedule: "0 8 * * 1-5", duration: "8h", timeZone: "UTC" }],
    }),
    [],
  );
});

Deno.test("problems() names each member about applying that means nothing", () => {
  const cases: Record<string, Record<string, unknown>> = {
    'spec.commonLabels["a b"]': { commonLabels: { "a b": "c" } },
    "spec.commonLabels.a": { commonLabels: { a: "not a value!" } },
    'spec.commonLabels["gitops.functionmesh.io/name"]': {
      commonLabels: { "gitops.functionmesh.io/name": "other" },
    },
    "spec.dependsOn[0]": { dependsOn: [{ name: "a" }] },
    "spec.drift.ignore[0].paths[0]": { drift: { ignore: [{ paths: ["spec.replicas"] }] } },
    "spec.drift.ignore[0].paths[1]": { drift: { ignore: [{ paths: ["/a", "/kind"] }] } },
    "spec.replace[1].kind": { replace: [{ kind: "Job" }, { kind: "Namespace" }] },
    "spec.suspendUntil": { suspendUntil: "tomorrow" },
    "spec.windows[0].schedule": { windows: [{ kind: "deny", schedule: "daily", duration: "1h" }] },
    "spec.windows[0].duration": {
      windows: [{ kind: "deny", schedule: "0 8 * * *", duration: "1s" }],
    },
    "spec.serviceAccountName": { serviceAccountName: "Not A Name" },
  };
  for (const [path, spec] of Object.entries(cases)) assertEquals(pathsOf(spec), [path]);
});
