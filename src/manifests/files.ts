import type { MeshSync } from "#api";
import { GIT_BUDGETS, MANIFEST_BUDGETS, systemClock } from "#base";
import type { TreeEntry, TreeFile } from "#git";
import type { ManifestFile, ManifestProblem } from "./manifest.ts";
import { GlobBudgetError, GlobMeter } from "./glob.ts";
import { fileFilter, type FilePatterns, IGNORE_FILE, patternProblems } from "./patterns.ts";

/** Whether a file is called as manifests are: `*.yaml`, `*.yml` or `*.json`. */
export function isManifestName(name: string): boolean {
  return /\.(ya?ml|json)$/i.test(name);
}

/**
 * Whether a file below a folder that somebody named is read as manifests: by its name, and when nothing on the way from that
 * folder is hidden (`.github/…`). What is named itself is read, whatever it is called.
 *
 * @param path from the folder on
 */
export function isManifestPath(path: string): boolean {
  return isManifestName(path) && !path.split("/").some((part) => part.startsWith("."));
}

/** What of a tree was not read. */
export interface PassedOver {
  /** Submodules: other repositories. */
  readonly submodules: readonly string[];
  /** How many manifests patterns leave out. */
  readonly leftOut: number;
  /** How many files are no manifests by their name. */
  readonly others: number;
}

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
  const files = entries.filter(({ kind }) => kind !== "submodule");
  const others = files.filter((entry) => !isCandidate(entry));
  const manifests = files.filter(isCandidate);
  const read = manifests.filter((entry) => isRead(entry.path));
  return {
    entries: read,
    submodules: entries.filter(({ kind, path }) => kind === "submodule" && isRead(path))
      .map((entry) => entry.path),
    leftOut: manifests.length - read.length,
    others: others.length - ignoreEntries(others).length,
  };
}

/** Whether something is read: manifests, and links that may stand for a folder of them and cannot be followed. */
function isCandidate({ link, path }: TreeEntry): boolean {
  const isLost = link?.leads === "outside" || link?.leads === "cycle";
  return isManifestPath(path) ||
    (isLost && !path.split("/").some((part) => part.startsWith(".")));
}

/**
 * The files among what was read, and a problem for each symbolic link that cannot be followed. A link to something in the
 * folder needs nothing: that is read under its own name.
 *
 * @param root the folder in the repository, for messages
 */
export function linkedFiles(
  files: readonly TreeFile[],
  root: string,
): { readonly files: ManifestFile[]; readonly problems: ManifestProblem[] } {
  const named = (path: string) => pathIn(root, path);
  const there = new Set(files.map((file) => file.path));
  const sorted = [...there].sort();
  const links = files.filter((file) => file.kind === "symlink");
  const lost = links.flatMap((link) => {
    const problem = linkProblem(link, there, sorted);
    return problem === undefined ? [] : [{ link, problem }];
  });
  return {
    files: files.filter((file) => file.kind === "file")
      .map(({ path, text }) => ({ path: named(path), text })),
    problems: lost.map(({ link, problem }) => ({
      file: named(link.path),
      line: 1,
      message: `is a symbolic link to ${JSON.stringify(link.text)}, which ${problem}`,
    })),
  };
}

/** Why a link cannot be followed, and what to do; undefined where it leads to a manifest that is read, or to a folder. */
function linkProblem(
  entry: TreeFile,
  there: ReadonlySet<string>,
  sorted: readonly string[],
): string | undefined {
  const { link, path } = entry;
  switch (link?.leads) {
    case "outside":
      return "leads out of the repository; commit what it leads to, or leave it out by spec.exclude";
    case "cycle":
      return "leads back to a folder that it is in; remove it, or leave it out by spec.exclude";
    case "missing":
      return "leads nowhere; commit the file itself";
    case "inside": {
      // A folder can be called like a file, too: what is in it is read under its own name.
      const isFolder = isFolderOf(sorted, link.to);
      return there.has(link.to) || isFolder || !isManifestPath(path) ? undefined : NO_MANIFEST;
    }
    case undefined: {
      const target = linkTarget(entry);
      return target !== undefined && there.has(target) ? undefined : NO_MANIFEST;
    }
    default:
      return link satisfies never;
  }
}

/** Whether one of many paths, which are sorted, is below a folder. */
function isFolderOf(sorted: readonly string[], folder: string): boolean {
  const prefix = `${folder}/`;
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? "") < prefix) low = middle + 1;
    else high = middle;
  }
  return sorted[low]?.startsWith(prefix) === true;
}

const NO_MANIFEST = "is no manifest below this path; commit the file itself";

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

/**
 * Picks and reads the manifests of a folder, by the patterns of the spec and the `.meshignore` files in it. Over the budget
 * of {@linkcode MANIFEST_BUDGETS} there are problems in place of files.
 */
export async function selectedFiles(
  tree: FileTree,
  spec: Pick<MeshSync["spec"], "exclude" | "include">,
): Promise<SelectedFiles> {
  const named = (problem: ManifestProblem) => ({
    ...problem,
    file: problem.file.startsWith("spec.") ? problem.file : pathIn(tree.root, problem.file),
  });
  const refused = (problems: readonly ManifestProblem[]): SelectedFiles => ({
    files: [],
    problems: problems.map(named),
    selection: { entries: [], submodules: [], leftOut: 0, others: 0 },
  });
  const long = tree.entries.find(({ path }) => path.length > GIT_BUDGETS.pathChars);
  if (long !== undefined) return refused([longPathProblem(long.path)]);
  const ignoreFiles = await tree.read(ignoreEntries(tree.entries));
  const { exclude = [], include = [] } = spec;
  const patterns = { exclude, ignoreFiles, include };
  const unread = patternProblems(patterns);
  if (unread.length > 0) return refused(unread);
  const selection = await selectionBy(patterns, tree.entries);
  if (selection instanceof GlobBudgetError) {
    const file = ignoreFiles[0]?.path ?? (exclude.length > 0 ? "spec.exclude" : "spec.include");
    return refused([{ file, line: 1, message: selection.message }]);
  }
  const { files: filesMax } = MANIFEST_BUDGETS;
  if (selection.entries.length > filesMax) {
    const message = `there are ${selection.entries.length} manifest files below this folder, ` +
      `${filesMax} at most; give parts of them to MeshSyncs of their own`;
    return { ...refused([{ file: "", line: 0, message }]), selection };
  }
  const linked = linkedFiles(await tree.read(selection.entries), tree.root);
  return { files: linked.files, problems: linked.problems, selection };
}

/** How much of a path that is too long a message shows. */
const PATH_SHOWN = 100;

function longPathProblem(path: string): ManifestProblem {
  const message = `its path has ${path.length} characters, ${GIT_BUDGETS.pathChars} at most; ` +
    "put it into fewer or shorter folders";
  return { file: `${path.slice(0, PATH_SHOWN)}…`, line: 1, message };
}

/** Compares paths with patterns: now and then everything else has a turn. */
async function selectionBy(
  patterns: FilePatterns,
  entries: readonly TreeEntry[],
): Promise<Selection | GlobBudgetError> {
  const meter = new GlobMeter(MANIFEST_BUDGETS.patternSteps);
  const isRead = fileFilter(patterns, meter);
  const read = new Set<string>();
  let [paths, steps] = [0, 0];
  try {
    for (const entry of entries) {
      if (entry.kind !== "submodule" && !isCandidate(entry)) continue;
      if (isRead(entry.path)) read.add(entry.path);
      if (++paths % PATHS_AT_ONCE !== 0 && meter.steps - steps < STEPS_AT_ONCE) continue;
      steps = meter.steps;
      await systemClock.sleep(0);
    }
  } catch (error) {
    if (error instanceof GlobBudgetError) return error;
    throw error;
  }
  return manifestEntries(entries, (path) => read.has(path));
}

const PATHS_AT_ONCE = 5_000;
const STEPS_AT_ONCE = 1_000_000;

/** A path below a folder, as messages call it. */
function pathIn(root: string, path: string): string {
  if (path === "") return root === "" ? "." : root;
  return root === "" ? path : `${root}/${path}`;
}
