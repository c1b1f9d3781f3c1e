import type { TargetCluster } from "../../../scripts/e2e/target_cluster.ts";

/** Kinds that say how a mesh is, as kubectl knows them. */
const SHOWN = "functionmeshes.compute.functionmesh.io,functions.compute.functionmesh.io," +
  "sources.compute.functionmesh.io,sinks.compute.functionmesh.io,meshsyncs,statefulsets,pods";

/** What `kubectl get` and `kubectl describe` say about a namespace, as a person would ask. */
export async function shownState(cluster: TargetCluster, namespace: string): Promise<string> {
  const said = await Promise.all([
    asked(cluster, ["get", SHOWN, "-n", namespace, "-o", "wide"]),
    asked(cluster, ["describe", SHOWN, "-n", namespace]),
  ]);
  return said.join("\n");
}

/** Everything that helps to understand why a test failed: states, events, and the logs of all containers. */
export async function evidence(cluster: TargetCluster, namespace: string): Promise<string> {
  const { stdout } = await cluster.tryKubectl(["get", "pods", "-n", namespace, "-o", "name"]);
  const pods = stdout.split("\n").filter((line) => line !== "");
  const logs = pods.flatMap((pod) =>
    [[], ["--previous"]].map((flags) => {
      const args = ["logs", pod, "-n", namespace, "--all-containers", "--prefix", "--tail=400"];
      return asked(cluster, [...args, ...flags]);
    })
  );
  const said = await Promise.all([
    shownState(cluster, namespace),
    asked(cluster, ["get", "events", "-n", namespace, "--sort-by=.lastTimestamp"]),
    asked(cluster, [
      "get",
      SHOWN.replace(",statefulsets,pods", ""),
      "-n",
      namespace,
      "-o",
      "yaml",
    ]),
    ...logs,
  ]);
  return said.join("\n");
}

async function asked(cluster: TargetCluster, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await cluster.tryKubectl(args);
  return `$ kubectl ${args.join(" ")}\n${stdout}${stderr}`;
}
