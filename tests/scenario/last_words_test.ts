import { assertEquals, assertRejects } from "@std/assert";
import { type ContainerStatus, podCause } from "#plan";
import { LastWords } from "#reconcile";
import { createLogger } from "#telemetry";
import { podObject } from "../support/objects.ts";

function failed(name: string, finishedAt: string) {
  const terminated = { exitCode: 1, reason: "Error", finishedAt };
  const containerStatuses: ContainerStatus[] = [{ name: "runner", state: { terminated } }];
  return podObject(name, { status: { phase: "Running", containerStatuses } });
}

const signal = new AbortController().signal;

Deno.test("LastWords reads the log of each end once", async () => {
  const asked: string[] = [];
  const words = new LastWords(({ namespace, pod, container }) => {
    asked.push(`${namespace}/${pod}/${container}`);
    return Promise.resolve(`Error: no class ${asked.length}`);
  }, createLogger({ sink: () => {} }));
  const pod = failed("orders-function-0", "2026-01-01T00:00:00Z");
  for (let pass = 0; pass < 3; pass++) {
    const [told] = await words.addedTo([pod], signal);
    assertEquals(
      podCause(told ?? pod)?.message,
      "Pod orders-function-0, container runner ended with exit code 1: Error: no class 1",
    );
  }
  await words.addedTo([failed("orders-function-0", "2026-01-01T00:01:00Z")], signal);
  assertEquals(asked, ["shop/orders-function-0/runner", "shop/orders-function-0/runner"]);
});

Deno.test("LastWords reads a few logs in one pass, and goes on without one that cannot be read", async () => {
  let asked = 0;
  const lines: string[] = [];
  const words = new LastWords(() => {
    asked++;
    return Promise.reject(new Error("no such container"));
  }, createLogger({ sink: (line) => lines.push(line) }));
  const pods = [0, 1, 2, 3, 4].map((index) =>
    failed(`orders-function-${index}`, `2026-01-01T00:00:0${index}Z`)
  );
  assertEquals(await words.addedTo(pods, signal), pods);
  assertEquals([asked, lines.length], [3, 3]);
  await words.addedTo(pods, signal);
  await words.addedTo(pods, signal);
  assertEquals([asked, lines.length], [5, 5]);
});

Deno.test("LastWords stops with the program", async () => {
  const over = new AbortController();
  const words = new LastWords((_which, signal) => {
    over.abort();
    return Promise.reject(signal.reason);
  }, createLogger({ sink: () => {} }));
  const pods = [failed("orders-function-0", "2026-01-01T00:00:00Z")];
  await assertRejects(() => words.addedTo(pods, over.signal));
});
