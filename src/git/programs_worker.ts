/**
 * What runs in a thread of its own: it starts git and gpg and tells how they ended. See `threaded_programs.ts` for the other
 * side.
 *
 * @module
 */
import { errorText } from "#base";
import { MissingProgramError, OwnPrograms, type ProgramCall, type ProgramEnd } from "./program.ts";

/** What is to be done. A program is named by a number that no other one had. */
export type ProgramRequest =
  | { readonly tag: "run"; readonly id: number; readonly call: ProgramCall }
  | { readonly tag: "stop"; readonly id: number };

/** How it ended. */
export type ProgramAnswer =
  | { readonly tag: "ended"; readonly id: number; readonly end: ProgramEnd }
  | { readonly tag: "missing"; readonly id: number }
  | { readonly tag: "failed"; readonly id: number; readonly message: string };

interface Scope {
  onmessage: ((event: MessageEvent<ProgramRequest>) => void) | null;
  postMessage(answer: ProgramAnswer, transfer?: Transferable[]): void;
}

async function answered(
  programs: OwnPrograms,
  { call, id }: ProgramRequest & { readonly tag: "run" },
  signal: AbortSignal,
): Promise<ProgramAnswer> {
  try {
    return { tag: "ended", id, end: await programs.run(call, signal) };
  } catch (error) {
    if (error instanceof MissingProgramError) return { tag: "missing", id };
    return { tag: "failed", id, message: errorText(error) };
  }
}

/** Answers each request when its program has ended, as many at a time as are asked for. */
function serve(scope: Scope): void {
  const programs = new OwnPrograms();
  const running = new Map<number, AbortController>();
  scope.onmessage = async ({ data }) => {
    if (data.tag === "stop") return running.get(data.id)?.abort();
    const stop = new AbortController();
    running.set(data.id, stop);
    const answer = await answered(programs, data, stop.signal);
    running.delete(data.id);
    const { stdout } = answer.tag === "ended" ? answer.end : {};
    // What git wrote changes its owner: it is not copied.
    scope.postMessage(answer, stdout === undefined ? [] : [stdout.buffer]);
  };
}

serve(globalThis as unknown as Scope);
