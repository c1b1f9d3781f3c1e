/** Things that take long to make and are kept for the next time, each in a folder named by what went into it. */
import { createHash } from "node:crypto";
import { cacheRoot, withFolderLock } from "../control_plane/cache.ts";
import type { Progress } from "../control_plane/progress.ts";

/** What every maker needs. */
export interface Making {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Where things are kept, in place of the `e2e` folder of this machine's cache. */
  readonly cache?: string;
}

/** What to make. */
export interface Recipe extends Making {
  /** What it is; a part of the folder's name. */
  readonly name: string;
  /** All that decides what comes out: versions, sources, options. Plain data. */
  readonly inputs: unknown;
  /** Makes it in an empty folder. */
  readonly make: (folder: string) => Promise<void>;
}

/** So many things of a name are kept: images of the last few states of the checkout, say. */
const KEPT_COUNT = 5;
/** Others too, for as long as whoever asked for them may be using them. */
const KEPT_MS = 3_600_000;

/** Twelve hexadecimal digits that stand for some data. */
export function contentKey(inputs: unknown): string {
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 12);
}

/**
 * Makes a thing, unless it is there, and answers its folder.
 *
 * # Guarantees
 * Parallel callers, in this process and in others, share one making. Work that was interrupted leaves nothing that a
 * later call takes for the thing. Of the same name, the five that were asked for last are kept, and all of the last hour.
 */
export async function stored(recipe: Recipe): Promise<string> {
  const { name, inputs, make, progress, signal } = recipe;
  const root = recipe.cache ?? `${cacheRoot(Deno.env.toObject())}/e2e`;
  const folder = `${root}/${name}-${contentKey(inputs)}`;
  const content = `${folder}/content`;
  if (!await isThere(content)) {
    await withFolderLock(folder, async () => {
      if (await isThere(content)) return;
      const unfinished = `${folder}/unfinished`;
      await removeTree(unfinished);
      await Deno.mkdir(unfinished);
      try {
        await make(unfinished);
        await Deno.rename(unfinished, content);
      } finally {
        await removeTree(unfinished);
      }
    }, { progress, signal });
  }
  await Deno.utime(folder, new Date(), new Date());
  await removeOld(root, name);
  return content;
}

/** Removes what has the same name and a key that nobody asked for lately. */
async function removeOld(root: string, name: string): Promise<void> {
  const pattern = /^(.*)-[0-9a-f]{12}$/;
  const found: { readonly folder: string; readonly usedMs: number }[] = [];
  for await (const entry of Deno.readDir(root)) {
    if (pattern.exec(entry.name)?.[1] !== name) continue;
    const folder = `${root}/${entry.name}`;
    const { mtime } = await Deno.stat(folder);
    found.push({ folder, usedMs: mtime?.getTime() ?? 0 });
  }
  found.sort((one, other) => other.usedMs - one.usedMs);
  for (const { folder, usedMs } of found.slice(KEPT_COUNT)) {
    if (Date.now() - usedMs < KEPT_MS) continue;
    await removeTree(folder);
    await removeTree(`${folder}.lock`);
  }
}

/** Whether there is something at a path. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Removes what is at a path, if anything. */
export async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
