/**
 * The Git server of hostile repositories as a process of its own, which waits where the program wants the processors: a real
 * one would have its own.
 */
import { gitServer } from "../support/git_server.ts";

/** A server that runs. Dispose it to end it. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly id: number;
}

/** Starts one for the repositories in a folder, at the lowest priority. */
export async function serverProcess(folder: string): Promise<ServerProcess> {
  const child = new Deno.Command("nice", {
    args: ["-n", "19", Deno.execPath(), "run", "-A", import.meta.filename ?? "", folder],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error("Cannot serve repositories: the server ended");
    text += value;
  }
  return {
    url: text.trim(),
    id: child.pid,
    [Symbol.asyncDispose]: async () => {
      await child.stdin.close();
      await child.status;
      await reader.cancel();
    },
  };
}

/** Serves until standard input ends: whoever started it has ended then, however that was. */
async function main([folder = ""]: readonly string[]): Promise<void> {
  await using server = gitServer({ folder });
  await Deno.stdout.write(new TextEncoder().encode(`${server.url}\n`));
  for await (const _chunk of Deno.stdin.readable);
}

if (import.meta.main) await main(Deno.args);
