/** Things that take long to make and are kept for the next time, each in a folder named by what went into it. */
import { createHash } from "node:crypto";
import { cacheRoot, withFolderLock } from "../control_plane/cache.ts";
import type { Progress } from "../control_plane/progress.ts";

/** What every maker needs. */
export interface Making {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
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

/** Nothing looks at a thing for so long that somebody is still about to use it. */
const KEPT_DAYS = 7;
const DAY_MS = 86_400_000;

/** Twelve hexadecimal digits that stand for some data. */
export function contentKey(inputs: unknown): string {
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 12);
}

/**
 * Makes a thing, unless it is there, and answers its folder.
 *
 * # Guarantees
 * Parallel callers, in this process and in others, share one making. Work that was interrupted leaves nothing that a
 * later call takes for the thing. Things of the same name that nobody asked for in seven days are removed.
 */
export async function stored(recipe: Recipe): Promise<string> {
  const { name, inputs, make, progress, signal } = recipe;
  const root = `${cacheRoot(Deno.env.toObject())}/e2e`;
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
  for await (const entry of Deno.readDir(root)) {
    if (pattern.exec(entry.name)?.[1] !== name) continue;
    const folder = `${root}/${entry.name}`;
    const { mtime } = await Deno.stat(folder);
    if (mtime !== null && Date.now() - mtime.getTime() > KEPT_DAYS * DAY_MS) {
      await removeTree(folder);
      await removeTree(`${folder}.lock`);
    }
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
