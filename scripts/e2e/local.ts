import type { Progress } from "../control_plane/progress.ts";
import type { ImageArchive } from "./image_archive.ts";
import { prepareImages } from "./images.ts";
import { startLocalCluster } from "./local_cluster.ts";
import { type NodePrograms, prepareNodePrograms } from "./node_programs.ts";
import type { E2eOptions } from "./options.ts";
import { runOn } from "./run.ts";
import { insideSandbox, SANDBOX_FOLDER } from "./sandbox.ts";
import type { SuiteResult } from "./suite.ts";
import { TargetCluster } from "./target_cluster.ts";

/** Tells the process inside what was prepared outside, where the network is: path of a {@linkcode Plan}. */
export const PLAN_VARIABLE = "MESHWRIGHT_E2E_PLAN";

/** Where the setting is, inside of the sandbox. */
export const LOCAL_SETTING_PATH = `${SANDBOX_FOLDER}/e2e.json`;

/** What was prepared outside. */
interface Plan {
  readonly programs: NodePrograms;
  readonly images: { readonly runner: ImageArchive; readonly program: ImageArchive };
}

/** What both sides get. */
export interface LocalRun {
  readonly options: E2eOptions;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Outside: prepares programs and images, then runs this command again in a sandbox. Answers its exit code. */
export async function runSandboxed(
  command: readonly string[],
  { progress, signal }: LocalRun,
): Promise<number> {
  const programs = await prepareNodePrograms({ progress, signal });
  const images = await prepareImages({ progress, signal });
  const plan: Plan = { programs, images };
  const path = await Deno.makeTempFile({ prefix: "meshwright-e2e-", suffix: ".json" });
  try {
    await Deno.writeTextFile(path, JSON.stringify(plan));
    return await insideSandbox(command, { signal, env: { [PLAN_VARIABLE]: path } });
  } finally {
    await Deno.remove(path);
  }
}

/** Inside: starts the cluster and runs the tests, or a shell command, on it. */
export async function runInside(
  planPath: string,
  run: LocalRun,
): Promise<SuiteResult | number> {
  const { options, progress, signal } = run;
  const { programs, images }: Plan = JSON.parse(await Deno.readTextFile(planPath));
  await using local = await startLocalCluster({
    programs,
    images: [images.runner, images.program],
    progress,
    signal,
  });
  const { kubeconfigPath, kubectlPath, nodes } = local;
  if (options.shell !== undefined) return await runShell(options.shell, local);
  const cluster = new TargetCluster({ choice: "local", kubeconfigPath, kubectlPath, nodes });
  const result = await runOn(cluster, {
    images: { runner: images.runner.reference, program: images.program.reference },
    options,
    settingPath: LOCAL_SETTING_PATH,
    nodeLogsFolder: local.logsFolder,
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

async function runShell(
  command: string,
  { kubeconfigPath, kubectlPath }: {
    readonly kubeconfigPath: string;
    readonly kubectlPath: string;
  },
): Promise<number> {
  const kubectlFolder = kubectlPath.slice(0, -"/kubectl".length);
  const { code } = await new Deno.Command("/bin/sh", {
    args: ["-c", command],
    env: {
      KUBECONFIG: kubeconfigPath,
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
