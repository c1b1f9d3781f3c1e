import { assertEquals } from "@std/assert";
import { type ContainerStatus, podCause } from "#plan";
import {
  causeLine,
  unexplainedEnds,
  withTerminationLog,
} from "../../../src/reconcile/container_end.ts";
import { podObject } from "../../support/objects.ts";

const NAME = "orders-function-0";
const ENDED = { exitCode: 1, reason: "Error", finishedAt: "2026-01-01T00:00:00Z" };

function withContainer(container: Partial<ContainerStatus>) {
  const containerStatuses = [{ name: "runner", ...container }];
  return podObject(NAME, { status: { phase: "Running", containerStatuses } });
}

// What the runners of Pulsar 4.0.8 wrote, shortened to what decides.
const LOGS: readonly (readonly [string, string, string])[] = [
  [
    "a class that is missing in Java",
    `2026-11-22T19:30:55.016+0000 [public/default/broken-0] ERROR org.apache.pulsar.functions.instance.JavaInstanceRunnable - [public/default/broken:0] Uncaught exception in Java Instance
java.lang.RuntimeException: User class must be in class path
	at org.apache.pulsar.common.util.Reflections.createInstance(Reflections.java:113) ~[org.apache.pulsar-pulsar-common-4.0.8.jar:4.0.8]
	at java.lang.Thread.run(Thread.java:840) [?:?]
Caused by: java.lang.ClassNotFoundException: org.example.Missing
	at java.net.URLClassLoader.findClass(URLClassLoader.java:445) ~[?:?]
	... 3 more
2026-11-22T19:30:55.053+0000 [main] INFO  org.apache.pulsar.functions.runtime.JavaInstanceStarter - RuntimeSpawner quit, shutting down JavaInstance
`,
    "java.lang.ClassNotFoundException: org.example.Missing",
  ],
  [
    "a package that is not there",
    `Connecting to 10.0.127.210:8000... connected.
HTTP request sent, awaiting response... 404 File not found
2026-11-22 19:27:42 ERROR 404: File not found.

`,
    "2026-11-22 19:27:42 ERROR 404: File not found.",
  ],
  [
    "a module that is missing in Python",
    `Traceback (most recent call last):
  File "/pulsar/instances/python-instance/python_instance_main.py", line 253, in <module>
    main()
ModuleNotFoundError: No module named 'exclamation'
`,
    "ModuleNotFoundError: No module named 'exclamation'",
  ],
  ["words that speak of nothing", "one\n\x1b[31mtwo\x1b[0m\n\n", "two"],
];

for (const [what, log, line] of LOGS) {
  Deno.test(`causeLine() names ${what}`, () => assertEquals(causeLine(log), line));
}

Deno.test("causeLine() says nothing of an empty log, little of a long line, and no secrets", () => {
  assertEquals(causeLine("\n \n"), undefined);
  assertEquals(causeLine(`Error ${"x".repeat(1_000)}`)?.length, 300);
  const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl";
  assertEquals(causeLine(`Error: refused ${jwt}`), "Error: refused ***");
  assertEquals(causeLine("Error: password=hunter2, x"), "Error: password=***, x");
  assertEquals(causeLine('Error: {"clientSecret":"a b"}'), 'Error: {"clientSecret":"***"}');
  assertEquals(causeLine("Error: access_token=abc"), "Error: access_token=***");
  assertEquals(
    causeLine("Error: InvalidTokenException: it expired"),
    "Error: InvalidTokenException: it expired",
  );
  assertEquals(causeLine("Error: http://ann:pw@host/x"), "Error: http://***@host/x");
});

Deno.test("unexplainedEnds() finds failed containers that the cluster says nothing about", () => {
  const id = `${podObject(NAME, {}).metadata.uid}/runner/${ENDED.finishedAt}`;
  const waiting = { waiting: { reason: "CrashLoopBackOff" } };
  const end = { container: "runner", id };
  assertEquals(unexplainedEnds(withContainer({ state: { terminated: ENDED } })), [
    { ...end, isPrevious: false },
  ]);
  const lastState = { terminated: ENDED };
  assertEquals(unexplainedEnds(withContainer({ state: waiting, lastState })), [
    { ...end, isPrevious: false },
  ]);
  assertEquals(
    unexplainedEnds(withContainer({ state: { running: {} }, ready: false, lastState })),
    [
      { ...end, isPrevious: true },
    ],
  );
});

Deno.test("unexplainedEnds() leaves out what works, what ended well, and what is explained already", () => {
  const lastState = { terminated: ENDED };
  const explained = [
    { state: { running: {} }, ready: true, lastState },
    { state: { terminated: { ...ENDED, message: "no space" } } },
    { state: { terminated: { ...ENDED, exitCode: 137, reason: "OOMKilled" } } },
    { state: { waiting: { reason: "ContainerCreating" } } },
  ];
  for (const container of explained) assertEquals(unexplainedEnds(withContainer(container)), []);
  const done = { name: "init", state: { terminated: { ...ENDED, exitCode: 0 } } };
  const pod = podObject(NAME, { status: { phase: "Pending", initContainerStatuses: [done] } });
  assertEquals(unexplainedEnds(pod), []);
});

Deno.test("unexplainedEnds() finds runners that end without an error: they should never end", () => {
  const pod = withContainer({ state: { terminated: { ...ENDED, exitCode: 0 } } });
  assertEquals(unexplainedEnds(pod).map(({ container }) => container), ["runner"]);
});

Deno.test("withTerminationLog() gives causes the words of the log, and leaves its input alone", () => {
  const words = new Map([["runner", "no class"]]);
  const ended = withContainer({ state: { terminated: ENDED } });
  assertEquals(
    podCause(withTerminationLog(ended, words))?.message,
    `Pod ${NAME}, container runner ended with exit code 1: no class`,
  );
  assertEquals(
    podCause(ended)?.message,
    `Pod ${NAME}, container runner ended with exit code 1`,
  );
  const crashing = withContainer({
    restartCount: 2,
    state: { waiting: { reason: "CrashLoopBackOff" } },
    lastState: { terminated: ENDED },
  });
  assertEquals(
    podCause(withTerminationLog(crashing, words))?.message,
    `Pod ${NAME}, container runner keeps failing (restarted 2 times): ` +
      "the last run ended with exit code 1: no class",
  );
});
