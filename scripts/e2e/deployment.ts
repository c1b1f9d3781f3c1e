import type { TargetCluster } from "./target_cluster.ts";

/** What to install, and where. */
export interface Installation {
  readonly namespace: string;
  /** Image of the program. */
  readonly image: string;
}

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** What `main.ts VERB` prints about an installation: the manifests for `install`. */
export async function printedBy(verb: string, options: Installation): Promise<string> {
  const { namespace, image } = options;
  const flags = verb === "install" ? ["--image", image, "--receiver", "--single-tenant"] : [];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, verb, "--namespace", namespace, ...flags],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`Cannot print what ${verb} prints: ${decoder.decode(stderr).trim()}`);
  }
  return decoder.decode(stdout);
}

/** Installs the program as a user does, and waits until its Deployment is rolled out. */
export async function installProgram(cluster: TargetCluster, options: Installation): Promise<void> {
  await cluster.applyText(await printedBy("install", options));
  await cluster.kubectl(
    ["rollout", "status", "deployment/meshwright", "-n", options.namespace, "--timeout=180s"],
  );
}
