import { type E2eImages, prepareImages } from "./images.ts";
import { startLocalCluster } from "./local_cluster.ts";
import { type NodePrograms, prepareNodePrograms } from "./node_programs.ts";
import { type LocalRun, runPlanned } from "./plan.ts";
import { runInSandbox } from "./sandboxed_run.ts";
import type { SuiteResult } from "./suite.ts";
import { TargetCluster } from "./target_cluster.ts";

/** What was prepared outside. */
export interface LocalPlan {
  readonly cluster: "local";
  readonly programs: NodePrograms;
  readonly images: E2eImages;
}

/** Outside: prepares programs and images, then runs this command again in a sandbox. Answers its exit code. */
export async function runSandboxed(
  command: readonly string[],
  { progress, signal }: LocalRun,
): Promise<number> {
  const programs = await prepareNodePrograms({ progress, signal });
  const images = await prepareImages({ progress, signal });
  const plan: LocalPlan = { cluster: "local", programs, images };
  return await runPlanned(command, plan, { signal, network: "pods" });
}

/** Inside: starts the cluster and runs the tests, or a shell command, on it. */
export async function runLocal(
  { programs, images }: LocalPlan,
  run: LocalRun,
): Promise<SuiteResult | number> {
  const { progress, signal } = run;
  await using local = await startLocalCluster({
    programs,
    images: [images.runner, images.program],
    progress,
    signal,
  });
  const { kubeconfigPath, kubectlPath, logsFolder, nodes } = local;
  const cluster = new TargetCluster({ choice: "local", kubeconfigPath, kubectlPath, nodes });
  return await runInSandbox(cluster, { run, images, nodeLogsFolder: logsFolder });
}
