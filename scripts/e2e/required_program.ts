import { installPackages } from "./apt.ts";
import type { Making } from "./stored.ts";

/** A program of this machine. */
export interface RequiredProgram extends Making {
  /** Its Debian package. */
  readonly debianPackage: string;
  /** What for, after "it". */
  readonly purpose: string;
}

/** Where system administrators' programs are, also for users who do not look there. */
const PATHS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * Makes sure that a program is there: where this is root on a system with apt, it is installed.
 *
 * @returns its path
 * @throws {Error} that says what is missing, and how to get it
 */
export async function requiredProgram(name: string, options: RequiredProgram): Promise<string> {
  const { debianPackage, purpose, progress } = options;
  const found = await programPath(name);
  if (found !== undefined) return found;
  const remedy = `it ${purpose}; install it (Debian: apt-get install ${debianPackage})`;
  if (Deno.uid() !== 0 || await programPath("apt-get") === undefined) {
    throw new Error(`Cannot go on without the program ${name}: ${remedy}`);
  }
  progress(`installing ${debianPackage}: ${name} ${purpose}`);
  try {
    await installPackages([debianPackage], options);
  } catch (cause) {
    throw new Error(`Cannot install ${debianPackage}: ${remedy}`, { cause });
  }
  const installed = await programPath(name);
  if (installed === undefined) {
    throw new Error(`Cannot find ${name} in the package ${debianPackage}: ${remedy}`);
  }
  return installed;
}

/** Where a program is, or undefined. */
export async function programPath(name: string): Promise<string | undefined> {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...PATHS];
  for (const folder of folders.filter((path) => path !== "")) {
    const path = `${folder}/${name}`;
    try {
      const { isFile, mode } = await Deno.stat(path);
      if (isFile && ((mode ?? 0) & 0o111) !== 0) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
        throw error;
      }
    }
  }
  return undefined;
}
