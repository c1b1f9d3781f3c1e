/** Programs of the operating system that tests need: installed by apt where that is possible, asked for elsewhere. */
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { installPackages } from "../../scripts/e2e/apt.ts";

/** Makes sure that a program is there. */
export async function needProgram(path: string, aptPackage: string): Promise<void> {
  if (await isThere(path)) return;
  const remedy = `install it (Debian: apt-get install ${aptPackage})`;
  if (Deno.uid() !== 0) throw new Error(`Cannot test without ${path}: ${remedy}`);
  await installPackages([aptPackage], { progress: progressOnStderr, recommended: true });
  if (!await isThere(path)) throw new Error(`Cannot test without ${path}: ${remedy}`);
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
