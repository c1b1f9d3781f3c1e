/**
 * `deno task e2e`: real functions on real pods. See `HELP`.
 *
 * @module
 */
import { errorText } from "#base";
import { startLocalCluster } from "./e2e/local_cluster.ts";
import { prepareNodePrograms } from "./e2e/node_programs.ts";
import { insideSandbox, sandboxFacts } from "./e2e/sandbox.ts";
import { Interruption } from "./control_plane/interruption.ts";
import { progressOnStderr } from "./control_plane/progress.ts";

const HELP = `Run a command on a cluster of its own with real nodes, on this machine (Linux, root).

Usage: deno run -A scripts/e2e.ts --shell COMMAND

The shell command finds KUBECONFIG, and kubectl in PATH. Nothing is left when it ends.
`;

const FAILED = 1;
const USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "--help") {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  const [flag, command] = args;
  if (flag !== "--shell" || command === undefined) {
    progressOnStderr("wrong usage; see --help");
    return USAGE;
  }
  using interruption = new Interruption();
  const { signal } = interruption;
  try {
    const programs = await prepareNodePrograms({ progress: progressOnStderr, signal });
    if (sandboxFacts() === undefined) {
      const code = await insideSandbox([
        Deno.execPath(),
        "run",
        "-A",
        import.meta.filename ?? "",
        ...args,
      ], {
        signal,
      });
      return interruption.received === undefined ? code : interruption.exitCode;
    }
    await using cluster = await startLocalCluster({
      programs,
      images: [],
      progress: progressOnStderr,
      signal,
    });
    const kubectlFolder = cluster.kubectlPath.slice(0, -"/kubectl".length);
    const { code } = await new Deno.Command("/bin/sh", {
      args: ["-c", command],
      env: {
        KUBECONFIG: cluster.kubeconfigPath,
        PATH: `${kubectlFolder}:${Deno.env.get("PATH") ?? ""}`,
      },
    }).spawn().status;
    return code;
  } catch (error) {
    if (interruption.received !== undefined) return interruption.exitCode;
    progressOnStderr(errorText(error));
    return FAILED;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
