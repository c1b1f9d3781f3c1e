/**
 * Runs a command against a control plane of its own: `deno run -A scripts/with_cluster.ts -- COMMAND...`.
 *
 * @module
 */
import { dirname } from "node:path";
import { errorText } from "#base";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";
import { Interruption } from "./control_plane/interruption.ts";
import { progressOnStderr } from "./control_plane/progress.ts";

const HELP =
  `Start a control plane, run a command against it, stop it, and exit with the command's code.

Usage: deno run -A scripts/with_cluster.ts -- COMMAND [ARGUMENT...]

The command finds KUBECONFIG, MESHWRIGHT_TEST_KUBECONFIG (which tests look for) and a matching kubectl
in PATH.
`;

const FAILED = 1;
const USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "--help") {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  const [program, ...programArgs] = args[0] === "--" ? args.slice(1) : args;
  if (program === undefined) {
    progressOnStderr("a command is missing; see --help");
    return USAGE;
  }
  using interruption = new Interruption();
  try {
    await using cluster = await startControlPlane({
      progress: progressOnStderr,
      signal: interruption.signal,
    });
    return await runCommand(cluster, { program, args: programArgs, interruption });
  } catch (error) {
    if (interruption.received !== undefined) return interruption.exitCode;
    progressOnStderr(errorText(error));
    return FAILED;
  }
}

async function runCommand(
  cluster: ControlPlane,
  command: {
    readonly program: string;
    readonly args: readonly string[];
    readonly interruption: Interruption;
  },
): Promise<number> {
  const { interruption } = command;
  const child = new Deno.Command(command.program, {
    args: [...command.args],
    env: {
      KUBECONFIG: cluster.kubeconfigPath,
      MESHWRIGHT_TEST_KUBECONFIG: cluster.kubeconfigPath,
      PATH: `${dirname(cluster.binaries.kubectl)}:${Deno.env.get("PATH") ?? ""}`,
    },
  }).spawn();
  const ended = child.status.then(({ code }) => code);
  const code = await Promise.race([ended, interruption.happened()]);
  if (code !== undefined) return code;
  // Not SIGINT: a terminal sent that one to the command already.
  child.kill("SIGTERM");
  await ended;
  return interruption.exitCode;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
