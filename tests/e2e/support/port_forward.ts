import type { TargetCluster } from "../../../scripts/e2e/target_cluster.ts";
import { TextLineStream } from "./text_line_stream.ts";

/** A port of this machine that leads to one of a pod, until it is disposed of. */
export interface PortForward extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
}

/** Resolves when it leads there. @throws {Error} with what kubectl says when it does not */
export async function portForward(
  cluster: TargetCluster,
  to: { readonly namespace: string; readonly pod: string; readonly port: number },
): Promise<PortForward> {
  const { kubeconfigPath, kubectlPath } = cluster.access;
  const child = new Deno.Command(kubectlPath, {
    args: ["port-forward", "-n", to.namespace, `pod/${to.pod}`, `:${to.port}`],
    env: { KUBECONFIG: kubeconfigPath },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const complaints = new Response(child.stderr).text();
  const lines = child.stdout.pipeThrough(new TextLineStream()).getReader();
  const { value = "" } = await lines.read();
  const [, address] = /^Forwarding from (127\.0\.0\.1:\d+) /.exec(value) ?? [];
  // Its lines about connections are read, or it would wait to write them.
  const rest = (async () => {
    while (!(await lines.read()).done);
  })();
  const end = async () => {
    await child.status;
    await rest;
    return await complaints;
  };
  if (address === undefined) {
    throw new Error(`Cannot reach pod ${to.namespace}/${to.pod}: ${await end()}`);
  }
  return {
    url: `http://${address}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await end();
    },
  };
}
