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
  const text = widget({ text: "a".repeat(5_000) });
  const each = "status.text.split('').all(x, x in status.text.split(''))";
  assertMatch(stateOf(text, each) ?? "", /lists are too long/);
  assertEquals(stateOf(text, "status.text.split(',').size() == 1"), "current");
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
  // However it is written: comments and blanks end no name.
  const hidden = nested.replaceAll(".all(", ".all // of them\n (");
  assertMatch(problem(hidden), /goes through more than 3 lists/);
  for (
    const text of [
      "status.a.matches // c\n ('b')",
      "cel.bind(a, status.s + status.s, a == '')",
      "status.l.join('') == ''",
      "bytes(status.s).json() == {}",
    ]
  ) {
    assertMatch(
      problem(text),
      /^spec\.health\.expressions\[0\]\.current: uses \w+, which is not/,
      text,
    );
  }
  assertEquals(problem("status.phase == 'matches'"), "");
});

Deno.test("expressions that can never tell are problems of the spec, not of an object", () => {
  const said: Record<string, RegExp> = {
    "foo.ready": /Unknown variable: foo/,
    "now() > timestamp(status.t)": /no matching overload for 'now\(\)'/,
    "'yes'": /is neither true nor false, but string/,
    "1": /is neither true nor false, but int/,
    "size(status.l)": /is neither true nor false, but int/,
    "status.phases[0": /Expected RBRACKET/,
    "status.a == 1 &&": /is no CEL expression/,
    "quantity(status.q).isLessThan(quantity('1Gi'))": /no matching overload for 'quantity/,
  };
  for (const [failed, words] of Object.entries(said)) {
    const sync = syncWith({ expressions: [{ ...WIDGET, current: "true", failed }] });
    const [problem] = healthRuleProblems(sync);
    assertEquals(problem?.path, "spec.health.expressions[0].failed", failed);
    assertMatch(problem?.message ?? "", words);
  }
  for (
    const current of ["status.ready", "has(status.a) ? status.a : true", "status.?a.orValue(true)"]
  ) {
    assertEquals(healthRuleProblems(syncWith({ expressions: [{ ...WIDGET, current }] })), []);
  }
});

Deno.test("numbers of an object are what CEL calculates with: whole ones integers, or fractions where these are meant", () => {
  const status = { n: 3, one: 1, half: 0.5, list: [1, 2], big: Number.MAX_SAFE_INTEGER };
  for (
    const text of [
      "status.n + 1 == 4",
      "status.n - 1 >= 2 && status.n % 2 == 1",
      "status.list[status.n - 2] == 2",
      "size(status.list) == status.n - 1",
      "status.n == 3.0 && status.n > 2.5 && status.n in [1, 2, 3] && 2.0 in status.list",
      "type(status.n) == int",
      "status.one * 2.0 == 2.0",
      "status.half * 2.0 == double(status.one)",
      "string(status.n) == '3'",
      "status.big + 1 > status.big",
      "self.metadata.generation == self.status.n",
      "self.?status.?n.orValue(0) == 3 && status.?none.orValue(7) == 7",
    ]
  ) {
    assertEquals(stateOf(widget(status, { generation: 3 }), text), "current", text);
  }
});

Deno.test("what is not there, whatever its place, is not yet", () => {
  const status = { text: "a", none: null, empty: [], list: [{}] };
  for (
    const text of [
      "status.a.b.c == 1",
      "status.none.a == 1",
      "status.text.a == 1",
      "status.empty[0].a == 1",
      "status.list[0].a == 1",
      "status.list[7].a == 1",
      "status.missing.exists(c, c == 1)",
      "status.list.exists(c, c.type == 'Ready')",
      "has(status.a.b.c)",
      "self.metadata.labels.app == 'a'",
    ]
  ) {
    assertEquals(stateOf(widget(status), text), `progressing: not yet: ${text}`);
  }
});

Deno.test("rules of what does not count fit by every member that is given", () => {
  const id = { ...WIDGET, namespace: "shop", name: "w" };
  assertEquals(isUncounted(id, syncWith({ ignore: [{ kind: "Widget" }] })), true);
  assertEquals(isUncounted(id, syncWith({ ignore: [{ kind: "Widget", name: "x" }] })), false);
  assertEquals(isUncounted(id, syncWith({})), false);
});
