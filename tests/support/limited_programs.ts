/** Runs programs from a thread of their own with the permissions that this process has, and writes how they ended. */
import { errorText, GIT_BUDGETS, systemClock } from "#base";
import { ThreadedPrograms } from "#git";

/** How a program ended that did nothing, one that took much memory, and one that was given up. */
export type LimitedEnds = readonly [string, string, string];

const [path = "", word = ""] = Deno.args;
const never = new AbortController().signal;

await using programs = new ThreadedPrograms({ clock: systemClock });

async function ended(script: string, signal: AbortSignal): Promise<string> {
  const args = ["-c", `alias.run=!${script}; :`, "run"];
  const call = { program: "git", args, directory: "/", env: { PATH: path }, niceness: 5 } as const;
  try {
    const end = await programs.run({ ...call, outputBytesMax: 1_000_000 }, signal);
    return `${end.excess ?? (end.isSuccess ? "succeeded" : "failed")}`;
  } catch (error) {
    return errorText(error);
  }
}

const bytes = GIT_BUDGETS.commandMemoryBytes * 1.25;
const stop = new AbortController();
const given = ended(word, stop.signal);
const short = await ended("true", never);
const large = await ended(`head -c ${bytes} /dev/zero | tail -c ${bytes} | ${word}`, never);
stop.abort();
const ends: LimitedEnds = [short, large, await given];
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(ends)));
