import { assertEquals } from "@std/assert";
import { ANNOTATIONS } from "#api";
import { resourceHash, rolloutDecision, type RolloutInputs } from "#plan";
import { functionObject, statefulSetObject } from "../../support/objects.ts";

const INPUTS: RolloutInputs = {
  by: "2.0.0",
  resource: "r",
  settings: "s",
  backend: "b",
  isResourceNew: false,
  backendRollsOut: false,
  isPaused: false,
  upgradeRollsOut: false,
};

function live(record?: Record<string, string | boolean>) {
  const statefulSet = statefulSetObject({ name: "orders-function" });
  if (record === undefined) return statefulSet;
  const full = {
    by: "1.0.0",
    resource: "r",
    settings: "s",
    backend: "b",
    backendRollsOut: false,
    template: "t",
    ...record,
  };
  const annotations = { [ANNOTATIONS.rendered]: JSON.stringify(full) };
  return { ...statefulSet, metadata: { ...statefulSet.metadata, annotations } };
}

function decided(
  record: Record<string, string | boolean> | undefined,
  inputs: Partial<RolloutInputs>,
  template = "t2",
): string {
  const decision = rolloutDecision(live(record), template, { ...INPUTS, ...inputs });
  return decision.action === "hold" ? decision.reason : decision.action;
}

Deno.test("rolloutDecision() rolls out edits of the resource, paused or not", () => {
  assertEquals(decided({ resource: "old" }, {}), "roll");
  assertEquals(decided({ resource: "old" }, { isPaused: true }), "roll");
});

Deno.test("rolloutDecision() rolls out new settings, unless paused", () => {
  assertEquals(decided({ settings: "old" }, {}), "roll");
  assertEquals(decided({ settings: "old" }, { isPaused: true }), "Paused");
});

Deno.test("rolloutDecision() rolls out a BackendConfig only when it says so (W-19)", () => {
  assertEquals(decided({ backend: "old" }, {}), "BackendConfigChanged");
  assertEquals(decided({ backend: "old" }, { backendRollsOut: true }), "roll");
  assertEquals(decided({ backend: "old" }, { backendRollsOut: true, isPaused: true }), "Paused");
});

Deno.test("rolloutDecision() rolls out the end of a BackendConfig that said autoUpdate", () => {
  assertEquals(decided({ backend: "old", backendRollsOut: true }, {}), "roll");
  // Once it says no, and changes only after that, nothing is rolled out.
  const quiet = rolloutDecision(live({ template: "t2", backendRollsOut: true }), "t2", INPUTS);
  assertEquals([quiet.action, quiet.record.backendRollsOut], ["roll", false]);
});

Deno.test("rolloutDecision() holds what only a new version renders differently (W-57)", () => {
  assertEquals(decided({}, {}), "ProgramChanged");
  assertEquals(decided({}, { upgradeRollsOut: true }), "roll");
});

Deno.test("rolloutDecision() keeps the record while nothing changes, whatever the version", () => {
  const decision = rolloutDecision(live({}), "t", INPUTS);
  assertEquals([decision.action, decision.record.by], ["roll", "1.0.0"]);
});

Deno.test("rolloutDecision() leaves what the reference operator made alone until the resource changes", () => {
  const first = rolloutDecision(live(), "t", INPUTS);
  assertEquals(first.action === "hold" ? first.reason : "", "TakenOver");
  assertEquals(decided(undefined, { isResourceNew: true }), "roll");
  const record = { ...first.record } as Record<string, string | boolean>;
  assertEquals(decided(record, {}), "TakenOver");
  assertEquals(decided(record, { resource: "edited" }), "roll");
});

Deno.test("rolloutDecision() does not take its own for the reference's when the record is gone", () => {
  const statefulSet = live();
  const annotations = { [ANNOTATIONS.appliedHash]: "0123" };
  const ours = { ...statefulSet, metadata: { ...statefulSet.metadata, annotations } };
  assertEquals(rolloutDecision(ours, "t", INPUTS).action, "roll");
});

Deno.test("rolloutDecision() makes nothing of a broken record", () => {
  const statefulSet = live();
  const annotations = { [ANNOTATIONS.rendered]: "{" };
  const broken = { ...statefulSet, metadata: { ...statefulSet.metadata, annotations } };
  assertEquals(rolloutDecision(broken, "t", INPUTS).action, "roll");
});

Deno.test("resourceHash() does not count replicas, unless the command holds their number", () => {
  const hash = (spec: Record<string, unknown>) =>
    resourceHash(functionObject("a", spec), undefined);
  assertEquals(hash({ replicas: 1 }), hash({ replicas: 4, maxReplicas: 9 }));
  assertEquals(hash({ replicas: 1 }) === hash({ className: "Other" }), false);
  const precise = { showPreciseParallelism: true };
  assertEquals(hash({ replicas: 1, ...precise }) === hash({ replicas: 4, ...precise }), false);
  assertEquals(hash({}) === resourceHash(functionObject("a"), "now"), false);
});
