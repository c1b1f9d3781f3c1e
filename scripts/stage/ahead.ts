/**
 * Builds what later stages need while earlier ones run: the programs of a control plane and of a node, and those that judge
 * rules, dashboard and chart.
 * {@linkcode startAhead} starts it; it ends with whoever started it.
 *
 * @module
 */
import { errorText } from "#base";
import { findBinaries, findNodeBinaries } from "../control_plane.ts";
import { progressOnStderr } from "../control_plane/progress.ts";
import { dashboardReader } from "../monitoring/dashboard_reader.ts";
import { promtoolProgram } from "../monitoring/promtool_program.ts";
import { helmProgram } from "../operator/helm_program.ts";

/** What is built, in this order; a node takes what a control plane takes, and more. */
export type Ahead = "control-plane" | "node" | "judges";

/** What stages of these names will ask for, if they ask for anything that takes minutes. */
export function aheadFor(
  stages: readonly string[],
  { isRoot }: { readonly isRoot: boolean },
): Ahead[] {
  // A stage that comes first asks by itself, and waits.
  if (stages[0] === "cluster" || stages[0] === "e2e") return [];
  const isCluster = stages.includes("cluster");
  const programs: Ahead[] = stages.includes("e2e") && isRoot
    ? ["node"]
    : isCluster
    ? ["control-plane"]
    : [];
  return isCluster ? [...programs, "judges"] : programs;
}

/**
 * Starts to build in a process of its own, after all others in priority. Whoever needs the programs meanwhile waits for
 * this work and does not do it again. Dispose it to stop it: what it has by then is kept.
 */
export function startAhead(what: readonly Ahead[]): AsyncDisposable {
  const program = [Deno.execPath(), "run", "-A", import.meta.filename ?? "", ...what];
  const child = new Deno.Command("nice", {
    args: ["-n", "19", ...program],
    stdin: "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  return {
    [Symbol.asyncDispose]: async () => {
      // It may have ended, and its input with it.
      await child.stdin.close().catch(() => {});
      await child.status;
    },
  };
}

/** Aborts when nobody holds the other end of standard input any more. */
function whileWanted(): AbortSignal {
  const stop = new AbortController();
  const end = () => stop.abort();
  Deno.stdin.readable.pipeTo(new WritableStream()).then(end, end);
  return stop.signal;
}

async function main(what: readonly string[]): Promise<void> {
  const signal = whileWanted();
  const options = { progress: (line: string) => progressOnStderr(`ahead: ${line}`), signal };
  try {
    await findBinaries(options);
    if (what.includes("node")) await findNodeBinaries(options);
    if (what.includes("judges")) {
      await promtoolProgram(options);
      await helmProgram(options);
      await dashboardReader(options);
    }
  } catch (error) {
    // The stage that needs it tries again, and says what is missing.
    if (!signal.aborted) progressOnStderr(`ahead: ${errorText(error)}`);
  }
  Deno.exit(0);
}

if (import.meta.main) await main(Deno.args);
