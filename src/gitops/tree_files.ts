import type { TreeEntry, TreeFile } from "#git";
import type { ManifestFile, ManifestProblem } from "./manifest.ts";
import type { PassedOver } from "./notes.ts";
import { IGNORE_FILE } from "./patterns.ts";
import { isManifestPath } from "./read.ts";

/** What of a tree is to be read. */
export interface Selection extends PassedOver {
  readonly entries: readonly TreeEntry[];
}

/** The files of a tree that say which others are not read. */
export function ignoreEntries(entries: readonly TreeEntry[]): TreeEntry[] {
  return entries.filter(({ kind, path }) =>
    kind === "file" && (path === IGNORE_FILE || path.endsWith(`/${IGNORE_FILE}`))
  );
}

/** Picks the manifests of a tree. */
export function manifestEntries(
  entries: readonly TreeEntry[],
  isRead: (path: string) => boolean = () => true,
): Selection {
  const others = entries.filter(({ kind, path }) => kind !== "submodule" && !isManifestPath(path));
  const manifests = entries.filter(({ kind, path }) =>
    kind !== "submodule" && isManifestPath(path)
  );
  const read = manifests.filter((entry) => isRead(entry.path));
  return {
    entries: read,
    submodules: entries.filter(({ kind, path }) => kind === "submodule" && isRead(path))
      .map((entry) => entry.path),
    leftOut: manifests.length - read.length,
    others: others.length - ignoreEntries(others).length,
  };
}

/**
 * The files among what was read, and a problem for each symbolic link that leads out of the folder or nowhere. A link to a
 * file of the folder needs nothing: that file is read under its own name.
 *
 * @param root the folder in the repository, for messages
 */
export function linkedFiles(
  files: readonly TreeFile[],
  root: string,
): { readonly files: ManifestFile[]; readonly problems: ManifestProblem[] } {
  const named = (path: string) => root === "" ? path : `${root}/${path}`;
  const there = new Set(files.map((file) => file.path));
  const links = files.filter((file) => file.kind === "symlink");
  const lost = links.filter((link) => {
    const target = linkTarget(link);
    return target === undefined || !there.has(target);
  });
  return {
    files: files.filter((file) => file.kind === "file")
      .map(({ path, text }) => ({ path: named(path), text })),
    problems: lost.map((link) => ({
      file: named(link.path),
      line: 1,
      message:
        `is a symbolic link to ${
          JSON.stringify(link.text)
        }, which is no manifest below this path; ` +
        "commit the file itself",
    })),
  };
}

/** Where a link leads, as a path below the same folder; undefined outside of it. */
function linkTarget(link: TreeFile): string | undefined {
  if (link.text.startsWith("/")) return undefined;
  const parts = link.path.split("/").slice(0, -1);
  for (const part of link.text.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
