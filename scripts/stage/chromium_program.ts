import { cacheRoot, withFolderLock } from "../control_plane/cache.ts";
import { installPackages } from "../e2e/apt.ts";
import { programPath } from "../e2e/required_program.ts";
import type { Making } from "../e2e/stored.ts";

const PLACES: readonly string[] = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/**
 * Finds a Chromium: the one that the variable `CHROMIUM` names, or this machine's. On Debian, as root, a missing one is
 * installed.
 *
 * @throws {Error} that names what to install
 */
export async function chromiumProgram(making: Making): Promise<string> {
  const known = Deno.env.get("CHROMIUM");
  if (known !== undefined) return known;
  // Test files run side by side, and one of them installs for all: what is only half there is no program yet.
  const folder = `${cacheRoot(Deno.env.toObject())}/browser`;
  return await withFolderLock(folder, () => installedPath(making), making);
}

async function installedPath(making: Making): Promise<string> {
  const found = await firstFile(PLACES);
  if (found !== undefined) return found;
  const install = "apt-get install -y chromium";
  const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
  if (!isRoot || await programPath("apt-get") === undefined) {
    throw new Error(`There is no Chromium here: run ${install}, or name one in CHROMIUM`);
  }
  making.progress(`there is no Chromium here: ${install}`);
  await installPackages(["chromium"], { ...making, recommended: true });
  const installed = await firstFile(PLACES);
  if (installed === undefined) {
    throw new Error(`${install} brought no Chromium: name one in CHROMIUM`);
  }
  return installed;
}

async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  return undefined;
}
