import { assertEquals } from "@std/assert";
import { readinessEvent, type Step, stepEvent, stepEvents } from "#plan";
import { functionObject } from "../../support/objects.ts";

function applied(why: "absent" | "changed" | "drifted", paths: readonly string[] = []): Step {
  return { action: "apply", object: functionObject("pay"), why, paths };
}

function ready(status: string, reason: string, message = "words") {
  return { conditions: [{ type: "Ready", status, reason, message, lastTransitionTime: "" }] };
}

Deno.test("stepEvent() completes a sentence about the object", () => {
  assertEquals(stepEvent(applied("absent")).message, "Created Function pay");
  assertEquals(
    stepEvent(applied("changed", ["spec.image"])).message,
    "Configured Function pay: spec.image",
  );
  assertEquals(stepEvent(applied("drifted", ["spec.image"])), {
    type: "Warning",
    reason: "DriftCorrected",
    message: "Corrected Function pay, which somebody changed: spec.image",
  });
  const id = { apiVersion: "v1", kind: "Service", namespace: "shop", name: "pay" };
  assertEquals(
    stepEvent({ action: "remove", id, uid: "1" }).message,
    "Deleted Service shop/pay",
  );
});

Deno.test("stepEvent() counts paths that are too many to name", () => {
  const paths = ["a", "b", "c", "d", "e", "f", "g"];
  assertEquals(
    stepEvent(applied("changed", paths)).message,
    "Configured Function pay: a, b, c, d, e and 2 more",
  );
});

Deno.test("stepEvents() tells all that was created in one, and every other write by itself", () => {
  const steps = [applied("absent"), applied("changed", ["spec.image"]), applied("absent")];
  assertEquals(stepEvents(steps).map(({ message }) => message), [
    "Created Function pay, Function pay",
    "Configured Function pay: spec.image",
  ]);
  assertEquals(
    stepEvents(Array.from({ length: 7 }, () => applied("absent")))[0]?.message,
    `Created ${Array(5).fill("Function pay").join(", ")} and 2 more`,
  );
  assertEquals(stepEvents([]), []);
});

Deno.test("readinessEvent() tells readiness and causes, once each", () => {
  const trouble = ready("False", "ImagePullBackOff");
  assertEquals(readinessEvent(undefined, trouble), {
    type: "Warning",
    reason: "ImagePullBackOff",
    message: "words",
  });
  assertEquals(readinessEvent(trouble, ready("False", "ImagePullBackOff", "other")), undefined);
  assertEquals(readinessEvent(trouble, ready("True", "Ready"))?.type, "Normal");
});

Deno.test("readinessEvent() is silent about work in progress", () => {
  assertEquals(readinessEvent(undefined, ready("False", "Progressing")), undefined);
  assertEquals(readinessEvent(ready("True", "Ready"), ready("False", "RollingOut")), undefined);
  // What the reference operator left is a map and says nothing.
  assertEquals(readinessEvent({ conditions: { a: {} } }, ready("True", "Ready"))?.reason, "Ready");
});
