import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import {
  type ContainerStatus,
  creationCause,
  firstCause,
  podCause,
  type WarningEvent,
} from "#plan";
import { podObject, statefulSetObject } from "../../support/objects.ts";

const NAME = "orders-function-0";

function withContainers(...containerStatuses: readonly ContainerStatus[]) {
  return podObject(NAME, { status: { phase: "Running", containerStatuses } });
}

function warning(about: KubeObject, event: Record<string, unknown>): WarningEvent {
  const { name, uid } = about.metadata;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e", namespace: "shop" },
    involvedObject: { kind: about.kind, name, uid },
    ...event,
  } as WarningEvent;
}

function said(cause: { readonly reason: string; readonly message: string } | undefined) {
  return cause === undefined ? undefined : `${cause.reason}: ${cause.message}`;
}

Deno.test("podCause() has nothing to say about a ready pod, even with old warnings", () => {
  const pod = podObject(NAME, { ready: true });
  const warnings = [warning(pod, { reason: "FailedMount", message: "not found" })];
  assertEquals(podCause(pod, warnings), undefined);
});

Deno.test("podCause() says how a container ended that waits for its next start", () => {
  const pod = withContainers({
    name: "runner",
    restartCount: 1,
    state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } },
    lastState: { terminated: { exitCode: 2, reason: "Error", message: "no\nclass" } },
  });
  assertEquals(
    said(podCause(pod)),
    `CrashLoopBackOff: Pod ${NAME}, container runner keeps failing (restarted once): ` +
      "the last run ended with exit code 2: no class",
  );
});

Deno.test("podCause() names a container that ended, and one that runs again after an OOM kill", () => {
  const ended = withContainers({
    name: "runner",
    state: { terminated: { exitCode: 1, reason: "Error" } },
  });
  assertEquals(
    said(podCause(ended)),
    `Error: Pod ${NAME}, container runner ended with exit code 1`,
  );
  const again = withContainers({
    name: "runner",
    restartCount: 2,
    state: { running: {} },
    lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
  });
  assertEquals(
    said(podCause(again)),
    `OOMKilled: Pod ${NAME}, container runner runs but is not ready yet ` +
      "(restarted 2 times; the last run ended with exit code 137 (OOMKilled))",
  );
});

Deno.test("podCause() says what an exit code means that a signal made, where nobody says more (exit code 137)", () => {
  for (
    const [exitCode, meaning] of [
      [137, " (SIGKILL: it outgrew its memory limit, or somebody killed it)"],
      [139, " (SIGSEGV: it crashed)"],
      [2, ""],
    ] as const
  ) {
    const terminated = { exitCode, reason: "Error" };
    assertEquals(
      said(podCause(withContainers({ name: "runner", state: { terminated } }))),
      `Error: Pod ${NAME}, container runner ended with exit code ${exitCode}${meaning}`,
    );
  }
});

Deno.test("podCause() prefers the container that fails to the one that only waits", () => {
  const pod = withContainers(
    { name: "side", state: { running: {} } },
    {
      name: "runner",
      image: "a:1",
      state: { waiting: { reason: "ErrImagePull", message: "not found" } },
    },
  );
  assertEquals(
    said(podCause(pod)),
    `ErrImagePull: Pod ${NAME}, container runner cannot get its image a:1: not found`,
  );
});

Deno.test("podCause() tells of a volume that cannot be mounted, which only an event says", () => {
  const pod = withContainers({
    name: "runner",
    state: { waiting: { reason: "ContainerCreating" } },
  });
  assertEquals(said(podCause(pod)), `PodStarting: Pod ${NAME} is running`);
  const warnings = [warning(pod, { reason: "FailedMount", message: 'secret "db" not found' })];
  assertEquals(said(podCause(pod, warnings)), `FailedMount: Pod ${NAME}: secret "db" not found`);
});

Deno.test("podCause() tells pods that are evicted, terminating or without a node", () => {
  const evicted = podObject(NAME, {
    status: { phase: "Failed", reason: "Evicted", message: "The node was low on memory." },
  });
  assertEquals(said(podCause(evicted)), `Evicted: Pod ${NAME}: The node was low on memory.`);
  const leaving = {
    ...podObject(NAME),
    metadata: { ...podObject(NAME).metadata, deletionTimestamp: "2026-01-01T00:00:00Z" },
  };
  assertEquals(said(podCause(leaving)), `Terminating: Pod ${NAME} is terminating`);
  const homeless = podObject(NAME, {
    status: {
      phase: "Pending",
      conditions: [{
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: "0/3 nodes are available",
      }],
    },
  });
  assertEquals(
    said(podCause(homeless)),
    `Unschedulable: Pod ${NAME} cannot be scheduled: 0/3 nodes are available`,
  );
});

Deno.test("podCause() keeps messages on one line and bounded", () => {
  const pod = withContainers({
    name: "runner",
    state: { terminated: { exitCode: 1, message: "line\n".repeat(1_000) } },
  });
  const message = podCause(pod)?.message ?? "";
  assertEquals([message.includes("\n"), message.length < 500, message.endsWith("…")], [
    false,
    true,
    true,
  ]);
});

Deno.test("firstCause() takes the most telling one, and the lowest number of equals", () => {
  const starting = podObject("orders-function-0");
  const broken = (ordinal: number) =>
    podObject(`orders-function-${ordinal}`, {
      status: {
        containerStatuses: [{
          name: "runner",
          state: { waiting: { reason: "CreateContainerConfigError" } },
        }],
      },
    });
  assertEquals(
    firstCause([broken(10), broken(2), starting])?.message,
    "Pod orders-function-2, container runner cannot start",
  );
  assertEquals(firstCause([]), undefined);
});

Deno.test("creationCause() takes a refusal for history once a pod was created after it", () => {
  const statefulSet = statefulSetObject({ name: "orders-function", replicas: 2 });
  const refusal = warning(statefulSet, {
    reason: "FailedCreate",
    message: "create Pod orders-function-1 failed: exceeded quota: small",
    lastSeen: "2026-01-01T00:01:00Z",
  });
  const created = (creationTimestamp: string) => ({
    ...podObject(NAME),
    metadata: { ...podObject(NAME).metadata, creationTimestamp },
  });
  const reason = (pods: readonly ReturnType<typeof created>[]) =>
    creationCause(statefulSet, [refusal], { pods })?.reason;
  assertEquals(reason([]), "QuotaExceeded");
  assertEquals(reason([created("2026-01-01T00:01:00Z")]), "QuotaExceeded");
  assertEquals(reason([created("2026-01-01T00:01:01Z")]), undefined);
  const other = { ...refusal, message: "denied by policy" };
  assertEquals(creationCause(statefulSet, [other])?.reason, "PodCreationFailed");
});
