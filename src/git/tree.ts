import { fileText, GIT_BUDGETS, MANIFEST_BUDGETS, systemClock } from "#base";
import { GitError } from "./git_error.ts";

/** A file of a revision, as Git stores it. */
export interface TreeEntry {
  /** Path below the folder that was asked for, with `/`. */
  readonly path: string;
  readonly kind: "file" | "symlink" | "submodule";
  /** Name of the content in Git: equal contents have equal names. */
  readonly blob: string;
  /** Of a symbolic link that was not followed, why. */
  readonly link?: LinkEnd;
}

/** Where a symbolic link leads that is not followed. */
export type LinkEnd =
  /** To something in this folder, which is read under its own name. */
  | { readonly leads: "inside"; readonly to: string }
  /** Out of the repository, nowhere, or back to a folder that it is in. */
  | { readonly leads: "outside" | "missing" | "cycle" };

/** One object in a repository: what `git ls-tree -r -t` says of a path. */
export interface TreeNode {
  readonly path: string;
  readonly kind: TreeEntry["kind"] | "folder";
  readonly hash: string;
}

/** A file with its content; of a symbolic link the content is where it points to. */
export interface TreeFile extends TreeEntry, BlobContent {}

/** The content of a blob. */
export interface BlobContent {
  readonly text: string;
  /** Of a content that is too large for a file of manifests, how many bytes it has: its text is not taken. */
  readonly untakenBytes?: number;
}

/** More is no folder of manifests: a small repository can hold very many, as equal folders cost nothing. */
export const ENTRIES_MAX = GIT_BUDGETS.folderFiles;

/**
 * The files of a folder without links, sorted by path.
 *
 * @throws {GitError} `too_large` when there are too many
 */
export function treeEntries(nodes: readonly TreeNode[]): TreeEntry[] {
  if (nodes.length > ENTRIES_MAX) throw tooManyFiles();
  return nodes.flatMap(({ hash, kind, path }) =>
    kind === "folder" ? [] : [{ path, kind, blob: hash }]
  )
    .sort((a, b) => a.path < b.path ? -1 : 1);
}

/** The error for a folder of too many files. */
export function tooManyFiles(): GitError {
  return new GitError("too_large", `Cannot read a folder of more than ${ENTRIES_MAX} files`);
}

/** The error for a path that nobody could check out. */
export function pathTooLong(path: string): GitError {
  const shown = `${path.slice(0, 100)}…`;
  return new GitError(
    "too_large",
    `Cannot read ${shown}: its path has ${path.length} characters, ${GIT_BUDGETS.pathChars} at most`,
  );
}

/** More is not looked through for where links lead. */
const NODES_MAX = GIT_BUDGETS.repositoryEntries;

/** Bytes of contents that become texts before everything else has a turn. */
const BYTES_AT_ONCE = 4 * 1024 * 1024;

/** Lines that are taken apart before everything else has a turn. */
const LINES_AT_ONCE = 4_000;

/**
 * What `git ls-tree -r -t -z` (or without `-t`) lists, with paths from the tree on.
 *
 * @throws {GitError} `too_large` when there is too much
 */
export async function treeNodes(output: Uint8Array): Promise<TreeNode[]> {
  const nodes: TreeNode[] = [];
  for await (const record of records(output, 0)) {
    if (nodes.length >= NODES_MAX) {
      const message = `Cannot look through more than ${NODES_MAX} files and folders`;
      throw new GitError("too_large", message);
    }
    const text = decoder.decode(record);
    const tab = text.indexOf("\t");
    const [mode = "", , hash = ""] = text.slice(0, tab).split(" ");
    nodes.push({ path: text.slice(tab + 1), kind: kindOf(mode), hash });
  }
  return nodes;
}

const decoder = new TextDecoder();

/** The parts of an output between two of the same bytes, without empty ones; now and then everything else has a turn. */
export async function* records(
  output: Uint8Array,
  separator: number,
): AsyncGenerator<Uint8Array> {
  let count = 0;
  for (let at = 0; at < output.length;) {
    const found = output.indexOf(separator, at);
    const end = found < 0 ? output.length : found;
    if (end > at) yield output.subarray(at, end);
    at = end + 1;
    if (++count % LINES_AT_ONCE === 0) await systemClock.sleep(0);
  }
}

function kindOf(mode: string): TreeNode["kind"] {
  if (mode === "120000") return "symlink";
  if (mode === "040000") return "folder";
  return mode === "160000" ? "submodule" : "file";
}

/**
 * The contents in an answer of `git cat-file --batch`, by blob name.
 *
 * @throws {GitError} when a content is not there or the answer is cut off
 */
export async function batchContents(output: Uint8Array): Promise<Map<string, BlobContent>> {
  let turnAt = 0;
  const contents = new Map<string, BlobContent>();
  for (let at = 0; at < output.length;) {
    const lineEnd = output.indexOf(10, at);
    if (lineEnd < 0) {
      throw new GitError("failed", "Cannot read files from the cache: answer cut off");
    }
    const [blob = "", type = "", size = ""] = decoder.decode(output.subarray(at, lineEnd)).split(
      " ",
    );
    if (type !== "blob") {
      throw new GitError("failed", `Cannot read file content ${blob} from the cache: ${type}`);
    }
    const start = lineEnd + 1;
    const end = start + Number(size);
    contents.set(blob, blobContent(output.subarray(start, end)));
    at = end + 1;
    if (at - turnAt < BYTES_AT_ONCE) continue;
    turnAt = at;
    await systemClock.sleep(0);
  }
  return contents;
}

function blobContent(bytes: Uint8Array): BlobContent {
  if (bytes.length > MANIFEST_BUDGETS.fileBytes) return { text: "", untakenBytes: bytes.length };
  return { text: fileText(bytes) };
}

/**
 * A folder in a repository, without `.`, doubled and outer slashes; `""` is the root.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { folderPath } from "#git";
 * assertEquals(folderPath("./meshes//prod/"), "meshes/prod");
 * assertEquals(folderPath("."), "");
 * assertThrows(() => folderPath("../other"), Error, "leaves the repository");
 * ```
 * @throws {GitError} when it leads out of the repository
 */
export function folderPath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new GitError(
      "no_path",
      `Cannot read path ${JSON.stringify(path)}: it leaves the repository`,
    );
  }
  return parts.join("/");
}
