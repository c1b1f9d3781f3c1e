import { findBinaries } from "../control_plane/binaries.ts";
import { printedBy } from "./deployment.ts";
import { NAMESPACES } from "./environment.ts";
import type { LocalRun } from "./plan.ts";
import { runOn } from "./run.ts";
import type { SuiteResult } from "./suite.ts";
import { TargetCluster } from "./target_cluster.ts";

const DEFINITION = "functions.compute.functionmesh.io";

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly unschedulable?: boolean; readonly taints?: readonly unknown[] };
  }[];
}

/**
 * Runs the tests on the cluster of the current kubeconfig, in namespaces of their own, and takes everything out again
 * that they put there. A cluster that has the definitions already is refused: the meshes in it are somebody's.
 */
export async function runOnCurrent(
  { options, progress, signal }: LocalRun,
): Promise<SuiteResult> {
  const { kubectl: kubectlPath } = await findBinaries({ progress, signal });
  const home = Deno.env.get("HOME") ?? "";
  const kubeconfigPath = Deno.env.get("KUBECONFIG") || `${home}/.kube/config`;
  const look = new TargetCluster({ choice: "current", kubeconfigPath, kubectlPath, nodes: [] });
  await assertUnused(look);
  const { items } = await look.get<NodeList>(["nodes"]);
  const nodes = items
    .filter(({ spec }) => spec.unschedulable !== true && spec.taints === undefined)
    .map(({ metadata }) => metadata.name).sort();
  const cluster = new TargetCluster({ choice: "current", kubeconfigPath, kubectlPath, nodes });
  const folder = await Deno.makeTempDir({ prefix: "meshwright-e2e-" });
  const images = { runner: options.runnerImage ?? "", program: options.programImage ?? "" };
  try {
    return await runOn(cluster, {
      images,
      options,
      settingPath: `${folder}/e2e.json`,
      progress,
      signal,
    });
  } finally {
    if (options.keep) progress(`kept: what the tests made, and their setting ${folder}/e2e.json`);
    else {
      await takeOut(cluster, images.program);
      await Deno.remove(folder, { recursive: true });
    }
  }
}

/** @throws {Error} when the cluster has our definitions or namespaces: taking them out would take somebody's */
async function assertUnused(cluster: TargetCluster): Promise<void> {
  const get = ["get", "--ignore-not-found", "-o", "name"];
  const definition = await cluster.kubectl([...get, "crd", DEFINITION]);
  const namespaces = await cluster.kubectl([...get, "namespace", ...Object.values(NAMESPACES)]);
  const found = `${definition}${namespaces}`.trim().replaceAll("\n", ", ");
  if (found !== "") throw new Error(`Cannot test on this cluster: it has ${found} already`);
}

/** Does what `uninstall` tells, then removes the definitions and the namespaces, which were ours alone. */
async function takeOut(cluster: TargetCluster, image: string): Promise<void> {
  const text = await printedBy("uninstall", { namespace: NAMESPACES.program, image });
  for (const line of text.split("\n").filter((line) => line.startsWith("kubectl delete "))) {
    await cluster.kubectl(line.split(" ").slice(1));
  }
  const definitions = text.split("\n").filter((line) => line.startsWith("# kubectl delete crd "));
  for (const line of definitions) {
    await cluster.kubectl([...line.split(" ").slice(2), "--ignore-not-found"]);
  }
  await cluster.kubectl(
    ["delete", "namespace", ...Object.values(NAMESPACES), "--ignore-not-found"],
  );
}
