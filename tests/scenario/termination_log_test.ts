import { assertEquals } from "@std/assert";
import { type ContainerStatus, type Pod, podCause } from "#plan";
import { type LogReader, TerminationLogs, type WakeUp } from "#reconcile";
import { createLogger } from "#telemetry";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { podObject } from "../support/objects.ts";

const OWNER: WakeUp = { kind: "Function", key: { namespace: "shop", name: "orders" } };

function failed(name: string, finishedAt = "2026-01-01T00:00:00Z"): Pod {
  const terminated = { exitCode: 1, reason: "Error", finishedAt };
  const containerStatuses: ContainerStatus[] = [{ name: "runner", state: { terminated } }];
  return podObject(name, { status: { phase: "Running", containerStatuses } });
}

function several(count: number): Pod[] {
  return Array.from({ length: count }, (_, index) => failed(`orders-function-${index}`));
}

/** Logs that a test reads with, and what was asked, woken and logged. */
function setting(read: LogReader) {
  const [asked, woken, lines]: [string[], WakeUp[], string[]] = [[], [], []];
  const clock = new FakeClock();
  const logs = new TerminationLogs({
    read: (which, signal) => {
      asked.push(`${which.namespace}/${which.pod}/${which.container}`);
      return read(which, signal);
    },
    wake: (owner) => woken.push(owner),
    clock,
    log: createLogger({ sink: (line) => lines.push(line) }),
  });
  return { asked, woken, lines, clock, logs };
}

function causeOf(pods: readonly Pod[]): string | undefined {
  return pods[0] === undefined ? undefined : podCause(pods[0])?.message;
}

const ENDED = "Pod orders-function-0, container runner ended with exit code 1";

Deno.test("TerminationLogs answers without the log first, wakes who asked, and then has it, read once", async () => {
  const it = setting(() => Promise.resolve("Error: no class"));
  await using logs = it.logs;
  const pods = [failed("orders-function-0")];
  assertEquals(causeOf(logs.addedTo(pods, OWNER).pods), ENDED);
  await settled();
  assertEquals(it.woken, [OWNER]);
  const second = logs.addedTo(pods, OWNER);
  assertEquals([causeOf(second.pods), second.isNews], [`${ENDED}: Error: no class`, true]);
  const third = logs.addedTo(pods, OWNER);
  assertEquals([causeOf(third.pods), third.isNews], [`${ENDED}: Error: no class`, false]);
  assertEquals(it.asked, ["shop/orders-function-0/runner"]);
  logs.addedTo([failed("orders-function-0", "2026-01-01T00:01:00Z")], OWNER);
  assertEquals(it.asked.length, 2);
});

Deno.test("TerminationLogs waits for no log longer than a few seconds, whatever the node and the reader do", async () => {
  const it = setting(() => new Promise(() => {}));
  await using logs = it.logs;
  const pods = several(1);
  logs.addedTo(pods, OWNER);
  await it.clock.advance(4_999);
  assertEquals(it.lines.length, 0);
  await it.clock.advance(1);
  assertEquals([it.lines.length, it.woken.length, it.clock.sleeping], [1, 0, 0]);
  assertEquals(causeOf(logs.addedTo(pods, OWNER).pods), ENDED);
});

Deno.test("TerminationLogs reads a few logs of a component at a time, and a few of all", async () => {
  const reads: PromiseWithResolvers<string>[] = [];
  const it = setting(() => {
    const read = Promise.withResolvers<string>();
    reads.push(read);
    return read.promise;
  });
  await using logs = it.logs;
  logs.addedTo(several(9), OWNER);
  assertEquals(it.asked.length, 3);
  for (let pass = 0; pass < 5; pass++) logs.addedTo(several(9), OWNER);
  assertEquals(it.asked.length, 4);
  for (let round = 0; round < 9; round++) {
    reads[round]?.resolve("Error: no class");
    await settled();
  }
  assertEquals(new Set(it.asked).size, 9);
});

Deno.test("TerminationLogs tries a log that cannot be read again at later passes, and gives up in the end", async () => {
  const it = setting(() => Promise.reject(new Error("no such container")));
  await using logs = it.logs;
  for (let pass = 0; pass < 6; pass++) {
    logs.addedTo(several(1), OWNER);
    await settled();
  }
  assertEquals([it.asked.length, it.lines.length, it.woken.length], [3, 3, 0]);
});

Deno.test("TerminationLogs wakes nobody for a log that says nothing", async () => {
  const it = setting(() => Promise.resolve("\n\n"));
  await using logs = it.logs;
  for (let pass = 0; pass < 3; pass++) {
    logs.addedTo(several(1), OWNER);
    await settled();
  }
  assertEquals([it.asked.length, it.woken.length], [1, 0]);
});

Deno.test("TerminationLogs stops with the program, and says nothing of what it broke off", async () => {
  const it = setting((_which, signal) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true })
    )
  );
  it.logs.addedTo(several(5), OWNER);
  await it.logs[Symbol.asyncDispose]();
  it.logs.addedTo(several(9), OWNER);
  assertEquals([it.asked.length, it.lines.length, it.clock.sleeping], [3, 0, 0]);
});
