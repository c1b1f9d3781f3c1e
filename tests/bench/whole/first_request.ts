/** What comes before a program can do anything: from its start until it asks its API server for the first time. */
import { temporaryFolder } from "../../support/git_repository.ts";
import { proxyKubeconfig } from "../../support/recording_proxy.ts";

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
  const url = `http://127.0.0.1:${listener.addr.port}`;
  await Deno.writeTextFile(kubeconfig, proxyKubeconfig({ url }));
  const startMs = performance.now();
  await using _program = start(kubeconfig);
  using connection = await listener.accept();
  await connection.read(new Uint8Array(1));
  return (performance.now() - startMs) / 1000;
}
