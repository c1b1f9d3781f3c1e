import { assertEquals } from "@std/assert";
import type {
  InstanceNumbers,
  ReportedException,
} from "../../../src/reconcile/metrics_poll/instance_numbers.ts";
import {
  exceptionText,
  runtimeStatus,
} from "../../../src/reconcile/metrics_poll/runtime_status.ts";

const NONE = { subscriptions: [] };

function numbers(changes: Partial<InstanceNumbers> = {}): InstanceNumbers {
  return {
    failure: "",
    received: 0,
    processed: 0,
    userExceptions: 0,
    systemExceptions: 0,
    sourceExceptions: 0,
    sinkExceptions: 0,
    averageLatencyMs: 0,
    lastInvocationMs: 0,
    exceptions: [],
    ...changes,
  };
}

function told(text: string, timeMs: number, origin: ReportedException["origin"] = "user") {
  return { origin, text, timeMs };
}

Deno.test("runtimeStatus() lists instances by ordinal and sums up", () => {
  const status = runtimeStatus([
    { ordinal: 10, numbers: numbers({ received: 5, processed: 4, userExceptions: 1 }) },
    {
      ordinal: 2,
      numbers: numbers({
        received: 7,
        processed: 7,
        averageLatencyMs: 12.3456,
        lastInvocationMs: 1_000,
      }),
    },
  ], NONE);
  assertEquals(status, {
    received: 12,
    processed: 11,
    exceptions: 1,
    instances: [
      {
        ordinal: 2,
        received: 7,
        processed: 7,
        userExceptions: 0,
        systemExceptions: 0,
        averageLatencyMs: 12.3,
        lastInvocation: "1970-01-01T00:00:01Z",
      },
      { ordinal: 10, received: 5, processed: 4, userExceptions: 1, systemExceptions: 0 },
    ],
  });
});

Deno.test("runtimeStatus() shows the last three different exceptions, newest first", () => {
  const exceptions = [
    told("a", 1_000),
    told("b", 2_000),
    told("a", 3_000),
    told("c", 4_000, "system"),
    told("d", 5_000),
  ];
  const status = runtimeStatus([{ ordinal: 0, numbers: numbers({ exceptions }) }], NONE);
  assertEquals(status.instances?.[0]?.exceptions, [
    { origin: "user", time: "1970-01-01T00:00:05Z", message: "d" },
    { origin: "system", time: "1970-01-01T00:00:04Z", message: "c" },
    { origin: "user", time: "1970-01-01T00:00:03Z", message: "a" },
  ]);
});

Deno.test("runtimeStatus() shows no secrets of an exception, and cuts no character in two", () => {
  const texts = [
    "connect to http://ann:pw@db/x",
    `${"x".repeat(298)}😀 and more`,
    "password=hunter2",
  ];
  const exceptions = texts.map((text, index) => told(text, 3_000 - index));
  const failure = "Bearer abc refused";
  const status = runtimeStatus([{ ordinal: 0, numbers: numbers({ exceptions, failure }) }], NONE);
  const [instance] = status.instances ?? [];
  assertEquals(instance?.exceptions?.map(({ message }) => message), [
    "connect to http://***@db/x",
    `${"x".repeat(298)}…`,
    "password=***",
  ]);
  assertEquals(instance?.failure, "Bearer *** refused");
});

Deno.test("runtimeStatus() names an instance that does not answer beside those that do", () => {
  const status = runtimeStatus([
    { ordinal: 0, numbers: numbers({ received: 1 }) },
    { ordinal: 1, problem: "connection refused" },
  ], NONE);
  assertEquals([status.received, status.problem], [1, undefined]);
  assertEquals(status.instances?.[1], { ordinal: 1, problem: "connection refused" });
});

Deno.test("runtimeStatus() says once that nobody answers, and nothing of nobody", () => {
  const silent = [0, 1].map((ordinal) => ({ ordinal, problem: "no answer in 3 s" }));
  assertEquals(runtimeStatus(silent, NONE), {
    problem: "No instance could be asked: no answer in 3 s",
  });
  assertEquals(runtimeStatus([], NONE), {});
});

Deno.test("runtimeStatus() holds 100 instances and long texts down, and sums all", () => {
  const many = Array.from({ length: 250 }, (_, ordinal) => ({
    ordinal,
    numbers: numbers({
      received: 1,
      exceptions: ["x", "y", "z"].map((text) => told(text.repeat(5_000), 1)),
    }),
  }));
  const status = runtimeStatus(many, NONE);
  assertEquals([status.received, status.instances?.length], [250, 100]);
  assertEquals(JSON.stringify(status).length < 150_000, true);
});

Deno.test("runtimeStatus() sums up the backlog, and says what is missing of it", () => {
  const subscription = (topic: string, backlog: number) => ({ topic, name: "s", backlog });
  const problem = "c: there is no such topic yet";
  assertEquals(
    runtimeStatus([], { subscriptions: [subscription("b", 2), subscription("a", 3)], problem }),
    {
      backlog: 5,
      subscriptions: [subscription("a", 3), subscription("b", 2)],
      backlogProblem: problem,
    },
  );
});

Deno.test("exceptionText() is the last exception of a chain, and its first line", () => {
  const chain = [
    "Traceback (most recent call last):",
    '  File "a.py", line 1, in process',
    "KeyError: 'x'",
    "",
    "During handling of the above exception, another exception occurred:",
    "",
    "Traceback (most recent call last):",
    '  File "a.py", line 2, in process',
    "ValueError: two",
    "lines",
  ].join("\n");
  assertEquals(exceptionText(chain), "ValueError: two");
  assertEquals(
    exceptionText("Traceback (most recent call last):\n  cut off"),
    "Traceback (most recent call last):",
  );
  assertEquals(exceptionText(""), "");
});
