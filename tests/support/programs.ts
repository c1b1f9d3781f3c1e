/** Programs of the operating system that tests need: installed by apt where that is possible, asked for elsewhere. */

/** Makes sure that a program is there. */
export async function needProgram(path: string, aptPackage: string): Promise<void> {
  if (await isThere(path)) return;
  const remedy = `install it (Debian: apt-get install ${aptPackage})`;
  if (Deno.uid() !== 0) throw new Error(`Cannot test without ${path}: ${remedy}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["install", "-y", aptPackage], ["update"], ["install", "-y", aptPackage]]) {
    const { success } = await new Deno.Command("apt-get", { args, env, stdout: "null" }).output();
    if (success && await isThere(path)) return;
  }
  throw new Error(`Cannot test without ${path}: apt-get failed; ${remedy}`);
}

/** Whether there is something at a path. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs a program and answers what it wrote; fails with its words. */
export async function ran(
  program: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], stdin: "null", ...options });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout).trim();
}
