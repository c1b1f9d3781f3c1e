/**
 * How fast objects are applied, listed and followed on a real API server, and what a repository of them costs:
 * `deno run -A scripts/with_cluster.ts -- deno run -A tests/bench/kube_bench.ts [objects]`.
 *
 * @module
 */
import { type KubeObject, systemClock } from "#base";
import { httpCluster, httpTransport, Informer } from "#kube";
import { connect } from "../../src/kube/connect.ts";
import { startedCluster } from "../support/control_plane.ts";
import { gitOpsBench } from "./gitops_bench.ts";

const CONFIG_MAP = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };
const BY = { fieldManager: "kube-bench" };
const WORKERS = 16;

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function configMap(namespace: string, index: number, round: number): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name: `c${index}` },
    data: { round: String(round), text: "x".repeat(1_000) },
  };
}

async function timed(what: string, count: number, work: () => Promise<void>): Promise<void> {
  const startMs = performance.now();
  await work();
  const seconds = (performance.now() - startMs) / 1000;
  say(`${what}: ${count} in ${seconds.toFixed(2)} s, ${Math.round(count / seconds)}/s`);
}

async function forAll(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: WORKERS }, async () => {
    while (next < count) await work(next++);
  }));
}

async function bench(count: number): Promise<void> {
  const { endpoint } = await connect({ env: (name) => Deno.env.get(name), clock: systemClock });
  await using transport = httpTransport(endpoint);
  const cluster = httpCluster(transport);
  const namespace = `bench-${crypto.randomUUID().slice(0, 8)}`;
  await cluster.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const stop = new AbortController();
  let told = 0;
  const informerOf = (onChange: () => void) =>
    new Informer({
      transport,
      type: CONFIG_MAP,
      namespace,
      fieldSelector: "metadata.name!=kube-root-ca.crt",
      onChange,
      clock: systemClock,
      signal: stop.signal,
    });
  const follower = informerOf(() => told++);
  const runs = [follower.run()];
  await follower.whenSynced();
  await timed(
    "apply (new)",
    count,
    () => forAll(count, (index) => cluster.apply(configMap(namespace, index, 1), BY)),
  );
  await timed("apply (changed), told by the watch", count, async () => {
    const before = told;
    await forAll(count, (index) => cluster.apply(configMap(namespace, index, 2), BY));
    while (told < before + count) await systemClock.sleep(1);
  });
  await timed(
    "apply (equal)",
    count,
    () => forAll(count, (index) => cluster.apply(configMap(namespace, index, 2), BY)),
  );
  await timed("first list into a cache", count, async () => {
    const late = informerOf(() => {});
    runs.push(late.run());
    await late.whenSynced();
  });
  say(`resident memory ${Math.round(Deno.memoryUsage().rss / 2 ** 20)} MiB`);
  stop.abort();
  await Promise.all(runs);
  await cluster.remove({ apiVersion: "v1", kind: "Namespace", namespace: "", name: namespace });
}

if (import.meta.main) {
  const count = Number(Deno.args[0] ?? 2_000);
  const { serverVersion } = JSON.parse(
    await (await startedCluster()).kubectl(["version", "-o", "json"]),
  );
  say(
    `${navigator.hardwareConcurrency} processors for all, Deno ${Deno.version.deno}, ` +
      `Kubernetes ${serverVersion.gitVersion}`,
  );
  await bench(count);
  await gitOpsBench(count, say);
}
