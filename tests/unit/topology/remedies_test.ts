import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import type { GitErrorKind } from "#git";
import { GitError } from "#git";
import { COMPONENT_REASONS, creationCause, firstCause, type Pod, type WarningEvent } from "#plan";
import { REMEDIES, remedyFor } from "#topology";
import { failedPhase } from "../../../src/gitops/phase.ts";
import { SYNC_REASONS } from "../../../src/gitops/reasons.ts";
import { podObject, statefulSetObject } from "../../support/objects.ts";

for (const { besides = "", reason, remedy, words } of REMEDIES) {
  Deno.test(`remedyFor() has its own answer for ${reason}${words === undefined ? "" : `, ${words[0]} ${besides}`}`, () => {
    for (const word of words ?? [""]) {
      assertEquals(remedyFor(reason, `a ${word} b ${besides}`), remedy);
    }
  });
}

const CONTAINER = { name: "pulsar-function", image: "example/runner:1" };

function waiting(reason: string, message: string): Pod["status"] {
  return { containerStatuses: [{ ...CONTAINER, state: { waiting: { reason, message } } }] };
}

function crashed(reason: string, message: string, exitCode = 1): Pod["status"] {
  return {
    containerStatuses: [{
      ...CONTAINER,
      restartCount: 3,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode, reason, message } },
    }],
  };
}

function unscheduled(message: string): Pod["status"] {
  return {
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
  };
}

/** Pods in trouble, and what there is to do: the cause is the one that the program's own status has. */
const TROUBLES: readonly (readonly [string, Pod["status"], RegExp])[] = [
  ["too little memory", crashed("OOMKilled", "", 137), /limits\.memory/],
  [
    "a class that is not there",
    crashed("Error", "java.lang.ClassNotFoundException: a.B"),
    /className/,
  ],
  ["a module that is not there", crashed("Error", "ModuleNotFoundError: x"), /module/],
  ["a package that is not there", crashed("Error", "ERROR 404: File not found"), /package/],
  ["a role without rights", crashed("Error", "AuthorizationException: no"), /credentials/],
  ["a broker that is away", crashed("Error", "Connection refused: broker"), /pulsarConfig/],
  ["another schema", crashed("Error", "IncompatibleSchemaException"), /schema/],
  ["a subscription of others", crashed("Error", "ConsumerBusyException"), /subscriptionName/],
  ["an end without a word", crashed("Error", ""), /log/],
  ["an image that is not there", waiting("ImagePullBackOff", "not found"), /spec\.image/],
  ["an image name that is none", waiting("InvalidImageName", "x"), /no name of an image/],
  ["a Secret that is not there", waiting("CreateContainerConfigError", "secret x"), /Secret/],
  ["nodes that are full", unscheduled("0/2 nodes: Insufficient memory"), /spec\.resources/],
  ["nodes with a taint", unscheduled("0/2 nodes had untolerated taint"), /tolerations/],
  [
    "nodes that fit no selector",
    unscheduled("didn't match node affinity/selector"),
    /nodeSelector/,
  ],
  ["an eviction", { phase: "Failed", reason: "Evicted", message: "low on memory" }, /requests/],
];

for (const [name, status, wanted] of TROUBLES) {
  Deno.test(`a pod with ${name} has a cause with a remedy`, () => {
    const cause = firstCause([podObject("a-function-0", { status })]);
    assertMatch(remedyFor(cause?.reason ?? "", cause?.message ?? "") ?? "", wanted);
  });
}

Deno.test("pods that are refused or cannot mount have a cause with a remedy", () => {
  const set = statefulSetObject({ name: "a-function" });
  const warning = (reason: string, message: string, about: KubeObject): WarningEvent => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e" },
    reason,
    message,
    lastSeen: "2026-01-01T00:00:00Z",
    involvedObject: { uid: about.metadata.uid ?? "" },
  });
  const quota = creationCause(set, [warning("FailedCreate", "exceeded quota: q", set)]);
  const refused = creationCause(set, [warning("FailedCreate", "denied by policy", set)]);
  const pod = podObject("a-function-0");
  const mount = firstCause([pod], [warning("FailedMount", 'secret "x" not found', pod)]);
  const told = [quota, refused, mount].map((
    cause,
  ) => [cause?.reason, remedyFor(cause?.reason ?? "", "") !== undefined]);
  assertEquals(told, [["QuotaExceeded", true], ["PodCreationFailed", true], ["FailedMount", true]]);
});

/** What needs no remedy. */
const WELL: readonly string[] = ["Applied", "Healthy", "Ready"];

Deno.test("every reason that the program may write has a remedy", () => {
  const reasons = [...COMPONENT_REASONS, ...SYNC_REASONS].filter((one) => !WELL.includes(one));
  assertEquals(reasons.filter((reason) => remedyFor(reason, "") === undefined), []);
  assertEquals(WELL.filter((reason) => remedyFor(reason, "") !== undefined), []);
});

Deno.test("every reason of a refused write has a remedy", () => {
  // metav1.StatusReason, without those that no write ends with: Expired, Gone, NotAcceptable, UnsupportedMediaType, StoreReadError.
  const reasons = [
    ...["AlreadyExists", "BadRequest", "Conflict", "Forbidden", "InternalError", "Invalid"],
    ...["MethodNotAllowed", "NotFound", "RequestEntityTooLarge", "ServerTimeout"],
    ...["ServiceUnavailable", "Timeout", "TooManyRequests", "Unauthorized"],
  ];
  assertEquals(reasons.filter((reason) => remedyFor(reason, "") === undefined), []);
});

Deno.test("nodes of which some have a taint and others no label that fits are told so", () => {
  const message =
    "1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector";
  assertMatch(remedyFor("Unschedulable", message) ?? "", /nodeSelector and affinity, or add/);
});

Deno.test("every way in which Git fails has a remedy", () => {
  const kinds: Readonly<Record<GitErrorKind, true>> = {
    not_found: true,
    no_access: true,
    no_ref: true,
    no_path: true,
    host_unknown: true,
    unverified: true,
    not_git: true,
    redirected: true,
    refused_address: true,
    unreachable: true,
    timeout: true,
    too_large: true,
    moved: true,
    failed: true,
  };
  const without = (Object.keys(kinds) as GitErrorKind[]).filter((kind) => {
    const phase = failedPhase(new GitError(kind, "x"));
    return remedyFor("reason" in phase ? phase.reason : "", "") === undefined;
  });
  assertEquals(without, []);
});
