import type { MeshSync } from "#api";
import type { TreeEntry, TreeFile } from "#git";
import type { ManifestFile, ManifestProblem } from "./manifest.ts";
import { fileFilter } from "./patterns.ts";
import { ignoreEntries, linkedFiles, manifestEntries, type Selection } from "./tree_files.ts";

/** A folder as Git has it, wherever it is. */
export interface FileTree {
  /** Where it is, for messages; `""` for the root of a repository. */
  readonly root: string;
  /** All of it, with paths from the folder on. */
  readonly entries: readonly TreeEntry[];
  /** Reads the contents of some of them. */
  read(entries: readonly TreeEntry[]): Promise<readonly TreeFile[]>;
}

/** The files of a folder that a MeshSync reads. */
export interface SelectedFiles {
  readonly files: readonly ManifestFile[];
  /** Links that lead to no manifest. */
  readonly problems: readonly ManifestProblem[];
  readonly selection: Selection;
}

/** Picks and reads the manifests of a folder, by the patterns of the spec and the `.meshignore` files in it. */
export async function selectedFiles(
  tree: FileTree,
  spec: Pick<MeshSync["spec"], "exclude" | "include">,
): Promise<SelectedFiles> {
  const ignoreFiles = await tree.read(ignoreEntries(tree.entries));
  const { exclude = [], include = [] } = spec;
  const selection = manifestEntries(tree.entries, fileFilter({ exclude, ignoreFiles, include }));
  const linked = linkedFiles(await tree.read(selection.entries), tree.root);
  return { files: linked.files, problems: linked.problems, selection };
}
