import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { NumberHistory } from "#console";

const ID = "Function shop/a";
const MINUTE_MS = 60_000;
const START_MS = 100 * MINUTE_MS;

function component(runtime: object | undefined): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "Function",
    metadata: { namespace: "shop", name: "a" },
    status: runtime === undefined ? {} : { runtime },
  };
}

/** What was processed at each look, half a minute apart. */
function historyOf(...processed: (number | undefined)[]): NumberHistory {
  const history = new NumberHistory({ pollMs: 30_000 });
  processed.forEach((count, index) => {
    const runtime = count === undefined ? {} : { processed: count, backlog: 3, exceptions: 1 };
    history.note(component(runtime), START_MS + index * 30_000);
  });
  return history;
}

Deno.test("NumberHistory tells messages a second, and nothing where nobody knows", () => {
  const history = historyOf(0, 300, 600);
  assertEquals(history.perSecond(ID, START_MS + MINUTE_MS), 10);
  assertEquals(history.perSecond(ID, START_MS + MINUTE_MS + 29_000), 10, "until the next look");
  assertEquals(historyOf().perSecond(ID, START_MS), undefined);
  assertEquals(historyOf(5).perSecond(ID, START_MS), undefined);
});

Deno.test("NumberHistory takes what does not change for idle", () => {
  const history = historyOf(0, 300, 600, 600, 600);
  assertEquals(history.perSecond(ID, START_MS + 10 * MINUTE_MS), 0);
  history.note(component({ processed: 660, backlog: 3, exceptions: 1 }), START_MS + 10 * MINUTE_MS);
  assertEquals(history.perSecond(ID, START_MS + 10 * MINUTE_MS), 1, "only since the last look");
});

Deno.test("NumberHistory takes a count that falls for instances that began anew", () => {
  assertEquals(historyOf(1_000, 10, 310).perSecond(ID, START_MS + MINUTE_MS), 5);
});

Deno.test("NumberHistory.of() has a point a minute, and null before anything was known", () => {
  const history = historyOf(0, 300, 600).of(ID, START_MS + 2 * MINUTE_MS);
  assertEquals(history?.at.length, 61);
  assertEquals(history?.at.at(-1), (START_MS + 2 * MINUTE_MS) / 1000);
  assertEquals(history?.perSecond.slice(-4), [null, null, 10, 0]);
  assertEquals(history?.backlog.slice(-4), [null, 3, 3, 3]);
  assertEquals(history?.exceptions.slice(-4), [null, 1, 1, 1]);
  assertEquals(new NumberHistory({ pollMs: 1 }).of(ID, START_MS), undefined);
});

Deno.test("NumberHistory keeps an hour of numbers at most, however often they come, and forgets what is gone", () => {
  const history = new NumberHistory({ pollMs: 1_000 });
  for (let second = 0; second < 3 * 3_600; second += 1) {
    const runtime = { processed: second, backlog: second, exceptions: 0 };
    history.note(component(runtime), START_MS + second * 1_000);
  }
  const endMs = START_MS + 3 * 3_600_000;
  assertEquals(history.of(ID, endMs - 1)?.perSecond.every((rate) => rate === 1), true);
  assertEquals(history.size <= 280, true, `${history.size} notes`);
  history.forget(component(undefined));
  assertEquals([history.of(ID, endMs), history.size], [undefined, 0]);
});
