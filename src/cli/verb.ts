import type { Flag } from "./flag.ts";
import type { Output } from "./output.ts";
import type { ParsedArguments } from "./parse.ts";

/** What a verb gets to work with. */
export interface Invocation extends ParsedArguments {
  readonly output: Output;
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** One thing that the program can be told to do. */
export interface Verb {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** The words after the verb, e.g. `PATH...`; empty for none. */
  readonly words: string;
  readonly description: readonly string[];
  readonly flags: readonly Flag[];
  /** Answers the exit code: 0 done, 1 not, 2 usage. */
  run(invocation: Invocation): Promise<number>;
}
