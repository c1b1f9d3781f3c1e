import { errorText } from "#base";
import { progressOnStderr } from "./control_plane/progress.ts";

/** Runs a script and ends with its exit code; 1, and the error in words, where it throws. */
export async function exitWith(
  main: (words: readonly string[]) => Promise<number>,
): Promise<never> {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    progressOnStderr(errorText(error));
    Deno.exit(1);
  }
}
