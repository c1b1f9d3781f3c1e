import type { FetchCall, Revision } from "./call.ts";
import type { Clone, CloneCommand } from "./clone.ts";
import { GitError } from "./git_error.ts";
import { linkedFolder } from "./links.ts";
import type { ResolvedRef } from "./references.ts";
import { batchContents, treeEntries, type TreeEntry, type TreeNode, treeNodes } from "./tree.ts";

/** A folder of a fetched commit. */
export interface RevisionTree {
  readonly revision: Revision;
  readonly entries: readonly TreeEntry[];
  /** Contents that have to be fetched before the folder can be read. */
  readonly missing: readonly string[];
  /** What {@linkcode RevisionTree.missing} is missing of. */
  readonly searched: string;
}

/** Runs a command in a clone that talks to nobody. */
export type RunLocal = (
  args: readonly string[],
  more?: { readonly stdin?: string; readonly outputBytesMax?: number },
) => Promise<Uint8Array>;

/** Runs commands in a clone. */
export function localRun(
  clone: Clone,
  command: Pick<CloneCommand, "access" | "action" | "clock" | "signal" | "timeoutMs">,
): RunLocal {
  return (args, more = {}) => clone.run({ ...command, ...more, args });
}

const LIST_BYTES_MAX = 64 * 1024 * 1024;
const LINKS_BYTES_MAX = 16 * 1024 * 1024;
/** More links than these are read as they are met. */
const LINKS_AT_ONCE = 5_000;
/** Links that lead to folders with links, and so on. */
const ROUNDS_MAX = 40;

/**
 * The folder of a commit that a clone holds, with links followed.
 *
 * @param place the repository, for messages
 * @throws {GitError} `no_path` when the path is no folder, `too_large` when it holds too much
 */
export async function revisionTree(
  resolved: ResolvedRef,
  { path, place, run, wants }: Pick<FetchCall, "path" | "wants"> & {
    readonly place: string;
    readonly run: RunLocal;
  },
): Promise<RevisionTree> {
  const { commit, name, tagObject, versions } = resolved;
  const format = "--format=%T%x00%an%x00%s%x00%ct";
  const about = decoded(await run(["log", "-1", format, commit, "--"]));
  const [root = "", author = "", subject = "", seconds = "0"] = about.trimEnd().split("\0");
  const base = {
    ...{ commit, name, author, subject, committedAtMs: Number(seconds) * 1000 },
    ...(tagObject === undefined ? {} : { tagObject }),
    ...(versions === undefined ? {} : { versions }),
  };
  const folder = path === "" ? root : await subtree(run, { root, path, place });
  if (folder === undefined) {
    return { revision: { ...base, tree: undefined }, entries: [], missing: [], searched: root };
  }
  const nodes = treeNodes(await run(listing(folder), { outputBytesMax: LIST_BYTES_MAX }));
  const hasLinks = nodes.some((node) => node.kind === "symlink");
  const searched = hasLinks ? root : folder;
  const missing = await missingContents(run, searched);
  const linked = hasLinks
    ? await followed({ run, root, path, missing })
    : { entries: treeEntries(nodes), key: "", unread: [] };
  const isWanted = (entry: TreeEntry) =>
    entry.kind === "symlink" || (entry.kind === "file" && (wants?.(entry.path) ?? true));
  const wanted = linked.entries.filter(isWanted).map((entry) => entry.blob);
  const needed = new Set([...linked.unread, ...wanted].filter((blob) => missing.has(blob)));
  const tree = linked.key === "" ? folder : `${folder}+${linked.key}`;
  return {
    revision: { ...base, tree },
    entries: linked.entries,
    missing: [...needed].sort(),
    searched,
  };
}

/** Contents of a tree that a clone does not hold. */
export async function missingContents(run: RunLocal, tree: string): Promise<ReadonlySet<string>> {
  const args = ["rev-list", "--objects", "--missing=print", "--no-object-names", tree];
  const listed = decoded(await run(args, { outputBytesMax: LIST_BYTES_MAX }));
  const missing = listed.split("\n").filter((line) => line.startsWith("?"));
  return new Set(missing.map((line) => line.slice(1)));
}

/** The contents of blobs that a clone holds. */
export async function contentsOf(
  run: RunLocal,
  blobs: readonly string[],
  outputBytesMax: number,
): Promise<Map<string, string>> {
  if (blobs.length === 0) return new Map();
  const stdin = `${blobs.join("\n")}\n`;
  return batchContents(await run(["cat-file", "--batch"], { stdin, outputBytesMax }));
}

async function followed({ missing, path, root, run }: {
  readonly run: RunLocal;
  readonly root: string;
  readonly path: string;
  readonly missing: ReadonlySet<string>;
}): Promise<ReturnType<typeof linkedFolder>> {
  const listed = await run(["ls-tree", "-r", "-t", "-z", "--full-tree", root], {
    outputBytesMax: LIST_BYTES_MAX,
  });
  const nodes: TreeNode[] = treeNodes(listed);
  const texts = new Map<string, string>();
  const links = new Set(nodes.filter(({ kind }) => kind === "symlink").map(({ hash }) => hash));
  if (links.size <= LINKS_AT_ONCE) {
    // All of them are read at once: links that lead to links cost no further round, here and at the remote.
    const unread = [...links].filter((hash) => missing.has(hash)).sort();
    if (unread.length > 0) return { entries: [], unread, key: "" };
    const read = await contentsOf(run, [...links].sort(), LINKS_BYTES_MAX);
    return linkedFolder(nodes, path, (hash) => read.get(hash));
  }
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const linked = linkedFolder(nodes, path, (hash) => texts.get(hash));
    const here = linked.unread.filter((hash) => !missing.has(hash));
    if (here.length === 0) return linked;
    for (const [hash, text] of await contentsOf(run, here, LINKS_BYTES_MAX)) texts.set(hash, text);
  }
  throw new GitError("too_large", `Cannot follow links in ${path || "."}: they never end`);
}

/** The tree of a folder; undefined when it is not there. */
async function subtree(
  run: RunLocal,
  { path, place, root }: { readonly root: string; readonly path: string; readonly place: string },
): Promise<string | undefined> {
  const listed = decoded(await run(["ls-tree", "-z", "--full-tree", root, "--", path]));
  const [line = ""] = listed.split("\0");
  if (line === "") return undefined;
  const [mode, type, hash] = line.split(/[ \t]/);
  if (type === "tree") return hash;
  const what = mode === "120000" ? "a symbolic link" : type === "commit" ? "a submodule" : "a file";
  const message = `Cannot read path ${path} of ${place}: it is ${what}, not a folder`;
  throw new GitError("no_path", message);
}

function listing(tree: string): string[] {
  return ["ls-tree", "-r", "-z", "--full-tree", tree];
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
