import { assertEquals, assertMatch } from "@std/assert";
import { main } from "../../src/cli/mod.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { userFunction } from "../support/controller_story.ts";
import { meshwright } from "../support/cli.ts";
import { syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

const READY = {
  type: "Ready",
  status: "True",
  reason: "Ready",
  message: "1 of 1 pods ready",
  observedGeneration: 1,
  lastTransitionTime: "2026-01-01T00:00:00Z",
};

Deno.test("get components lists what they do, and with --watch goes on with each that changes", async () => {
  // Its namespace, with our definitions; nobody looks after what is in it but this test.
  await using story = await syncStory(cluster);
  const { namespace } = story;
  const at = ["--kubeconfig", cluster.kubeconfigPath, "-n", namespace];
  const none = await meshwright(["get", "components", ...at]);
  assertEquals([none.code, none.notes], [0, [`No components in namespace ${namespace}`]]);
  const made = userFunction("orders", {}, { namespace });
  await cluster.apply(made);
  const told = async (processed: number) => {
    const status = {
      ...{ conditions: [READY], observedGeneration: 1, readyReplicas: 1 },
      runtime: { processed, exceptions: 0, backlog: 3 },
    };
    const patch = JSON.stringify({ status });
    const words = ["--subresource=status", "--type=merge", "-p", patch];
    await cluster.kubectl(["patch", "function", "orders", "-n", namespace, ...words]);
  };
  await told(10);
  const { code, out } = await meshwright(["get", "fn", ...at]);
  assertEquals([code, out.length], [0, 2]);
  assertMatch(out[0] ?? "", /^NAMESPACE +KIND +NAME +READY +PODS +PROCESSED +PER SECOND +BACKLOG /);
  assertMatch(out[1] ?? "", / Function +orders +True +1\/1 +10 +- +3 +0$/);
  const one = await meshwright(["get", "components", "orders", "-o", "name", ...at]);
  assertEquals(one.out, ["function.compute.functionmesh.io/orders"]);
  const gone = await meshwright(["get", "sinks", "orders", ...at]);
  assertEquals([gone.code, gone.out], [1, []]);
  assertMatch(gone.notes.join(), /Cannot find Sink .*\/orders: it does not exist/);

  const stop = new AbortController();
  const lines: string[] = [];
  const notes: string[] = [];
  const output = {
    out: (line: string) => void lines.push(line),
    note: (line: string) => void notes.push(line),
  };
  const watching = main(["get", "components", "--watch", ...at], {
    signal: stop.signal,
    output,
    env: {},
  });
  await eventually(() => / orders +True +1\/1 +10 +- +3 /.test(lines[1] ?? ""));
  let processed = 10;
  // A change before the watch began would be in the table: it goes on until one is told.
  await eventually(async () => {
    await told(processed += 90);
    return / orders +True +1\/1 +\d+ +[\d.]+ +3 /.test(lines.at(-1) ?? "");
  });
  await cluster.kubectl(["delete", "function", "orders", "-n", namespace, "--wait=false"]);
  await eventually(() => notes.join() === `Function ${namespace}/orders was deleted`);
  stop.abort();
  assertEquals(await watching, 0);
});
