import { assertEquals, assertMatch } from "@std/assert";
import { type Component, withDefaults } from "#api";
import type { KubeObject } from "#base";
import {
  cleanupDeadlineMs,
  cleanupJob,
  cleanupTargets,
  DEFAULT_SETTINGS,
  selectorLabels,
} from "#desired";
import { type CleanupLook, type CleanupPlan, planCleanup, planHold, type Pod } from "#plan";
import { functionObject, podObject, statefulSetObject } from "../../support/objects.ts";

const FINALIZER = "cleanup.subscription.finalizer";
const DELETED_AT = "2026-01-01T00:00:00Z";
const START_MS = Date.parse(DELETED_AT);

function orders(
  metadata: Record<string, unknown> = {},
  spec: Record<string, unknown> = {},
): Component {
  return functionObject("orders", { cleanupSubscription: true, ...spec }, metadata) as Component;
}

/** `orders` while it is being deleted. */
function leaving(metadata: Record<string, unknown> = {}, spec: Record<string, unknown> = {}) {
  return orders({ deletionTimestamp: DELETED_AT, finalizers: [FINALIZER], ...metadata }, spec);
}

function look(facts: Partial<CleanupLook> & { readonly afterMs?: number } = {}): CleanupLook {
  const { component = leaving(), afterMs = 1_000, ...rest } = facts;
  const defaulted = withDefaults(component);
  return {
    component,
    targets: cleanupTargets(defaulted),
    job: cleanupJob(defaulted, {}, DEFAULT_SETTINGS),
    statefulSet: undefined,
    pods: [],
    liveJob: undefined,
    jobPods: [],
    warnings: [],
    deadlineMs: cleanupDeadlineMs(component),
    nowMs: START_MS + afterMs,
    ...rest,
  };
}

/** The Job that a plan creates, as the cluster shows it. */
function created(plan: CleanupPlan, status: object = {}, uid = "uid-job"): KubeObject {
  const job = plan.creation;
  if (job === undefined) throw new Error("the plan creates no Job");
  return { ...job, metadata: { ...job.metadata, uid }, status };
}

const FIRST = planCleanup(look());
const FAILED = {
  conditions: [{
    type: "Failed",
    status: "True",
    message: "Job has reached the specified backoff limit",
    lastTransitionTime: "2026-01-01T00:00:10Z",
  }],
};

/** What a plan does, in words. */
function steps(plan: CleanupPlan): string[] {
  return [
    ...plan.removals.map(({ id, propagation }) => `remove ${id.kind} ${propagation}`),
    ...(plan.creation === undefined ? [] : [`create ${plan.creation.kind} ${attempt(plan)}`]),
    ...(plan.finalizer === "keep" ? [] : [`${plan.finalizer} finalizer`]),
    ...(plan.event === undefined ? [] : [plan.event.reason]),
  ];
}

function attempt(plan: CleanupPlan): string | undefined {
  return plan.creation?.metadata.annotations?.["compute.functionmesh.io/cleanup-attempt"];
}

Deno.test("planHold() adds the finalizer where something will have to be removed, once", () => {
  const hold = (component: Component) => planHold(look({ component })).finalizer;
  assertEquals(hold(orders()), "add");
  assertEquals(hold(orders({ finalizers: ["other", FINALIZER] })), "keep");
  assertEquals(hold(orders({}, { cleanupSubscription: false })), "keep");
});

Deno.test("planHold() takes the finalizer off when nothing is to be removed any longer (W-13, W-37)", () => {
  const finalizers = [FINALIZER];
  const hold = (metadata: object, spec = {}) =>
    planHold(look({ component: orders({ finalizers, ...metadata }, spec) })).finalizer;
  assertEquals(
    hold({ annotations: { "compute.functionmesh.io/need-cleanup": "false" } }),
    "remove",
  );
  assertEquals(hold({ labels: { "pulsar-cluster": "" } }), "remove");
  assertEquals(hold({ labels: { "compute.functionmesh.io/pulsar-cluster": "x" } }), "remove");
  assertEquals(hold({}, { cleanupSubscription: false }), "remove");
  assertEquals(hold({}, { input: { topics: [] } }), "remove");
  assertEquals(hold({ annotations: { "compute.functionmesh.io/managed": "false" } }), "keep");
});

Deno.test("planHold() removes a Job that waits, as the reference operator leaves them", () => {
  const metadata = { name: "orders-function-cleanup", namespace: "shop", uid: "j" };
  const liveJob = { apiVersion: "batch/v1", kind: "Job", metadata };
  const component = orders({ finalizers: [FINALIZER] });
  assertEquals(steps(planHold(look({ component, liveJob }))), ["remove Job Background"]);
});

Deno.test("planCleanup() does nothing for a component that it does not hold (W-36)", () => {
  const liveJob = created(FIRST);
  assertEquals(
    steps(planCleanup(look({ component: leaving({ finalizers: ["o"] }), liveJob }))),
    [],
  );
});

Deno.test("planCleanup() lets go at once where there is nothing to remove (W-13, W-37)", () => {
  const component = leaving({ labels: { "pulsar-cluster": "" } });
  assertEquals(steps(planCleanup(look({ component }))), ["remove finalizer"]);
  const empty = leaving({}, { input: {} });
  assertEquals(steps(planCleanup(look({ component: empty }))), ["remove finalizer"]);
});

Deno.test("planCleanup() gives up at once when a person says so (W-14)", () => {
  for (const [name, value] of [["managed", "false"], ["cleanup", "skip"]] as const) {
    const component = leaving({ annotations: { [`compute.functionmesh.io/${name}`]: value } });
    const plan = planCleanup(look({ component, liveJob: created(FIRST) }));
    assertEquals(steps(plan), ["remove Job Background", "remove finalizer", "CleanupGivenUp"]);
    assertMatch(
      plan.event?.message ?? "",
      /left in Pulsar: subscription public\/default\/orders of/,
    );
  }
});

Deno.test("planCleanup() leaves orphaned pods their subscription", () => {
  const orphaning = leaving({ finalizers: ["orphan", FINALIZER] });
  assertEquals(planCleanup(look({ component: orphaning })).event?.reason, "CleanupGivenUp");
  const left = statefulSetObject({ name: "orders-function" });
  const statefulSet = { ...left, metadata: { ...left.metadata, labels: selectorLabels(orders()) } };
  assertEquals(planCleanup(look({ statefulSet })).event?.reason, "CleanupGivenUp");
});

Deno.test("planCleanup() ends the pods before anything else (W-27)", () => {
  const owner = leaving();
  const statefulSet = statefulSetObject({ name: "orders-function", owner });
  const pods = [podObject("orders-function-0"), podObject("orders-function-1")];
  const first = planCleanup(look({ statefulSet, pods }));
  assertEquals(steps(first), ["remove StatefulSet Foreground"]);
  const going = {
    ...statefulSet,
    metadata: { ...statefulSet.metadata, deletionTimestamp: DELETED_AT },
  };
  const waiting = planCleanup(look({ statefulSet: going, pods }));
  assertEquals([steps(waiting), waiting.state?.reason], [[], "CleaningUp"]);
  assertMatch(waiting.state?.message ?? "", /^Waiting for 2 pods to end.*00:10:00Z$/);
  assertEquals(steps(planCleanup(look({ statefulSet: going }))), ["create Job 1"]);
  const patience = waiting.lookAgainMs ?? 0;
  assertEquals(patience, START_MS + 300_000);
  assertEquals(
    steps(planCleanup(look({ statefulSet: going, pods, nowMs: patience }))),
    ["create Job 1"],
    "pods of a dead node never end",
  );
});

Deno.test("planCleanup() does not touch a StatefulSet of somebody else (W-24)", () => {
  const statefulSet = statefulSetObject({ name: "orders-function" });
  assertEquals(steps(planCleanup(look({ statefulSet }))), ["create Job 1"]);
});

Deno.test("planCleanup() waits for its Job with the cause of its pod in words", () => {
  const plan = planCleanup(look({ liveJob: created(FIRST) }));
  assertEquals([steps(plan), plan.lookAgainMs], [[], START_MS + 600_000]);
  assertEquals(
    plan.state?.message,
    "Attempt 1 is removing subscription public/default/orders of persistent://public/default/in; " +
      "gives up at 2026-01-01T00:10:00Z",
  );
  const waiting = { reason: "ImagePullBackOff", message: "no such image" };
  const pod = podObject("c", {
    status: { containerStatuses: [{ name: "cleanup", image: "i", state: { waiting } }] },
  });
  const blocked = planCleanup(look({ liveJob: created(FIRST), jobPods: [pod] }));
  assertMatch(blocked.state?.message ?? "", /cannot get its image i: no such image/);
});

Deno.test("planCleanup() lets go after success, however late, and removes the Job", () => {
  const status = { conditions: [{ type: "Complete", status: "True" }] };
  const plan = planCleanup(look({ liveJob: created(FIRST, status), afterMs: 9e9 }));
  assertEquals(steps(plan), ["remove Job Background", "remove finalizer", "CleanupSucceeded"]);
  assertEquals(plan.event?.type, "Normal");
});

Deno.test("planCleanup() tries again later and later, with what the pod said (W-31)", () => {
  const terminated = { exitCode: 1, reason: "Error", message: "Reason:\n HTTP 401" };
  const pod: Pod = podObject("c-1", {
    status: { phase: "Failed", containerStatuses: [{ name: "cleanup", state: { terminated } }] },
  });
  const at = (afterMs: number) =>
    planCleanup(look({ liveJob: created(FIRST, FAILED), jobPods: [pod], afterMs }));
  const failed = at(11_000);
  assertEquals([steps(failed), failed.lookAgainMs], [[], START_MS + 15_000]);
  assertEquals(
    [failed.state?.reason, failed.state?.message],
    [
      "CleanupFailed",
      "Attempt 1 failed: Pod c-1 ended with exit code 1: Reason: HTTP 401; " +
      "trying again at 2026-01-01T00:00:15Z; gives up at 2026-01-01T00:10:00Z",
    ],
  );
  const second = at(15_000);
  assertEquals(steps(second), ["remove Job Background", "create Job 2"]);
  const again = planCleanup(look({ liveJob: created(second, FAILED), afterMs: 16_000 }));
  assertEquals(again.lookAgainMs, START_MS + 20_000);
  assertMatch(again.state?.message ?? "", /Attempt 2 failed: Job has reached/);
});

Deno.test("planCleanup() makes a new Job at once when the resource was changed (W-34)", () => {
  const component = leaving({}, { subscriptionName: "other" });
  assertEquals(steps(planCleanup(look({ component, liveJob: created(FIRST, FAILED) }))), [
    "remove Job Background",
    "create Job 2",
  ]);
});

Deno.test("planCleanup() puts its Job in the place of one that was made for another life or by the reference", () => {
  const job = created(FIRST);
  const withLabels = (labels: Record<string, string>) => ({
    ...job,
    metadata: { ...job.metadata, labels: { ...job.metadata.labels, ...labels } },
  });
  const former = withLabels({ owner: "uid-before" });
  const reference = withLabels({ "compute.functionmesh.io/component": "function" });
  for (const liveJob of [former, reference]) {
    assertEquals(steps(planCleanup(look({ liveJob }))), ["remove Job Background", "create Job 1"]);
  }
});

Deno.test("planCleanup() gives up at its deadline and says what may be left (W-31)", () => {
  const annotations = { "compute.functionmesh.io/cleanup-deadline": "30m" };
  const component = leaving({ annotations });
  const liveJob = created(planCleanup(look({ component })), FAILED);
  const before = planCleanup(look({ component, liveJob, afterMs: 1_799_999 }));
  assertEquals(before.finalizer, "keep");
  const plan = planCleanup(look({ component, liveJob, afterMs: 1_800_000 }));
  assertEquals(steps(plan), ["remove Job Background", "remove finalizer", "CleanupGivenUp"]);
  assertEquals(
    plan.event?.message,
    "Gave up cleaning up: no success within 1800 s, attempt 1: Job has reached the specified " +
      "backoff limit. May be left in Pulsar: subscription public/default/orders of " +
      "persistent://public/default/in",
  );
});

Deno.test("planCleanup() names a few of many topics and counts the rest", () => {
  const topics = Array.from({ length: 20 }, (_, index) => `persistent://a/b/t${index + 10}`);
  const component = leaving({}, { input: { topics } });
  assertMatch(
    planCleanup(look({ component })).state?.message ?? "",
    /persistent:\/\/a\/b\/t17 and 12 more; gives up/,
  );
});
