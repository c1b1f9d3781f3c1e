/** How many tests ended how. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** As much of the end of an output as the closing line may be away from it. */
const TAIL_LENGTH = 4_000;

/** Passes the output of `deno test` on to standard output, and reads its closing line. */
export async function tallied(output: ReadableStream<Uint8Array>): Promise<Tally> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of output) {
    for (let written = 0; written < chunk.length;) {
      written += await Deno.stdout.write(chunk.subarray(written));
    }
    text = (text + decoder.decode(chunk, { stream: true })).slice(-TAIL_LENGTH);
  }
  return closingTally(text);
}

/** A run that ended badly without naming a failed test (a type error, a crash) is a failure itself. */
export function endedTally(tally: Tally, { success }: { readonly success: boolean }): Tally {
  return success || tally.failed > 0 ? tally : { ...tally, failed: 1 };
}

/** What several tallies come to. */
export function totalTally(tallies: readonly Tally[]): Tally {
  const sum = (of: (tally: Tally) => number) => tallies.reduce((all, tally) => all + of(tally), 0);
  return {
    passed: sum((tally) => tally.passed),
    failed: sum((tally) => tally.failed),
    skipped: sum((tally) => tally.skipped),
  };
}

/**
 * What the last closing line in an output of `deno test` says; all zero without one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { closingTally } from "./test_tally.ts";
 * const output = "ok | 1 passed | 0 failed (2s)\n\nFAILED | 3 passed (5 steps) | 2 failed | 1 ignored (9s)\n";
 * assertEquals(closingTally(output), { passed: 3, failed: 2, skipped: 1 });
 * assertEquals(closingTally("error: Module not found"), { passed: 0, failed: 0, skipped: 0 });
 * ```
 */
export function closingTally(output: string): Tally {
  const pattern =
    /\| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/g;
  const [, passed, failed, skipped] = [...output.matchAll(pattern)].at(-1) ?? [];
  return {
    passed: Number(passed ?? 0),
    failed: Number(failed ?? 0),
    skipped: Number(skipped ?? 0),
  };
}
