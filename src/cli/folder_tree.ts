import { fileText, withoutEnd } from "#base";
import { linkedFolder, type TreeEntry, type TreeNode } from "#git";
import type { FileTree } from "#manifests";

/**
 * A folder on the disk as Git would have it: repositories in it as submodules, and links followed as they are in a commit:
 * within the working copy that it is part of, and nowhere else.
 */
export async function folderTree(path: string): Promise<FileTree> {
  const root = withoutEnd(path, "/") || "/";
  const own = await nodesBelow(root, "");
  const entries = own.some(({ kind }) => kind === "symlink")
    ? await linkedEntries(root, own)
    : own.flatMap(({ hash, kind, path }) => kind === "folder" ? [] : [{ path, kind, blob: hash }]);
  return {
    root: root === "." ? "" : root,
    entries: entries.toSorted((a, b) => a.path < b.path ? -1 : 1),
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

/** The folder of the working copy that a folder is in; undefined when it is in none. */
export async function workingCopyOf(folder: string): Promise<string | undefined> {
  for (let at = await Deno.realPath(folder);; at = at.slice(0, at.lastIndexOf("/"))) {
    if (await isRepository(at)) return at === "" ? "/" : at;
    if (!at.includes("/")) return undefined;
  }
}

async function linkedEntries(
  root: string,
  own: readonly TreeNode[],
): Promise<readonly TreeEntry[]> {
  const real = await Deno.realPath(root);
  const repository = await workingCopyOf(real) ?? real;
  const nodes = repository === real ? own : await nodesBelow(repository, "");
  const links = nodes.filter(({ kind }) => kind === "symlink");
  const texts = new Map(
    await Promise.all(
      links.map(async ({ hash, path }) =>
        [hash, await Deno.readLink(`${repository}/${path}`)] as const
      ),
    ),
  );
  const folder = repository === "/" ? real.slice(1) : real.slice(repository.length + 1);
  return (await linkedFolder(nodes, folder, (hash) => texts.get(hash))).entries;
}

/** What is below a folder; where a thing is stands for its content. */
async function nodesBelow(root: string, folder: string): Promise<TreeNode[]> {
  const found: TreeNode[] = [];
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(`${root}/${folder}`)) {
    // Neither is ever part of a commit that somebody meant.
    if (name === ".git" || name === "node_modules") continue;
    const path = `${folder}${name}`;
    const node = (kind: TreeNode["kind"]) => ({ path, kind, hash: path });
    if (!isDirectory) found.push(node(isSymlink ? "symlink" : "file"));
    else if (await isRepository(`${root}/${path}`)) found.push(node("submodule"));
    else found.push(node("folder"), ...await nodesBelow(root, `${path}/`));
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
