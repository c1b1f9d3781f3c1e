/**
 * `deno task demo`: from a commit to ready functions on a real control plane, for people to watch. See `HELP`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { errorText } from "#base";
import { Interruption } from "./control_plane/interruption.ts";
import { progressOnStderr } from "./control_plane/progress.ts";
import { lastLines } from "./demo/last_lines.ts";
import { standardScreen } from "./demo/screen.ts";
import type { Stage } from "./demo/stage.ts";
import { DemoError, playDemo } from "./demo/story.ts";

const HELP =
  `Show what Meshwright does: a commit becomes ready functions, on a real Kubernetes control plane.

Usage: deno task demo [--keep]

Prints where a browser shows all of it live. Starts a control plane with simulated nodes, makes a Git repository of gitops/mesh, starts the program
with a MeshSync, commits meshes, changes them, breaks something, commits a mistake, which goes back, and mends it. Removes everything at the end.

  --keep  leave everything running until Ctrl-C, to look around with kubectl and to commit changes
  --help  this text

Needs git, and once Go or the internet for the control plane (see deno task cluster --help).
Exit code 0 when all of it came true, 1 when not (logs are kept, and it says where), 2 for a wrong flag.
NO_COLOR turns colours off; without a terminal there are neither colours nor other control characters.
`;

const FAILED = 1;
const USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    boolean: ["help", "keep"],
    unknown: (argument: string) => {
      unknown.push(argument);
      return false;
    },
  });
  if (unknown.length > 0) {
    progressOnStderr(`unknown argument ${unknown[0]}; see --help`);
    return USAGE;
  }
  if (flags.help) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  return await runDemo(flags.keep);
}

async function runDemo(isKept: boolean): Promise<number> {
  using interruption = new Interruption();
  using screen = standardScreen();
  let isOver = false;
  try {
    await playDemo({
      screen,
      signal: interruption.signal,
      onEnd: async (stage) => {
        isOver = true;
        if (isKept) await stay(stage, interruption);
      },
    });
    return 0;
  } catch (error) {
    if (interruption.received !== undefined) {
      if (!isOver) screen.line("Interrupted: everything is stopped and removed");
      return isOver ? 0 : interruption.exitCode;
    }
    screen.settle();
    tellFailure(error);
    return FAILED;
  }
}

/** Stays until Ctrl-C. @throws {Error} when the program ends first */
async function stay(stage: Stage, interruption: Interruption): Promise<void> {
  const { program, screen } = stage;
  screen.line();
  screen.line("Everything stays up until Ctrl-C. In another terminal:", "bold");
  const [first = "", ...others] = lastLines(stage);
  screen.line(first);
  for (const line of others) screen.line(line, "dim");
  const ended = Promise.withResolvers<void>();
  program.signal.addEventListener("abort", () => ended.resolve(), { once: true });
  await Promise.race([ended.promise, interruption.happened()]);
  if (interruption.received === undefined) program.signal.throwIfAborted();
  screen.line("stopping");
}

function tellFailure(error: unknown): void {
  if (!(error instanceof DemoError)) {
    progressOnStderr(`\n${errorText(error)}`);
    return;
  }
  progressOnStderr(`\nThe demo failed: ${errorText(error.cause)}`);
  progressOnStderr(`Logs, and the objects that were in the cluster: ${error.folder}`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
