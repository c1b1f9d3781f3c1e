import { assertEquals, assertStringIncludes } from "@std/assert";
import { explanation } from "#topology";
import { podObject, statefulSetObject } from "../../support/objects.ts";
import { component, mesh, through, topologyOf } from "./components_for_tests.ts";

const SINCE = "2026-01-01T00:00:00Z";

function conditions(status: "True" | "False", reason: string, message: string) {
  return { conditions: [{ type: "Ready", status, reason, message, lastTransitionTime: SINCE }] };
}

const unwell = component("m-a", through("in", "out"), {
  status: {
    ...conditions("False", "CrashLoopBackOff", "0/1 pods ready: Pod m-a-function-0 keeps failing"),
    runtime: { subscriptions: [{ topic: "in", name: "s", backlog: 12 }] },
  },
});

const sync = {
  apiVersion: "gitops.functionmesh.io/v1alpha1",
  kind: "MeshSync",
  metadata: { name: "meshes", namespace: "shop" },
  spec: { url: "https://bot:pw@git.example/a.git", path: "meshes" },
  status: {
    ...conditions("False", "Unhealthy", "m-a"),
    lastAppliedRevision: "main@sha1:abc",
    history: [{
      revision: "main@sha1:abc",
      result: "Applied",
      author: "Ada",
      subject: "Scale",
      attemptedAt: SINCE,
    }],
  },
};

Deno.test("explanation() says the cause, since when, the way from the commit to the log, who waits and what to do", () => {
  const pod = podObject("m-a-function-0", {
    status: {
      phase: "Running",
      containerStatuses: [{
        name: "pulsar-function",
        image: "i",
        restartCount: 3,
        state: { waiting: { reason: "CrashLoopBackOff" } },
      }],
    },
  });
  const line = "java.lang.ClassNotFoundException: a.B";
  const told = explanation({
    object: unwell,
    component: unwell,
    mesh: { ...mesh("m", []), status: conditions("False", "CrashLoopBackOff", "0/1") },
    sync,
    statefulSet: statefulSetObject({ name: "m-a-function" }),
    pods: [pod],
    topology: topologyOf(
      unwell,
      component("b", through("out", "end")),
      component("c", through("end"), { kind: "Sink" }),
    ),
    log: { container: "pulsar-function", line },
    unread: [],
  });
  assertEquals([told.isWell, told.reason, told.since], [false, "CrashLoopBackOff", SINCE]);
  assertStringIncludes(told.message, `keeps failing; its log says: ${line}`);
  assertStringIncludes(told.remedy ?? "", "spec.className");
  assertEquals(told.downstream, ["Function shop/b", "Sink shop/c"]);
  assertEquals(told.backlog, [{ topic: "in", count: 12 }]);
  assertEquals(told.chain.map(({ what }) => what), [
    "MeshSync shop/meshes",
    "FunctionMesh shop/m",
    "Function shop/m-a",
    "StatefulSet shop/m-a-function",
    "Pod shop/m-a-function-0",
    "Container pulsar-function",
    "Log of pulsar-function",
  ]);
  assertEquals(
    told.chain[0]?.says,
    "https://***@git.example/a.git, folder meshes applied main@sha1:abc (Ada: Scale); Unhealthy: m-a",
  );
});

Deno.test("explanation() of a mesh or a sync has the cause of the component that is not well", () => {
  const whole = {
    ...mesh("m", []),
    status: conditions("False", "Degraded", "0/1 components ready"),
  };
  const told = explanation({ object: whole, mesh: whole, component: unwell, unread: [] });
  assertEquals([told.object, told.reason], ["FunctionMesh shop/m", "CrashLoopBackOff"]);
  const refused = { ...sync, status: conditions("False", "InvalidManifests", "a.yaml:1: bad") };
  assertStringIncludes(explanation({ object: refused, unread: [] }).remedy ?? "", "validate");
});

Deno.test("explanation() says nothing to do for what works, and that nobody looked where that is so", () => {
  const well = component("a", {}, { status: conditions("True", "Ready", "1/1 pods ready") });
  const told = explanation({
    object: well,
    component: well,
    unread: ["Pods of shop: you may not"],
  });
  assertEquals([told.isWell, told.remedy, told.unread.length], [true, undefined, 1]);
  const fresh = component("a", {});
  const seen = explanation({ object: fresh, component: fresh, unread: [] });
  assertEquals(["isWell" in seen, seen.reason], [false, "NotObserved"]);
});

Deno.test("explanation() holds no character that does something, and no credentials", () => {
  const words = "\u001b[2J https://u:hunter2@x/ \u202e";
  const object = component("a", {}, { status: conditions("False", "Odd\u0007", words) });
  const text = JSON.stringify(explanation({
    object,
    component: object,
    log: { container: "c\u009b", line: words },
    unread: [words],
  }));
  assertEquals(/[\p{Cc}\p{Cf}]|\\u00(1b|07)|hunter2/u.test(text), false);
});

Deno.test("explanation() of a deleted resource says what keeps it, where that is known", () => {
  const deletionTimestamp = "2026-01-02T00:00:00Z";
  const deleted = (reason: string) => {
    const object = component("gone", through("in"), {
      status: conditions("False", reason, "Attempt 1 failed"),
    });
    const metadata = { ...object.metadata, deletionTimestamp };
    const { message, remedy, since, ...told } = explanation({
      object: { ...object, metadata },
      component: { ...object, metadata },
      unread: [],
    });
    assertEquals([told.isWell, since, remedy !== undefined], [false, deletionTimestamp, true]);
    return `${told.reason}: ${message}`;
  };
  assertEquals(deleted("CleanupFailed"), "CleanupFailed: It is being deleted: Attempt 1 failed");
  // How it was before says nothing of why it is still there.
  assertEquals(deleted("CrashLoopBackOff"), "Terminating: It is being deleted");
});

Deno.test("explanation() of what is well and at rest says how to have it run", () => {
  const object = component("idle", through("in"), {
    status: conditions("True", "ScaledToZero", "Scaled to zero"),
  });
  const told = explanation({ object, component: object, unread: [] });
  assertEquals(told.isWell, true);
  assertStringIncludes(told.remedy ?? "", "spec.replicas is 0");
});
