import { assertEquals } from "@std/assert";
import type { MeshSync } from "#api";
import { FULL_SIGHT, type SyncView, ViewBuilder } from "#console";

const AT = "2026-11-29T07:00:00Z";

/** What a view says of a MeshSync with such a spec and status. */
function told(spec: object, status: object, nextLookMs?: number): SyncView | undefined {
  const sync = {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { namespace: "team", name: "apps", generation: 1 },
    spec: { url: "https://git.example/a.git", ...spec },
    status: { observedGeneration: 1, ...status },
  } as unknown as MeshSync;
  const view = new ViewBuilder().view({
    components: [],
    syncs: [sync],
    clusters: new Map(),
    perSecond: () => undefined,
    nextLookMs: () => nextLookMs,
    program: { version: "1.0.0", server: "" },
    nowMs: 0,
  }, FULL_SIGHT);
  return view.syncs["team/apps"];
}

function condition(type: string, status: string, message: string) {
  return { type, status, reason: "Because", message, lastTransitionTime: AT };
}

Deno.test("a view tells what a MeshSync applied, what it tries, and what became of each commit", () => {
  const [old, bad] = ["main@sha1:aaa", "main@sha1:bbb"];
  const entry = { author: "Ada", committedAt: AT, attemptedAt: AT };
  const view = told({
    path: "mesh",
    windows: [{ kind: "deny", schedule: "0 9 * * *", duration: "8h" }],
  }, {
    phase: "RolledBack",
    conditions: [condition("Ready", "False", "went back")],
    lastAppliedRevision: old,
    lastAttemptedRevision: bad,
    counts: { created: 2 },
    plan: { revision: bad, counts: {}, changes: ["configured Function shop/a"] },
    quarantined: [{
      revision: bad,
      healthyRevision: old,
      objects: [],
      contentHash: "",
      cause: "Function shop/a: no such class",
      since: AT,
    }],
    history: [
      { ...entry, revision: bad, subject: "Break it", result: "Quarantined" },
      { ...entry, revision: old, subject: "Add it", result: "Healthy" },
    ],
  }, Date.parse(AT));
  const commit = { author: "Ada", at: AT };
  assertEquals(view, {
    namespace: "team",
    name: "apps",
    url: "https://git.example/a.git",
    path: "mesh",
    state: "failing",
    reason: "Because",
    message: "went back",
    since: AT,
    revision: { ...commit, id: old, subject: "Add it" },
    attempted: { ...commit, id: bad, subject: "Break it" },
    history: [
      { ...commit, id: bad, subject: "Break it", outcome: "Quarantined", triedAt: AT },
      { ...commit, id: old, subject: "Add it", outcome: "Healthy", triedAt: AT },
    ],
    quarantine: `${bad} went back to ${old} at ${AT}: Function shop/a: no such class`,
    window: "deny 0 9 * * * (UTC) for 8h",
    suspended: false,
    counts: { created: 2 },
    nextLook: AT,
    plan: ["configured Function shop/a"],
  });
});

Deno.test("a view tells why a MeshSync does nothing, and no next look where there is none", () => {
  const waiting = told({}, {
    phase: "Waiting",
    conditions: [condition("Ready", "False", "closed")],
  });
  assertEquals([waiting?.state, waiting?.held], ["progressing", "closed"]);
  const stalled = told({}, {
    phase: "Waiting",
    conditions: [condition("Ready", "False", "limit"), condition("Stalled", "True", "limit")],
  });
  assertEquals(stalled?.state, "failing");
  const asleep = told({ suspend: true }, {
    phase: "Suspended",
    conditions: [condition("Ready", "True", "Suspended (freeze)")],
  }, 1_000);
  assertEquals(
    [asleep?.state, asleep?.suspended, asleep?.held, asleep?.nextLook],
    ["suspended", true, "Suspended (freeze)", undefined],
  );
  assertEquals(told({}, { phase: "Healthy", observedGeneration: 0 })?.state, "unknown");
});
