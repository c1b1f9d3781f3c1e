/**
 * How much memory the whole program has, at rest and while a commit of many Functions comes:
 * `deno run -A scripts/with_cluster.ts -- deno run -A tests/bench/memory_bench.ts [functions] [program...]`. Linux only.
 *
 * @module
 */
import { systemClock } from "#base";
import { localTarget } from "../support/admission.ts";
import { eventually, startedCluster, type TestCluster } from "../support/control_plane.ts";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { SOURCE_PROGRAM } from "../support/installed_program.ts";
import { commitMany } from "../support/large_repository.ts";

const FOLDER = "meshes";
const REST_MS = 15_000;

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Resident memory of a process in MB: now, and the most that it ever had. */
async function memory(pid: number): Promise<{ readonly now: number; readonly most: number }> {
  const text = await Deno.readTextFile(`/proc/${pid}/status`);
  const mb = (name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]) / 1024);
  return { now: mb("VmRSS"), most: mb("VmHWM") };
}

async function statefulSets(cluster: TestCluster, namespace: string): Promise<number> {
  const text = await cluster.kubectl(["get", "sts", "-n", namespace, "-o", "name"]);
  return text.split("\n").filter((line) => line !== "").length;
}

async function bench(count: number, program: readonly string[]): Promise<void> {
  const cluster = await startedCluster();
  await using space = await cluster.namespace();
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  await repository.commit({ "README.md": "nothing yet" });
  const [command = "", ...words] = program;
  const { address } = localTarget();
  const child = new Deno.Command(command, {
    args: [
      ...words,
      "run",
      ...[`--git-url=file://${repository.directory}`, `--git-path=${FOLDER}`, "--git-interval=1s"],
      ...[`--cache-dir=${folder.path}/cache`, `--namespace=${space.name}`],
      ...[`--metrics-addr=${address}`, `--health-probe-addr=${address}`, "--webhook-addr=0"],
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const told = async (what: string) => {
    const { most, now } = await memory(child.pid);
    const metrics = await (await fetch(`http://${address}/metrics`)).text();
    const heap = Number(/^process_heap_bytes (\S+)/m.exec(metrics)?.[1]) / 2 ** 20;
    say(
      `${what}: ${now} MB resident (${most} MB at the most so far), a heap of ${
        heap.toFixed(0)
      } MB`,
    );
  };
  try {
    await eventually(async () => (await fetch(`http://${address}/readyz`)).ok, { intervalMs: 200 });
    await systemClock.sleep(REST_MS);
    await told("at rest, with nothing");
    await commitMany(repository, { folder: FOLDER, count });
    const startMs = performance.now();
    await eventually(async () => await statefulSets(cluster, space.name) >= count, {
      intervalMs: 1_000,
      timeoutMs: 900_000,
    });
    await told(
      `all StatefulSets of ${count} Functions after ${
        ((performance.now() - startMs) / 1000).toFixed(0)
      } s`,
    );
    await systemClock.sleep(REST_MS);
    await told("at rest afterwards");
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

if (import.meta.main) {
  const [count = "2000", ...program] = Deno.args;
  await bench(Number(count), program.length === 0 ? SOURCE_PROGRAM : program);
}
