/** What comes before a program can do anything: from its start until it asks its API server for the first time. */
import { temporaryFolder } from "../../support/git_repository.ts";

/**
 * Seconds from a start until the first bytes of a request reach an API server, which does not answer.
 *
 * @param start starts the program with a kubeconfig; what it answers is disposed of when the request came
 */
export async function secondsUntilFirstRequest(
  start: (kubeconfig: string) => AsyncDisposable,
): Promise<number> {
  await using folder = await temporaryFolder();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const kubeconfig = `${folder.path}/kubeconfig`;
  await Deno.writeTextFile(kubeconfig, kubeconfigText(listener.addr.port));
  const startMs = performance.now();
  await using _program = start(kubeconfig);
  using connection = await listener.accept();
  await connection.read(new Uint8Array(1));
  return (performance.now() - startMs) / 1000;
}

function kubeconfigText(port: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "bench",
    clusters: [{ name: "bench", cluster: { server: `http://127.0.0.1:${port}` } }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: "bench" } }],
    users: [{ name: "bench", user: {} }],
  });
}
