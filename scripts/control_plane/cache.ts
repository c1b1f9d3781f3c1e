import { durationText, type Progress } from "./progress.ts";
import { type AnyProgramName, platform, VERSIONS_KEY } from "./versions.ts";

/**
 * Where prepared programs are kept: in the cache one folder for each set of versions and platform.
 *
 * @throws {Error} when there is no cache, see `cacheRoot`
 */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  return `${cacheRoot(env)}/control-plane/${VERSIONS_KEY}/${platform()}`;
}

/**
 * The cache, outside the checkout: `MESHWRIGHT_CACHE`, or the `meshwright` folder in `XDG_CACHE_HOME` or `~/.cache`.
 *
 * @throws {Error} when neither of the two variables nor `HOME` is set
 */
export function cacheRoot(env: Readonly<Record<string, string | undefined>>): string {
  if (env.MESHWRIGHT_CACHE) return env.MESHWRIGHT_CACHE;
  if (env.XDG_CACHE_HOME) return `${env.XDG_CACHE_HOME}/meshwright`;
  if (env.HOME) return `${env.HOME}/.cache/meshwright`;
  throw new Error("Cannot find a cache folder: set MESHWRIGHT_CACHE, XDG_CACHE_HOME or HOME");
}

/** The programs of `names` that a folder holds as executable files, with their paths. */
export async function programsIn<Name extends AnyProgramName>(
  folder: string,
  names: readonly Name[],
): Promise<Map<Name, string>> {
  const found = new Map<Name, string>();
  for (const name of names) {
    const path = `${folder}/${name}`;
    if (await isExecutable(path)) found.set(name, path);
  }
  return found;
}

/**
 * Runs `work` while no other process prepares the same folder. The lock is the kernel's (`flock`): it ends with its
 * holder, so that a killed process never blocks the next one.
 */
export async function withFolderLock<T>(
  folder: string,
  work: () => Promise<T>,
  options: { readonly progress: Progress; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  await Deno.mkdir(folder, { recursive: true });
  using file = await Deno.open(`${folder}.lock`, { create: true, write: true });
  const startMs = performance.now();
  for (let tries = 0; !(await file.tryLock(true)); tries++) {
    options.signal?.throwIfAborted();
    if (tries % 75 === 0) {
      const waited = tries === 0 ? "" : ` (${durationText(performance.now() - startMs)} so far)`;
      options.progress(`waiting for another process that prepares ${folder}${waited}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return await work();
}

/** Moves finished programs into the cache, each whole or not at all, and answers where they are. */
export async function publish(
  from: string,
  options: { readonly folder: string; readonly names: readonly AnyProgramName[] },
): Promise<void> {
  for (const name of options.names) {
    await Deno.chmod(`${from}/${name}`, 0o755);
    await Deno.rename(`${from}/${name}`, `${options.folder}/${name}`);
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    const info = await Deno.stat(path);
    return info.isFile && ((info.mode ?? 0) & 0o111) !== 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}
