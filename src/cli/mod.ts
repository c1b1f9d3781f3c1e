/**
 * The command line: verbs, their flags, and what they print. Start at {@linkcode main}; each verb has a file.
 *
 * @module
 */
import { closestString } from "@std/text";
import { errorText } from "#base";
import { completionVerb } from "./completion.ts";
import { crdsVerb } from "./crds.ts";
import { diffVerb } from "./diff.ts";
import { explainVerb } from "./explain.ts";
import { type Flag, UsageError } from "./flag.ts";
import { getVerb } from "./get.ts";
import { overview, verbHelp } from "./help.ts";
import { graphVerb } from "./graph.ts";
import { historyVerb } from "./history.ts";
import { importVerb } from "./import.ts";
import { installVerb, uninstallVerb } from "./install.ts";
import { type Output, terminal } from "./output.ts";
import { parseArguments } from "./parse.ts";
import { reconcileVerb } from "./reconcile.ts";
import { ownProgramName, type ProgramName, verbFirst } from "./program_name.ts";
import { renderVerb } from "./render.ts";
import { resumeVerb } from "./resume.ts";
import { runVerb } from "./run.ts";
import { suspendVerb } from "./suspend.ts";
import { syncVerb } from "./sync.ts";
import { takeoverVerb } from "./takeover.ts";
import { validateVerb } from "./validate.ts";
import type { Verb } from "./verb.ts";
import { versionVerb } from "./version.ts";

const WORKING_VERBS: readonly Verb[] = [
  runVerb,
  syncVerb,
  getVerb,
  reconcileVerb,
  suspendVerb,
  resumeVerb,
  historyVerb,
  explainVerb,
  renderVerb,
  validateVerb,
  diffVerb,
  graphVerb,
  importVerb,
  crdsVerb,
  installVerb,
  uninstallVerb,
  takeoverVerb,
  versionVerb,
];

/** All verbs, in the order in which help lists them. */
export const VERBS: readonly Verb[] = [...WORKING_VERBS, completionVerb(WORKING_VERBS)];

/** Exit codes: done, not done, wrong usage. */
const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/**
 * Runs the verb that the arguments name; without one `run`, or as a plugin of kubectl help.
 *
 * @param signal aborts on SIGINT and SIGTERM
 * @returns the exit code: 0 done, 1 not, 2 usage
 */
export async function main(
  words: readonly string[],
  { signal, output = terminal, env, program = ownProgramName() }: {
    readonly signal: AbortSignal;
    readonly output?: Output;
    readonly env?: Environment;
    readonly program?: ProgramName;
  },
): Promise<number> {
  // Nobody who types `kubectl mesh` means to start a controller.
  const args = program.isPlugin ? verbFirst(words.length === 0 ? ["help"] : words) : words;
  const [first = "run", ...rest] = args;
  if (first === "help" || first === "--help" || first === "-h") {
    output.out(overview(VERBS, program));
    return EXIT.done;
  }
  const name = first === "--version" ? "version" : first.startsWith("-") ? "run" : first;
  const verb = VERBS.find((known) => known.name === name);
  if (verb === undefined) {
    const near = closestString(name, VERBS.map((known) => known.name));
    output.note(`Unknown verb ${name}: did you mean ${near}? (--help lists all)`);
    return EXIT.usage;
  }
  return await runVerbSafely(verb, first.startsWith("-") && first !== "--version" ? args : rest, {
    signal,
    output,
    env,
    program,
  });
}

async function runVerbSafely(
  verb: Verb,
  args: readonly string[],
  { signal, output, env, program }: {
    readonly signal: AbortSignal;
    readonly output: Output;
    readonly env: Environment | undefined;
    readonly program: ProgramName;
  },
): Promise<number> {
  try {
    const parsed = parseArguments(args, {
      flags: verb.flags,
      env: env ?? environmentOf(verb.flags),
    });
    if (parsed.help) {
      output.out(verbHelp(verb, program));
      return EXIT.done;
    }
    if (verb.words === "" && parsed.words.length > 0) {
      throw new UsageError(
        `Cannot make sense of "${parsed.words[0]}": ${verb.name} takes flags only`,
      );
    }
    return await verb.run({ ...parsed, signal, output });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return EXIT.done;
    const isUsage = error instanceof UsageError;
    output.note(`${program.text} ${verb.name}: ${isUsage ? error.message : errorText(error)}`);
    return isUsage ? EXIT.usage : EXIT.failed;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Only what a flag names: the compiled program may see no other variable. */
function environmentOf(flags: readonly Flag[]): Environment {
  return Object.fromEntries(flags.map(({ env }) => [env, Deno.env.get(env)]));
}
