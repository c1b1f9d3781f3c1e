import { createHash } from "node:crypto";
import { GIT_BUDGETS, mappedInTurns, systemClock } from "#base";
import {
  ENTRIES_MAX,
  type LinkEnd,
  pathTooLong,
  tooManyFiles,
  type TreeEntry,
  type TreeNode,
} from "./tree.ts";

/** A folder with what links bring into it. */
export interface LinkedFolder {
  /** All entries, those of folders and files that links lead to under the link's own path. */
  readonly entries: readonly TreeEntry[];
  /** Links whose targets have to be read before all of this is known, by the names of their contents. */
  readonly unread: readonly string[];
  /** Differs when something outside of the folder changed that links bring into it; empty when they bring nothing. */
  readonly key: string;
}

/** Files and folders that are looked at before everything else has a turn. */
const TURNS = { each: 2_000, clock: systemClock };

/** Links in a path, one after the other, as on a disk. */
const HOPS_MAX = 40;

/**
 * A folder of a repository with its symbolic links followed inside of the repository: what a link brings from outside of
 * the folder stands under the path of the link. What is not followed stays a link and says why.
 *
 * @param repository all of the repository, in any order
 * @param folder the folder, without slashes at its ends; `""` for all
 * @param textOf what a link says, by the name of its content; undefined when it was not read yet
 * @throws {GitError} `too_large` when it holds too much
 */
export async function linkedFolder(
  repository: readonly TreeNode[],
  folder: string,
  textOf: (hash: string) => string | undefined,
): Promise<LinkedFolder> {
  const walk = await Walk.of(repository, textOf);
  await walk.folder({ from: folder, to: "", tops: [{ from: folder, to: "" }], ways: [] });
  const entries = walk.entries.sort((a, b) => a.path < b.path ? -1 : 1);
  const key = walk.brought.length === 0
    ? ""
    : createHash("sha256").update(walk.brought.sort().join("\n")).digest("hex").slice(0, 40);
  return { entries, unread: [...walk.unread].sort(), key };
}

/** Where a path leads through links. */
export type PathEnd =
  | { readonly folder: string }
  /** It is no folder in the end. */
  | { readonly kind: TreeNode["kind"] }
  /** A link on the way cannot be followed. */
  | {
    readonly link: string;
    readonly text: string;
    readonly leads: "outside" | "missing" | "cycle";
  }
  /** A link on the way has to be read before, by the name of its content. */
  | { readonly unread: string };

/**
 * Where a path in a repository leads when its links are followed; undefined when nothing is there.
 *
 * @param repository all of the repository, in any order
 * @param path without slashes at its ends
 * @param textOf what a link says, by the name of its content; undefined when it was not read yet
 */
export async function linkedPath(
  repository: readonly TreeNode[],
  path: string,
  textOf: (hash: string) => string | undefined,
): Promise<PathEnd | undefined> {
  return (await Walk.of(repository, textOf)).way(path);
}

interface Visit {
  /** The folder in the repository. */
  readonly from: string;
  /** Where its entries go. */
  readonly to: string;
  /** The folders that are read as a whole: the one that was asked for, and those that links lead to; and where to. */
  readonly tops: readonly { readonly from: string; readonly to: string }[];
  /** The folders of the links that lead here. */
  readonly ways: readonly string[];
}

class Walk {
  readonly entries: TreeEntry[] = [];
  readonly unread = new Set<string>();
  /** What came from outside of the folder. */
  readonly brought: string[] = [];
  readonly #nodes = new Map<string, TreeNode>();
  readonly #children = new Map<string, TreeNode[]>();
  readonly #textOf: (hash: string) => string | undefined;
  #steps = 0;

  private constructor(textOf: (hash: string) => string | undefined) {
    this.#textOf = textOf;
  }

  /** Knows where everything is; now and then everything else has a turn. */
  static async of(
    nodes: readonly TreeNode[],
    textOf: (hash: string) => string | undefined,
  ): Promise<Walk> {
    const walk = new Walk(textOf);
    await mappedInTurns(nodes, (node) => walk.#add(node), TURNS);
    return walk;
  }

  #add(node: TreeNode): void {
    if (node.path.length > GIT_BUDGETS.pathChars) throw pathTooLong(node.path);
    this.#nodes.set(node.path, node);
    const parent = parentOf(node.path);
    const known = this.#children.get(parent);
    if (known === undefined) this.#children.set(parent, [node]);
    else known.push(node);
  }

  async folder({ from, to, ...visit }: Visit): Promise<void> {
    for (const node of this.#children.get(from) ?? []) {
      if (++this.#steps > ENTRIES_MAX) throw tooManyFiles();
      if (this.#steps % TURNS.each === 0) await TURNS.clock.sleep(0);
      const path = joined(to, node.path.slice(node.path.lastIndexOf("/") + 1));
      if (path.length > GIT_BUDGETS.pathChars) throw pathTooLong(path);
      if (node.kind === "folder") await this.folder({ from: node.path, to: path, ...visit });
      else if (node.kind === "symlink") await this.#link(node, { from, to: path, ...visit });
      else this.entries.push({ path, kind: node.kind, blob: node.hash });
    }
  }

  async #link(node: TreeNode, { from, to: path, tops, ways }: Visit): Promise<void> {
    const target = this.#target(node, { left: HOPS_MAX });
    if (target === undefined) return;
    const leave = (link: LinkEnd) =>
      this.entries.push({ path, kind: "symlink", blob: node.hash, link });
    if ("leads" in target) {
      leave(target);
      return;
    }
    if (target.kind === "folder" && [...ways, from].some((way) => isWithin(way, target.path))) {
      leave({ leads: "cycle" });
      return;
    }
    const top = tops.find((one) => isWithin(target.path, one.from));
    if (top !== undefined) {
      // Read under its own name.
      const below = target.path.slice(top.from === "" ? 0 : top.from.length + 1);
      leave({ leads: "inside", to: joined(top.to, below) });
      return;
    }
    this.brought.push(`${path} ${target.hash}`);
    if (target.kind !== "folder") {
      this.entries.push({ path, kind: target.kind, blob: target.hash });
      return;
    }
    const visit = { tops: [...tops, { from: target.path, to: path }], ways: [...ways, from] };
    await this.folder({ from: target.path, to: path, ...visit });
  }

  /** Where a path leads. */
  way(path: string): PathEnd | undefined {
    const hops = { left: HOPS_MAX };
    let folder = "";
    for (const part of path.split("/").filter((one) => one !== "")) {
      const node = this.#nodes.get(joined(folder, part));
      if (node === undefined) return undefined;
      const target = node.kind === "symlink" ? this.#target(node, hops) : node;
      if (target === undefined) return { unread: [...this.unread][0] ?? "" };
      const link = { link: node.path, text: this.#textOf(node.hash) ?? "" };
      if ("leads" in target) {
        return { ...link, leads: target.leads === "inside" ? "missing" : target.leads };
      }
      if (target.kind !== "folder") return { kind: target.kind };
      const isBack = node !== target && isWithin(parentOf(node.path), target.path);
      if (isBack) return { ...link, leads: "cycle" };
      folder = target.path;
    }
    return { folder };
  }

  /** What a link leads to in the end; undefined when a link on the way was not read yet. */
  #target(
    link: TreeNode,
    hops: { left: number },
  ): TreeNode | LinkEnd | undefined {
    if (hops.left-- === 0) return { leads: "cycle" };
    const text = this.#textOf(link.hash);
    if (text === undefined) {
      this.unread.add(link.hash);
      return undefined;
    }
    if (text.startsWith("/")) return { leads: "outside" };
    if (text === "" || text.length > LINK_LENGTH_MAX) return { leads: "missing" };
    let at: TreeNode = folderNode(parentOf(link.path));
    for (const part of text.split("/")) {
      if (part === "" || part === ".") continue;
      // Another repository begins there.
      if (at.kind === "submodule") return { leads: "outside" };
      if (at.kind !== "folder") return { leads: "missing" };
      if (part === "..") {
        if (at.path === "") return { leads: "outside" };
        at = folderNode(parentOf(at.path));
        continue;
      }
      const next = this.#nodes.get(joined(at.path, part));
      if (next === undefined) return { leads: "missing" };
      const reached = next.kind === "symlink" ? this.#target(next, hops) : next;
      if (reached === undefined || "leads" in reached) return reached;
      at = reached;
    }
    return at.kind === "folder" ? { ...at, hash: this.#nodes.get(at.path)?.hash ?? "" } : at;
  }
}

/** Longer is no path on any disk. */
const LINK_LENGTH_MAX = 4_096;

function folderNode(path: string): TreeNode {
  return { path, kind: "folder", hash: "" };
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function joined(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** Whether a path is a folder, or stands below it. */
function isWithin(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}
