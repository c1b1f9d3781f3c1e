import { GIT_BUDGETS, mappedInTurns, systemClock } from "#base";
import type { FetchCall, Revision } from "./call.ts";
import type { Clone, CloneCommand } from "./clone.ts";
import { GitError } from "./git_error.ts";
import { linkedFolder, linkedPath, type PathEnd } from "./links.ts";
import type { ResolvedRef } from "./references.ts";
import {
  batchContents,
  type BlobContent,
  records,
  treeEntries,
  type TreeEntry,
  type TreeFile,
  type TreeNode,
  treeNodes,
} from "./tree.ts";

/** A folder of a fetched commit. */
export interface RevisionTree {
  readonly revision: Revision;
  readonly entries: readonly TreeEntry[];
  /** Contents that have to be fetched before the folder can be read. */
  readonly missing: readonly string[];
  /** What {@linkcode RevisionTree.missing} is missing of. */
  readonly searched: string;
  /** Whether there are links, which may lead to more once what is missing was fetched. */
  readonly hasLinks: boolean;
}

/** Runs a command in a clone that talks to nobody. */
export type RunLocal = (
  args: readonly string[],
  more?: { readonly stdin?: string; readonly outputBytesMax?: number },
) => Promise<Uint8Array>;

/** Runs commands in a clone. */
export function localRun(
  clone: Clone,
  command: Pick<CloneCommand, "access" | "action" | "begin" | "clock" | "signal" | "timeoutMs">,
): RunLocal {
  return (args, more = {}) => clone.run({ ...command, ...more, args });
}

const LIST_BYTES_MAX = GIT_BUDGETS.listBytes;
const LINKS_BYTES_MAX = 16 * 1024 * 1024;
/** Entries that are looked through before everything else has a turn. */
const ENTRIES_AT_ONCE = 5_000;
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
  const at = path === "" ? { folder: root, path } : await subtree(run, { root, path, place });
  if ("missing" in at) {
    const revision = { ...base, tree: undefined };
    return { revision, entries: [], missing: at.missing, searched: root, hasLinks: true };
  }
  const { folder } = at;
  const nodes = await treeNodes(await run(listing(folder), { outputBytesMax: LIST_BYTES_MAX }));
  const hasLinks = nodes.some((node) => node.kind === "symlink");
  const searched = hasLinks ? root : folder;
  const missing = await missingContents(run, searched);
  const linked = hasLinks
    ? await followed({ run, root, path: at.path, missing })
    : { entries: treeEntries(nodes), key: "", unread: [] };
  const isWanted = (entry: TreeEntry) =>
    entry.kind === "symlink" || (entry.kind === "file" && (wants?.(entry.path) ?? true));
  const needed = new Set(linked.unread.filter((blob) => missing.has(blob)));
  await mappedInTurns(linked.entries, (entry) => {
    if (missing.has(entry.blob) && isWanted(entry)) needed.add(entry.blob);
  }, { each: ENTRIES_AT_ONCE, clock: systemClock });
  const tree = linked.key === "" ? folder : `${folder}+${linked.key}`;
  return {
    revision: { ...base, tree },
    entries: linked.entries,
    missing: [...needed].sort(),
    searched,
    hasLinks,
  };
}

const [LINE_END, QUESTION_MARK] = [0x0a, 0x3f];

/** Contents of a tree that a clone does not hold. */
export async function missingContents(run: RunLocal, tree: string): Promise<ReadonlySet<string>> {
  const args = ["rev-list", "--objects", "--missing=print", "--no-object-names", tree];
  const missing = new Set<string>();
  for await (const line of records(await run(args, { outputBytesMax: LIST_BYTES_MAX }), LINE_END)) {
    if (line[0] === QUESTION_MARK) missing.add(decoded(line.subarray(1)));
  }
  return missing;
}

/** Entries with their contents, which a clone holds. */
export async function readEntries(
  run: RunLocal,
  entries: readonly TreeEntry[],
  outputBytesMax: number,
): Promise<TreeFile[]> {
  const blobs = [...new Set(entries.map((entry) => entry.blob))].sort();
  const contents = await contentsOf(run, blobs, outputBytesMax);
  return entries.map((entry) => ({ ...entry, ...contents.get(entry.blob) ?? { text: "" } }));
}

/** The contents of blobs that a clone holds. */
async function contentsOf(
  run: RunLocal,
  blobs: readonly string[],
  outputBytesMax: number,
): Promise<Map<string, BlobContent>> {
  if (blobs.length === 0) return new Map();
  const stdin = `${blobs.join("\n")}\n`;
  return await batchContents(await run(["cat-file", "--batch"], { stdin, outputBytesMax }));
}

async function followed({ missing, path, root, run }: {
  readonly run: RunLocal;
  readonly root: string;
  readonly path: string;
  readonly missing: ReadonlySet<string>;
}): ReturnType<typeof linkedFolder> {
  const nodes = await allNodes(run, root);
  const texts = new Map<string, string>();
  const links = new Set(nodes.filter(({ kind }) => kind === "symlink").map(({ hash }) => hash));
  if (links.size <= LINKS_AT_ONCE) {
    // All of them are read at once: links that lead to links cost no further round, here and at the remote.
    const unread = [...links].filter((hash) => missing.has(hash)).sort();
    if (unread.length > 0) return { entries: [], unread, key: "" };
    const read = await contentsOf(run, [...links].sort(), LINKS_BYTES_MAX);
    return await linkedFolder(nodes, path, (hash) => read.get(hash)?.text);
  }
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const linked = await linkedFolder(nodes, path, (hash) => texts.get(hash));
    const here = linked.unread.filter((hash) => !missing.has(hash));
    if (here.length === 0) return linked;
    const read = await contentsOf(run, here, LINKS_BYTES_MAX);
    for (const [hash, { text }] of read) texts.set(hash, text);
  }
  throw new GitError("too_large", `Cannot follow links in ${path || "."}: they never end`);
}

async function allNodes(run: RunLocal, root: string): Promise<TreeNode[]> {
  const args = ["ls-tree", "-r", "-t", "-z", "--full-tree", root];
  return await treeNodes(await run(args, { outputBytesMax: LIST_BYTES_MAX }));
}

/** Where in a repository a path is. */
interface PathCall {
  readonly root: string;
  readonly path: string;
  readonly place: string;
}

/** The tree of a folder and where it is when links are followed, or what has to be fetched to know; nothing when it is not there. */
type Subtree = { readonly folder: string; readonly path: string } | {
  readonly missing: readonly string[];
};

async function subtree(run: RunLocal, { path, place, root }: PathCall): Promise<Subtree> {
  const [node] = await treeNodes(await run(["ls-tree", "-z", "--full-tree", root, "--", path]));
  if (node?.kind === "folder") return { folder: node.hash, path };
  return await linkedSubtree(run, { path, place, root });
}

/** The same, of a path that is no folder of its own. @throws {GitError} `no_path` when it leads to something else */
async function linkedSubtree(run: RunLocal, { path, place, root }: PathCall): Promise<Subtree> {
  const nodes = await allNodes(run, root);
  const texts = new Map<string, string>();
  for (;;) {
    const end = await linkedPath(nodes, path, (hash) => texts.get(hash));
    if (end === undefined) return { missing: [] };
    if ("folder" in end) {
      const folder = nodes.find((node) => node.path === end.folder && node.kind === "folder");
      return { folder: folder?.hash ?? root, path: end.folder };
    }
    if (!("unread" in end)) throw noFolder(end, { path, place });
    if ((await missingContents(run, root)).has(end.unread)) return { missing: [end.unread] };
    for (const [hash, { text }] of await contentsOf(run, [end.unread], LINKS_BYTES_MAX)) {
      texts.set(hash, text);
    }
  }
}

const LOST = {
  outside: "leads out of the repository; commit what it leads to, or name another path",
  missing: "leads nowhere; name another path",
  cycle: "leads back to a folder that it is in; name that folder",
} as const;

function noFolder(
  end: Exclude<PathEnd, { folder: string } | { unread: string }>,
  { path, place }: Pick<PathCall, "path" | "place">,
): GitError {
  const what = "kind" in end
    ? `it is ${end.kind === "submodule" ? "a submodule" : "a file"}, not a folder`
    : `${end.link === path ? "it" : end.link} is a symbolic link to ${
      JSON.stringify(end.text)
    }, which ` +
      LOST[end.leads];
  return new GitError("no_path", `Cannot read path ${path} of ${place}: ${what}`);
}

function listing(tree: string): string[] {
  return ["ls-tree", "-r", "-z", "--full-tree", tree];
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
