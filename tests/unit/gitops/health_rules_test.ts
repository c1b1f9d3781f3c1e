import { assertEquals, assertMatch } from "@std/assert";
import type { MeshSync } from "#api";
import type { KubeObject } from "#base";
import {
  expressedHealth,
  healthRuleProblems,
  isUncounted,
} from "../../../src/gitops/health_rules.ts";

function syncWith(health: NonNullable<MeshSync["spec"]["health"]>): MeshSync {
  return {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "a", namespace: "shop" },
    spec: { url: "https://git.example/a.git", health },
  };
}

const WIDGET = { apiVersion: "parts.example/v1", kind: "Widget" };

function widget(status: Record<string, unknown>, metadata: object = {}): KubeObject {
  return { ...WIDGET, metadata: { name: "w", namespace: "shop", ...metadata }, status };
}

function stateOf(object: KubeObject, current: string, failed?: string): string | undefined {
  const expression = { ...WIDGET, current, ...(failed === undefined ? {} : { failed }) };
  const health = expressedHealth(object, syncWith({ expressions: [expression] }));
  return health?.message === "" ? health.state : `${health?.state}: ${health?.message}`;
}

Deno.test("an expression says whether a custom resource is current or failed", () => {
  const current = "self.status.phase == 'Running'";
  const failed = "status.phase == 'Broken'";
  assertEquals(stateOf(widget({ phase: "Running" }), current, failed), "current");
  assertEquals(stateOf(widget({ phase: "Broken" }), current, failed), `failed: failed: ${failed}`);
  assertEquals(stateOf(widget({ phase: "New" }), current), `progressing: not yet: ${current}`);
  assertEquals(stateOf(widget({}), current), `progressing: not yet: ${current}`);
  const ready = "status.conditions.exists(c, c.type == 'Up' && c.status == 'True')";
  assertEquals(stateOf(widget({ conditions: [{ type: "Up", status: "True" }] }), ready), "current");
});

Deno.test("an expression does not speak of an object that is deleted or not looked at", () => {
  const object = (metadata: object) => widget({ observedGeneration: 1 }, metadata);
  assertEquals(stateOf(object({ generation: 1 }), "true"), "current");
  assertEquals(stateOf(object({ generation: 2 }), "true"), "progressing: not looked at yet");
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  assertEquals(stateOf(object({ deletionTimestamp }), "true"), "progressing: is being deleted");
});

Deno.test("an expression that gives no answer, or would take too long, says so and is not current", () => {
  assertMatch(
    stateOf(widget({ n: 3 }), "status.n") ?? "",
    /^progressing: .*neither true nor false/,
  );
  const long = widget({ items: Array.from({ length: 5_000 }, (_, index) => index) });
  assertMatch(stateOf(long, "status.items.all(x, x in status.items)") ?? "", /lists are too long/);
  assertEquals(stateOf(long, "size(status.items) > 3"), "current");
});

Deno.test("kinds without an expression keep their own health", () => {
  const sync = syncWith({ expressions: [{ ...WIDGET, kind: "Gadget", current: "true" }] });
  assertEquals(expressedHealth(widget({}), sync), undefined);
});

Deno.test("expressions that are none, or could take for ever, are problems of the spec", () => {
  const problem = (current: string) => {
    const sync = syncWith({ expressions: [{ ...WIDGET, current }] });
    return healthRuleProblems(sync).map(({ message, path }) => `${path}: ${message}`).join();
  };
  assertEquals(problem("has(self.status.phase)"), "");
  assertMatch(problem("self.status ="), /^spec\.health\.expressions\[0\]\.current: is no CEL/);
  assertMatch(problem("self.status.a.matches('(a+)+b')"), /uses matches/);
  assertMatch(problem("é".repeat(600)), /is longer than 1024 bytes/);
  const nested = ["a", "b", "c", "d"].reduce(
    (inner, name) => `self.l.all(${name}, ${inner})`,
    "true",
  );
  assertMatch(problem(nested), /goes through more than 3 lists/);
});

Deno.test("rules of what does not count fit by every member that is given", () => {
  const id = { ...WIDGET, namespace: "shop", name: "w" };
  assertEquals(isUncounted(id, syncWith({ ignore: [{ kind: "Widget" }] })), true);
  assertEquals(isUncounted(id, syncWith({ ignore: [{ kind: "Widget", name: "x" }] })), false);
  assertEquals(isUncounted(id, syncWith({})), false);
});
