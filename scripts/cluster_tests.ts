/**
 * The tests of `tests/cluster`, in lanes: each lane has a control plane of its own. See `HELP`.
 *
 * @module
 */
import { dirname } from "node:path";
import { errorText } from "#base";
import { startControlPlane } from "./control_plane.ts";
import { Interruption } from "./control_plane/interruption.ts";
import { type Progress, progressOnStderr } from "./control_plane/progress.ts";
import { againAlone, checkTypes, closingLine, type FileRun, runFile } from "./stage/file_runs.ts";
import { lanesOf } from "./stage/lanes.ts";

const HELP =
  `Run the cluster tests, each file in a process, in three lanes with a control plane each.

Usage: deno run -A scripts/cluster_tests.ts [--lanes N] [NAME...]

  NAME  part of a file's name; all files of tests/cluster without one

A file that fails runs once more at the end, alone, on a fresh control plane; what passes only then is said.
`;

const FOLDER = "tests/cluster";
const FAILED = 1;
const USAGE = 2;
/** Tests wait for half of their time: two lanes leave one of two processors idle. */
const LANES = 3;

/** About how many seconds files take side by side; those that are not here take about 12. */
const SECONDS: Readonly<Record<string, number>> = {
  "gitops_siblings_test.ts": 281,
  "tenant_boundary_test.ts": 250,
  "golden_lifecycle_test.ts": 247,
  "install_rights_test.ts": 151,
  "gitops_every_kind_test.ts": 141,
  "gitops_alike_test.ts": 138,
  "takeover_cases_test.ts": 109,
  "cases_test.ts": 96,
  "hostile_neighbours_test.ts": 89,
  "tenant_life_test.ts": 88,
  "binary_test.ts": 67,
  "shards_killed_test.ts": 67,
  "demo_test.ts": 63,
  "gitops_scaled_test.ts": 63,
  "cleanup_end_test.ts": 62,
  "binary_permissions_test.ts": 59,
  "gitops_rollback_test.ts": 57,
  "gitops_apply_test.ts": 55,
  "gitops_force_push_test.ts": 54,
  "gitops_held_test.ts": 54,
  "shards_rights_test.ts": 53,
  "leader_killed_test.ts": 49,
  "gitops_prune_test.ts": 47,
  "variations_test.ts": 46,
  "control_plane_test.ts": 41,
  "gitops_notify_test.ts": 41,
  "gitops_sick_test.ts": 41,
  "leader_stopped_test.ts": 41,
  "monitoring_rules_test.ts": 41,
  "gitops_large_test.ts": 40,
  "tenant_references_test.ts": 40,
  "cleanup_retry_test.ts": 39,
  "component_scale_test.ts": 39,
  "explain_causes_test.ts": 39,
  "receiver_test.ts": 39,
  "console_test.ts": 38,
  "mesh_golden_test.ts": 38,
  "gitops_deletion_test.ts": 35,
  "gitops_drift_test.ts": 34,
  "mesh_foreign_test.ts": 34,
  "helm_test.ts": 33,
  "rollout_upgrade_test.ts": 33,
  "component_invalid_test.ts": 31,
  "component_trouble_test.ts": 31,
  "gitops_once_test.ts": 31,
  "scaling_test.ts": 31,
  "admission_keeping_test.ts": 30,
};
const OTHERS_SECONDS = 12;

interface Lane {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function main(words: readonly string[]): Promise<number> {
  if (words.includes("--help")) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  const count = words[0] === "--lanes" ? Number(words[1]) : LANES;
  const parts = words[0] === "--lanes" ? words.slice(2) : words;
  const files = await testFiles(parts);
  if (!Number.isInteger(count) || count < 1 || files.length === 0) {
    progressOnStderr(
      "--lanes takes a whole number from 1, NAME a part of a file's name; see --help",
    );
    return USAGE;
  }
  using interruption = new Interruption();
  try {
    const runs = await runAll(files, { count, signal: interruption.signal });
    await Deno.stdout.write(new TextEncoder().encode(closingLine(runs)));
    return runs.some(({ tally }) => tally.failed > 0) ? FAILED : 0;
  } catch (error) {
    if (interruption.received !== undefined) return interruption.exitCode;
    progressOnStderr(errorText(error));
    return FAILED;
  }
}

async function testFiles(parts: readonly string[]): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(new URL(`../${FOLDER}`, import.meta.url))) {
    if (name.endsWith("_test.ts")) names.push(name);
  }
  return names.filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)))
    .sort()
    .map((name) => `${FOLDER}/${name}`);
}

async function runAll(
  files: readonly string[],
  { count, signal }: { readonly count: number; readonly signal: AbortSignal },
): Promise<readonly FileRun[]> {
  await checkTypes(files, signal);
  const weighed = files.map((file) => ({
    file,
    weight: SECONDS[file.slice(FOLDER.length + 1)] ?? OTHERS_SECONDS,
  }));
  const lanes = lanesOf(weighed, Math.min(count, files.length));
  const runs = await Promise.all(lanes.map((lane, index) => {
    const progress = (line: string) => progressOnStderr(`lane ${index + 1}: ${line}`);
    return runLane(lane, { progress, signal });
  }));
  return await againAlone(runs.flat(), {
    progress: progressOnStderr,
    async runAlone(file) {
      const [run] = await runLane([file], { progress: progressOnStderr, signal });
      if (run === undefined) throw new Error(`Cannot run ${file} again: the lane ran nothing`);
      return run;
    },
  });
}

async function runLane(files: readonly string[], lane: Lane): Promise<readonly FileRun[]> {
  const { progress, signal } = lane;
  await using cluster = await startControlPlane({ progress, signal });
  const options = {
    args: ["test", "--no-check", "-A", "--no-prompt", "--sanitize-ops", "--sanitize-resources"],
    env: {
      KUBECONFIG: cluster.kubeconfigPath,
      MESHWRIGHT_TEST_KUBECONFIG: cluster.kubeconfigPath,
      PATH: `${dirname(cluster.binaries.kubectl)}:${Deno.env.get("PATH") ?? ""}`,
    },
    progress,
    signal,
  };
  const runs: FileRun[] = [];
  for (const [index, file] of files.entries()) {
    progress(`${index + 1}/${files.length} ${file}`);
    runs.push(await runFile(file, options));
    signal.throwIfAborted();
  }
  return runs;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
