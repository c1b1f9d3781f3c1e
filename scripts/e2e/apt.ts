import { cacheRoot, withFolderLock } from "../control_plane/cache.ts";
import { reported } from "../control_plane/progress.ts";
import { runGuarded } from "./guarded_run.ts";
import type { Making } from "./stored.ts";

/** How apt is to install. */
export interface InstallOptions extends Making {
  /** Also what the packages recommend. */
  readonly recommended?: boolean;
}

/** How long apt waits for somebody else who installs something. */
const PATIENCE = ["-o", "DPkg::Lock::Timeout=600"] as const;

/**
 * Installs Debian packages, as root on a system with apt. Who comes meanwhile, here or in another process, waits: apt itself
 * does not wait for others at its lists of packages.
 *
 * @throws {Error} with apt's last words
 */
export async function installPackages(
  names: readonly string[],
  options: InstallOptions,
): Promise<void> {
  const { progress, recommended = false, signal } = options;
  const choice = recommended ? [] : ["--no-install-recommends"];
  const install = () => runApt(["install", "--yes", ...choice, ...names], signal);
  const tryTwice = async () => {
    try {
      await install();
    } catch {
      // Lists of packages are old or absent on machines that install little.
      signal?.throwIfAborted();
      await runApt(["update"], signal);
      await install();
    }
  };
  const work = () => reported(`installing ${names.join(", ")}`, tryTwice, progress);
  await withApt(work, options);
}

/** Gets the lists of packages anew. @throws {Error} with apt's last words */
export async function updatePackageLists(making: Making): Promise<void> {
  await withApt(() => runApt(["update"], making.signal), making);
}

async function withApt(work: () => Promise<void>, { progress, signal }: Making): Promise<void> {
  await withFolderLock(`${cacheRoot(Deno.env.toObject())}/apt`, work, { progress, signal });
}

async function runApt(args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const logPath = await Deno.makeTempFile({ prefix: "meshwright-apt-" });
  try {
    await runGuarded(`run apt-get ${args.join(" ")}`, {
      program: "apt-get",
      args: [...PATIENCE, ...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      logPath,
      signal,
    });
  } finally {
    await Deno.remove(logPath);
  }
}
