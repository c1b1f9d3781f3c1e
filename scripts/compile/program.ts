/**
 * Runs a program and answers its standard output.
 *
 * @throws {Error} with what it said when it fails
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], stdin: "null", env });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`Cannot run ${program} ${args[0]}: ${decoder.decode(stderr).trim()}`);
}
