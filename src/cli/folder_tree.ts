import { fileText } from "#base";
import type { TreeEntry } from "#git";
import type { FileTree } from "#gitops";

/** A folder on the disk as Git would have it: links as links, repositories in it as submodules. */
export async function folderTree(path: string): Promise<FileTree> {
  const root = path.replace(/\/+$/, "") || "/";
  const entries = await entriesBelow(root, "");
  return {
    root: root === "." ? "" : root,
    entries: entries.sort((a, b) => a.path < b.path ? -1 : 1),
    read: (wanted) =>
      Promise.all(wanted.map(async (entry) => {
        const at = `${root}/${entry.path}`;
        const text = entry.kind === "symlink"
          ? await Deno.readLink(at)
          : fileText(await Deno.readFile(at));
        return { ...entry, text };
      })),
  };
}

async function entriesBelow(root: string, folder: string): Promise<TreeEntry[]> {
  const found: TreeEntry[] = [];
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(`${root}/${folder}`)) {
    // Neither is ever part of a commit that somebody meant.
    if (name === ".git" || name === "node_modules") continue;
    const path = `${folder}${name}`;
    if (!isDirectory) found.push({ path, kind: isSymlink ? "symlink" : "file", blob: "" });
    else if (await isRepository(`${root}/${path}`)) {
      found.push({ path, kind: "submodule", blob: "" });
    } else found.push(...await entriesBelow(root, `${path}/`));
  }
  return found;
}

async function isRepository(folder: string): Promise<boolean> {
  try {
    await Deno.lstat(`${folder}/.git`);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
