/** The whole number that a flag gives. @throws {Error} where it gives something else */
export function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`Cannot use --${name} ${text}: give a whole number`);
}

/** Prints a text, and answers the exit code that goes with it. */
export async function say(text: string, code: number): Promise<number> {
  await Deno.stdout.write(new TextEncoder().encode(text));
  return code;
}
