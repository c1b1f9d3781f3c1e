/**
 * Makes what later stages need while earlier ones run: programs of a control plane, of a node and of judges, images of the
 * end-to-end tests, the node image of kind, what docker build makes.
 * {@linkcode startAhead} starts it; it ends with whoever started it.
 *
 * @module
 */
import { errorText } from "#base";
import { findBinaries } from "../control_plane.ts";
import { progressOnStderr } from "../control_plane/progress.ts";
import { prepareKind } from "../e2e/chosen_kind.ts";
import { prepareImages } from "../e2e/images.ts";
import { prepareNodePrograms } from "../e2e/node_programs.ts";
import type { Making } from "../e2e/stored.ts";
import { dockerBuilt } from "../kind/docker_build.ts";
import { dashboardReader } from "../monitoring/dashboard_reader.ts";
import { promtoolProgram } from "../monitoring/promtool_program.ts";
import { healthProgram } from "../operator/health_program.ts";
import { helmProgram } from "../operator/helm_program.ts";
import { chromiumProgram } from "./chromium_program.ts";

/** By stage, what it asks for that takes minutes from nothing: all of it is made once, whoever asks first. */
const WORKS: Readonly<Record<string, readonly ((making: Making) => Promise<unknown>)[]>> = {
  io: [healthProgram],
  browser: [chromiumProgram],
  cluster: [findBinaries, promtoolProgram, helmProgram, dashboardReader],
  e2e: [prepareNodePrograms, (making) => prepareImages(making)],
  docker: [dockerBuilt],
  kind: [prepareKind],
};

/** Which of these stages something is made for ahead, in their order. */
export function aheadFor(stages: readonly string[]): readonly string[] {
  // The stage that comes first asks by itself, and waits.
  return stages.slice(1).filter((name) => WORKS[name] !== undefined);
}

/**
 * Starts to work in a process of its own, after all others in priority. Whoever needs a thing meanwhile waits for this work
 * and does not do it again. Dispose it to stop it: what it has by then is kept.
 *
 * @param stages as {@linkcode aheadFor} says
 */
export function startAhead(stages: readonly string[]): AsyncDisposable {
  const program = [Deno.execPath(), "run", "-A", import.meta.filename ?? "", ...stages];
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

async function main(stages: readonly string[]): Promise<void> {
  const signal = whileWanted();
  const making = { progress: (line: string) => progressOnStderr(`ahead: ${line}`), signal };
  for (const work of stages.flatMap((name) => WORKS[name] ?? [])) {
    try {
      await work(making);
    } catch (error) {
      if (signal.aborted) break;
      // The stage that needs it tries again, and says what is missing.
      progressOnStderr(`ahead: ${errorText(error)}`);
    }
  }
  Deno.exit(0);
}

if (import.meta.main) await main(Deno.args);
