/**
 * `deno task cluster`: a real control plane for people. See `HELP`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { errorText } from "#base";
import { startControlPlane } from "./control_plane.ts";
import { Interruption } from "./control_plane/interruption.ts";
import { progressOnStderr } from "./control_plane/progress.ts";
import { KUBERNETES_VERSION } from "./control_plane/versions.ts";

const HELP =
  `Start a real Kubernetes ${KUBERNETES_VERSION} control plane with simulated nodes on this machine.

Usage: deno task cluster [--nodes COUNT]

Prints one line "export KUBECONFIG=FILE" on standard output when it is ready, and stays until it is
interrupted (Ctrl-C). Then it removes everything. Progress goes to standard error.

  --nodes COUNT  simulated nodes (default 2)
  --help         this text

Programs come from KUBEBUILDER_ASSETS, from the cache (MESHWRIGHT_CACHE, XDG_CACHE_HOME/meshwright or
~/.cache/meshwright), from official releases, or are built with Go (minutes, once a machine).

Pods on simulated nodes become ready at once and run nothing. A pod with the annotation
meshwright.test/fail: REASON shows that failure (ImagePullBackOff, CreateContainerConfigError,
CrashLoopBackOff, OOMKilled, NotReady, ...); annotation .../fail-message sets its message.
`;

const FAILED = 1;
const USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    string: ["nodes"],
    boolean: ["help"],
    default: { nodes: "2" },
    unknown: (argument: string) => {
      unknown.push(argument);
      return false;
    },
  });
  if (flags.help) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  const nodeCount = Number(flags.nodes);
  if (unknown.length > 0) return usage(`unknown argument ${unknown[0]}`);
  if (!Number.isInteger(nodeCount) || nodeCount < 0 || flags.nodes === "") {
    return usage(`--nodes must be a number, not "${flags.nodes}"`);
  }
  return await runCluster(nodeCount);
}

async function runCluster(nodeCount: number): Promise<number> {
  using interruption = new Interruption();
  try {
    await using cluster = await startControlPlane({
      nodeCount,
      progress: progressOnStderr,
      signal: interruption.signal,
    });
    const line = `export KUBECONFIG=${cluster.kubeconfigPath}\n`;
    await Deno.stdout.write(new TextEncoder().encode(line));
    progressOnStderr(`kubectl is ${cluster.binaries.kubectl}; stop with Ctrl-C`);
    await interruption.happened();
    progressOnStderr("stopping");
    return 0;
  } catch (error) {
    if (interruption.received !== undefined) return interruption.exitCode;
    progressOnStderr(errorText(error));
    return FAILED;
  }
}

function usage(problem: string): number {
  progressOnStderr(`${problem}; see --help`);
  return USAGE;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
