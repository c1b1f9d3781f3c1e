import { PLAN_VARIABLE } from "./plan.ts";

/**
 * The program and its first arguments that run a command in the sandbox of a run that keeps its cluster: found by the
 * environment of the process in it.
 *
 * @throws {Error} when no run keeps one
 */
export async function keptSandboxEntry(): Promise<readonly string[]> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (/^\d+$/.test(name) && await isInSandbox(name)) {
      return ["nsenter", "--target", name, "--net", "--mount", "--pid", "--ipc", "--uts", "--"];
    }
  }
  throw new Error("Cannot use a kept cluster: no run with --keep is there");
}

const SELF = new URL("../e2e.ts", import.meta.url).pathname;

/** Whether a process is that of this checkout, has a plan, and another number in a process namespace of its own. */
async function isInSandbox(pid: string): Promise<boolean> {
  try {
    const command = await Deno.readTextFile(`/proc/${pid}/cmdline`);
    if (!command.split("\0").includes(SELF)) return false;
    const environment = await Deno.readTextFile(`/proc/${pid}/environ`);
    if (!environment.split("\0").some((line) => line.startsWith(`${PLAN_VARIABLE}=`))) return false;
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    return /^NSpid:(\s+\d+){2}$/m.test(status);
  } catch (error) {
    // It ended while we looked, or it is none of ours.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return false;
    }
    if (error instanceof Error && error.message.startsWith("No such process")) return false;
    throw error;
  }
}
