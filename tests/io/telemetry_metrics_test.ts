import { assertEquals } from "@std/assert";
import { createMetrics, type Metrics } from "#telemetry";

const ORDERS = { namespace: "shop", name: "orders" };

async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  const { text } = await metrics.exposition();
  return text.split("\n").filter((line) => line.startsWith(name));
}

Deno.test("Metrics measures latency as the reference does: whole milliseconds in its buckets", async () => {
  let nowMs = 0;
  const metrics = createMetrics({ nowMs: () => nowMs });
  for (const elapsedMs of [9.99, 10.5, 250.9]) {
    using measure = metrics.measureReconcile("Function", ORDERS);
    nowMs += elapsedMs;
    measure.result = "success";
  }
  const labels = `type="function",name="orders",namespace="shop"`;
  assertEquals(await linesOf(metrics, "function_mesh_reconcile_"), [
    `function_mesh_reconcile_count{${labels}} 3`,
    `function_mesh_reconcile_latency_bucket{le="10",${labels}} 2`,
    `function_mesh_reconcile_latency_bucket{le="100",${labels}} 2`,
    `function_mesh_reconcile_latency_bucket{le="1000",${labels}} 3`,
    `function_mesh_reconcile_latency_bucket{le="10000",${labels}} 3`,
    `function_mesh_reconcile_latency_bucket{le="30000",${labels}} 3`,
    `function_mesh_reconcile_latency_bucket{le="60000",${labels}} 3`,
    `function_mesh_reconcile_latency_bucket{le="+Inf",${labels}} 3`,
    `function_mesh_reconcile_latency_sum{${labels}} 269`,
    `function_mesh_reconcile_latency_count{${labels}} 3`,
  ]);
});

Deno.test("Metrics measures meshes too, and a pass that throws as an error", async () => {
  const metrics = createMetrics();
  try {
    using _measure = metrics.measureReconcile("FunctionMesh", ORDERS);
    throw new Error("in the pass");
  } catch {
    // What matters is what was counted.
  }
  assertEquals(await linesOf(metrics, "function_mesh_reconcile_count"), [
    `function_mesh_reconcile_count{type="functionmesh",name="orders",namespace="shop"} 1`,
  ]);
  assertEquals(await linesOf(metrics, "mesh_reconcile_total"), [
    `mesh_reconcile_total{kind="FunctionMesh",result="error"} 1`,
  ]);
});

Deno.test("Metrics.forget() drops the series of an object that is gone, also during its pass (W-51)", async () => {
  const metrics = createMetrics();
  const pass = (kind: string, key: typeof ORDERS, during = () => {}) => {
    using measure = metrics.measureReconcile(kind, key);
    during();
    measure.result = "success";
  };
  pass("Sink", ORDERS);
  pass("Sink", { ...ORDERS, name: "other" });
  pass("Sink", ORDERS, () => metrics.forget("Sink", ORDERS));
  assertEquals(await linesOf(metrics, "function_mesh_reconcile_count"), [
    `function_mesh_reconcile_count{type="sink",name="other",namespace="shop"} 1`,
  ]);
  const sums = await linesOf(metrics, "function_mesh_reconcile_latency_count");
  assertEquals(sums.length, 1);
  assertEquals(await linesOf(metrics, "mesh_reconcile_total"), [
    `mesh_reconcile_total{kind="Sink",result="success"} 3`,
  ]);
});

Deno.test("Metrics keeps kinds that the reference does not know out of its series", async () => {
  const metrics = createMetrics();
  {
    using measure = metrics.measureReconcile("MeshSync", ORDERS);
    measure.result = "requeue";
  }
  assertEquals(await linesOf(metrics, "function_mesh_"), []);
  assertEquals((await linesOf(metrics, "mesh_reconcile_duration_seconds_count")).length, 1);
});

Deno.test("Metrics counts requests, restarts, queues and syncs under the names that dashboards use", async () => {
  const metrics = createMetrics();
  metrics.countApiRequest({ verb: "apply", kind: "StatefulSet", code: "200" });
  metrics.countWatchRestart("Pod", "expired");
  metrics.changeQueueDepth("Function", 5);
  metrics.changeQueueDepth("Function", -2);
  metrics.observeQueueWait("Function", 0.2);
  metrics.countDriftCorrected("Service");
  metrics.observeGitFetch("unchanged", 0.1);
  metrics.countSync("success");
  metrics.observeSyncPhase("apply", 1.5);
  metrics.observeCommitToReady(4);
  metrics.countPruned(2);
  metrics.countQuarantine();
  metrics.setQuarantined(ORDERS, 3);
  metrics.setQuarantined({ ...ORDERS, name: "gone" }, 1);
  metrics.setQuarantined({ ...ORDERS, name: "gone" }, 0);
  metrics.countNotification("slack", "failed");
  metrics.setLeader(true);
  metrics.setCertificateEnd("webhook", 2_000_000_000_000);
  const { text } = await metrics.exposition();
  const values = text.split("\n").filter((line) =>
    /^mesh_/.test(line) && !/bucket|build/.test(line)
  );
  assertEquals(values.sort(), [
    `mesh_api_requests_total{verb="apply",kind="StatefulSet",code="200"} 1`,
    `mesh_certificate_end_timestamp_seconds{use="webhook"} 2000000000`,
    `mesh_commit_to_ready_seconds_count 1`,
    `mesh_commit_to_ready_seconds_sum 4`,
    `mesh_drift_corrected_total{kind="Service"} 1`,
    `mesh_git_fetch_duration_seconds_count{result="unchanged"} 1`,
    `mesh_git_fetch_duration_seconds_sum{result="unchanged"} 0.1`,
    `mesh_leader 1`,
    `mesh_notification_total{type="slack",result="failed"} 1`,
    `mesh_pruned_total 2`,
    `mesh_quarantine_total 1`,
    `mesh_quarantined_objects{namespace="shop",name="orders"} 3`,
    `mesh_queue_depth{kind="Function"} 3`,
    `mesh_queue_wait_seconds_count{kind="Function"} 1`,
    `mesh_queue_wait_seconds_sum{kind="Function"} 0.2`,
    `mesh_sync_duration_seconds_count{phase="apply"} 1`,
    `mesh_sync_duration_seconds_sum{phase="apply"} 1.5`,
    `mesh_sync_total{result="success"} 1`,
    `mesh_watch_restarts_total{kind="Pod",cause="expired"} 1`,
  ]);
});

Deno.test("Metrics tells which shards this process leads, in place of whether it leads all", async () => {
  const metrics = createMetrics();
  assertEquals(await linesOf(metrics, "mesh_leader"), ["mesh_leader 0"]);
  for (const shard of [0, 1]) metrics.setLeader(false, shard);
  metrics.setLeader(true, 1);
  const { text } = await metrics.exposition();
  assertEquals(text.split("\n").filter((line) => line.startsWith("mesh_leader")), [
    'mesh_leader{shard="0"} 0',
    'mesh_leader{shard="1"} 1',
  ]);
});

Deno.test("Metrics tells of the process", async () => {
  const metrics = createMetrics({ processStartMs: 1_500 });
  const [rss] = await linesOf(metrics, "process_resident_memory_bytes");
  assertEquals(Number(rss?.split(" ")[1]) > 10_000_000, true);
  const [cpu] = await linesOf(metrics, "process_cpu_seconds_total");
  assertEquals(Number(cpu?.split(" ")[1]) > 0, true);
  assertEquals(await linesOf(metrics, "process_start"), ["process_start_time_seconds 1.5"]);
});
