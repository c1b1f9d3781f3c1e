import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { isSameRuntime, LISTINGS } from "../../../src/cli/get_rows.ts";
import { functionObject } from "../../support/objects.ts";

const [, components] = LISTINGS;

const READY = {
  type: "Ready",
  status: "True",
  reason: "Ready",
  message: "1 of 1",
  observedGeneration: 1,
};

function withStatus(status: unknown): KubeObject {
  return { ...functionObject("orders", { replicas: 2 }, { generation: 1 }), status } as KubeObject;
}

function row(object: KubeObject, nowMs = 0, before?: { object: KubeObject; nowMs: number }) {
  return components?.row({ object, nowMs, before });
}

Deno.test("get shows a component that nobody looked at as not known, and no number that nobody counted", () => {
  const untold = [
    "shop",
    "Function",
    "orders",
    "?",
    "0/2",
    "-",
    "-",
    "-",
    "-",
    "not looked at yet",
  ];
  assertEquals(row(withStatus(undefined)), untold);
  const old = { conditions: [{ ...READY, observedGeneration: 0 }], readyReplicas: 2 };
  assertEquals(row(withStatus(old))?.slice(3, 5), ["?", "2/2"]);
});

Deno.test("get shows messages a second between two looks that have other numbers", () => {
  const at = (processed: number, backlog = 0) =>
    withStatus({
      conditions: [READY],
      readyReplicas: 2,
      runtime: { processed, backlog, exceptions: 0 },
    });
  const before = { object: at(100), nowMs: 0 };
  assertEquals(row(at(100)), [
    "shop",
    "Function",
    "orders",
    "True",
    "2/2",
    "100",
    "-",
    "0",
    "0",
    "",
  ]);
  assertEquals(row(at(400, 7), 2_000, before)?.slice(5, 8), ["400", "150", "7"]);
  assertEquals(row(at(103), 10_000, before)?.[6], "0.3");
  // Nothing new was told, and instances that began anew.
  assertEquals(row(at(100), 2_000, before)?.[6], "-");
  assertEquals(row(at(5), 2_000, before)?.[6], "-");
  assertEquals([isSameRuntime(at(1), at(1)), isSameRuntime(at(1), at(2))], [true, false]);
});

Deno.test("get shows the newest exception of all instances, safe to print; without one why it is not ready", () => {
  const exception = (message: string, time: string) => ({ origin: "user", message, time });
  const instances = [
    { ordinal: 0, exceptions: [exception("old", "2026-01-01T00:00:00Z")] },
    { ordinal: 1, exceptions: [exception("new\u001b[2J", "2026-01-02T00:00:00Z")] },
  ];
  const shown = (status: unknown) => row(withStatus(status))?.at(-1);
  assertEquals(shown({ conditions: [READY], runtime: { instances } }), "new\ufffd[2J");
  const crash = { ...READY, status: "False", reason: "CrashLoopBackOff", message: "it ends" };
  assertEquals(shown({ conditions: [crash] }), "it ends");
  assertEquals(row(withStatus({ conditions: [crash] }))?.[3], "CrashLoopBackOff");
});
