import { NAMESPACES } from "./environment.ts";
import type { TargetCluster } from "./target_cluster.ts";

/**
 * Keeps what the cluster says besides the failed tests: pods and events of all namespaces, logs of the program and of
 * the brokers, and whatever logs the nodes have.
 */
export async function collectEvidence(
  cluster: TargetCluster,
  options: { readonly folder: string; readonly nodeLogsFolder?: string },
): Promise<void> {
  const { folder, nodeLogsFolder } = options;
  await Deno.mkdir(folder, { recursive: true });
  const questions: Readonly<Record<string, readonly string[]>> = {
    pods: ["get", "pods", "-A", "-o", "wide"],
    nodes: ["describe", "nodes"],
    events: ["get", "events", "-A", "--sort-by=.lastTimestamp"],
    meshes: ["get", "fmesh,fn,source,sink,meshsync", "-A", "-o", "wide"],
    ...await logQuestions(cluster),
  };
  for (const [name, args] of Object.entries(questions)) {
    const { stdout, stderr } = await cluster.tryKubectl(args);
    await Deno.writeTextFile(`${folder}/cluster-${name}.txt`, stdout + stderr);
  }
  if (nodeLogsFolder === undefined) return;
  for await (const { name } of Deno.readDir(nodeLogsFolder)) {
    await Deno.copyFile(`${nodeLogsFolder}/${name}`, `${folder}/cluster-${name}`);
  }
}

/** Removes what earlier runs kept in a folder: what is found there later is of this run. */
export async function forgetEvidence(folder: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (/^(cluster|e2e)-.*\.(log|txt)$/.test(name)) await Deno.remove(`${folder}/${name}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The logs of the pods that all tests share, those of the runs before too. */
async function logQuestions(cluster: TargetCluster): Promise<Record<string, readonly string[]>> {
  const questions: Record<string, readonly string[]> = {};
  for (const namespace of Object.values(NAMESPACES)) {
    const { stdout } = await cluster.tryKubectl(["get", "pods", "-n", namespace, "-o", "name"]);
    for (const pod of stdout.split("\n").filter((line) => line !== "")) {
      const logs = ["logs", pod, "-n", namespace, "--all-containers"];
      const name = pod.replace("pod/", "");
      questions[`${name}-log`] = logs;
      questions[`${name}-previous-log`] = [...logs, "--previous"];
    }
  }
  return questions;
}
