import { findBinaries } from "../control_plane/binaries.ts";
import { reported } from "../control_plane/progress.ts";
import { prepareImages } from "./images.ts";
import type { LocalRun } from "./local.ts";
import { programPath } from "./required_program.ts";
import { runOn } from "./run.ts";
import type { SuiteResult } from "./suite.ts";
import { TargetCluster } from "./target_cluster.ts";

/** Name of the kind cluster. */
const CLUSTER = "meshwright-e2e";

/** A control plane and two nodes, so that one can be drained. */
const CONFIGURATION = {
  kind: "Cluster",
  apiVersion: "kind.x-k8s.io/v1alpha4",
  nodes: [{ role: "control-plane" }, { role: "worker" }, { role: "worker" }],
};

/** Why kind cannot be used on this machine; undefined where it can: the program is there, and a Docker that answers. */
export async function kindTrouble(): Promise<string | undefined> {
  for (const name of ["docker", "kind"]) {
    if (await programPath(name) === undefined) return `${name} is not installed`;
  }
  const { code, stderr } = await said("docker", ["info", "--format", "{{.ServerVersion}}"]);
  return code === 0 ? undefined : `docker does not answer: ${stderr.trim()}`;
}

/**
 * Creates a kind cluster, loads the images, runs the tests there, and deletes the cluster.
 *
 * @throws {Error} where kind or Docker cannot be used, naming which
 */
export async function runOnKind(
  { options, progress, signal }: LocalRun,
): Promise<SuiteResult> {
  const trouble = await kindTrouble();
  if (trouble !== undefined) throw new Error(`Cannot use kind: ${trouble}`);
  const images = await prepareImages({ progress, signal });
  const { kubectl: kubectlPath } = await findBinaries({ progress, signal });
  const folder = await Deno.makeTempDir({ prefix: "meshwright-kind-" });
  const kubeconfigPath = `${folder}/kubeconfig`;
  const named = ["--name", CLUSTER, "--kubeconfig", kubeconfigPath];
  try {
    await Deno.writeTextFile(`${folder}/kind.json`, JSON.stringify(CONFIGURATION));
    await reported(
      "creating a kind cluster",
      () =>
        kind(["create", "cluster", ...named, "--config", `${folder}/kind.json`, "--wait", "180s"]),
      progress,
    );
    for (const { reference, path } of Object.values(images)) {
      await reported(
        `loading ${reference}`,
        () => kind(["load", "image-archive", path, "--name", CLUSTER]),
        progress,
      );
    }
    const nodes = [`${CLUSTER}-worker`, `${CLUSTER}-worker2`];
    const cluster = new TargetCluster({ choice: "kind", kubeconfigPath, kubectlPath, nodes });
    return await runOn(cluster, {
      images: { runner: images.runner.reference, program: images.program.reference },
      options,
      settingPath: `${folder}/e2e.json`,
      progress,
      signal,
    });
  } finally {
    if (options.keep) {
      progress(
        `kept: KUBECONFIG=${kubeconfigPath}; to delete it: kind delete cluster --name ${CLUSTER}`,
      );
    } else {
      await kind(["delete", "cluster", ...named]);
      await Deno.remove(folder, { recursive: true });
    }
  }
}

async function kind(args: readonly string[]): Promise<void> {
  const { code, stderr } = await said("kind", args);
  if (code !== 0) throw new Error(`Cannot run kind ${args.join(" ")}: ${stderr.trim()}`);
}

async function said(
  program: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly stderr: string }> {
  const { code, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}
