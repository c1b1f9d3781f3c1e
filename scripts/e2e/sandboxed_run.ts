import type { E2eImages } from "./images.ts";
import { type LocalRun, SANDBOX_SETTING_PATH } from "./plan.ts";
import { runOn } from "./run.ts";
import type { SuiteResult } from "./suite.ts";
import type { TargetCluster } from "./target_cluster.ts";

/** What a run on a cluster in a sandbox needs besides the cluster. */
export interface SandboxedRun {
  readonly run: LocalRun;
  readonly images: E2eImages;
  /** Logs of the cluster's own programs, where they can be had. */
  readonly nodeLogsFolder?: string;
}

/** Runs the tests on a cluster that ends with this sandbox, or a shell command; where it is to stay, until interrupted. */
export async function runInSandbox(
  cluster: TargetCluster,
  { run, images, nodeLogsFolder }: SandboxedRun,
): Promise<SuiteResult | number> {
  const { options, progress, signal } = run;
  if (options.shell !== undefined) return await runShell(options.shell, cluster);
  const result = await runOn(cluster, {
    images: { runner: images.runner.reference, program: images.program.reference },
    options,
    settingPath: SANDBOX_SETTING_PATH,
    ...(nodeLogsFolder === undefined ? {} : { nodeLogsFolder }),
    progress,
    signal,
  });
  if (options.keep) {
    progress(
      "the cluster stays until this is interrupted; to run tests on it: e2e --reuse --only …",
    );
    await aborted(signal);
  }
  return result;
}

async function runShell(command: string, { access }: TargetCluster): Promise<number> {
  const kubectlFolder = access.kubectlPath.slice(0, -"/kubectl".length);
  const { code } = await new Deno.Command("/bin/sh", {
    args: ["-c", command],
    env: {
      KUBECONFIG: access.kubeconfigPath,
      PATH: `${kubectlFolder}:${Deno.env.get("PATH") ?? ""}`,
    },
  }).spawn().status;
  return code;
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
