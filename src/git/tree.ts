import { fileText } from "#base";
import { GitError } from "./git_error.ts";

/** A file of a revision, as Git stores it. */
export interface TreeEntry {
  /** Path below the folder that was asked for, with `/`. */
  readonly path: string;
  readonly kind: "file" | "symlink" | "submodule";
  /** Name of the content in Git: equal contents have equal names. */
  readonly blob: string;
}

/** A file with its content; of a symbolic link the content is where it points to. */
export interface TreeFile extends TreeEntry {
  readonly text: string;
}

const NUL = "\0";

/** The entries of `git ls-tree -r -z`, sorted by path. */
export function treeEntries(output: Uint8Array): TreeEntry[] {
  const records = new TextDecoder().decode(output).split(NUL).filter((record) => record !== "");
  return records.map((record) => {
    const tab = record.indexOf("\t");
    const [mode = "", , blob = ""] = record.slice(0, tab).split(" ");
    return { path: record.slice(tab + 1), kind: kindOf(mode), blob };
  }).sort((a, b) => a.path < b.path ? -1 : 1);
}

function kindOf(mode: string): TreeEntry["kind"] {
  if (mode === "120000") return "symlink";
  return mode === "160000" ? "submodule" : "file";
}

/**
 * The contents in an answer of `git cat-file --batch`, by blob name.
 *
 * @throws {GitError} when a content is not there or the answer is cut off
 */
export function batchContents(output: Uint8Array): Map<string, string> {
  const contents = new Map<string, string>();
  const decoder = new TextDecoder();
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
    contents.set(blob, fileText(output.subarray(start, start + Number(size))));
    at = start + Number(size) + 1;
  }
  return contents;
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
