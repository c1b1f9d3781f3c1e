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
  return entries.filter(isIgnoreFile);
}

function isIgnoreFile({ kind, path }: TreeEntry): boolean {
  return kind === "file" && (path === IGNORE_FILE || path.endsWith(`/${IGNORE_FILE}`));
}

/** What decides which manifests are read. */
export interface ReadFilter {
  isRead(path: string): boolean;
  /** Counts what deciding takes. */
  readonly meter: Pick<GlobMeter, "steps">;
}

/** Paths, and steps of comparing them with patterns, before everything else has a turn. */
const PATHS_AT_ONCE = 2_000;
const STEPS_AT_ONCE = 1_000_000;

/** Picks the manifests of a tree. A small repository can have very many entries: now and then everything else has a turn. */
export async function manifestEntries(
  entries: readonly TreeEntry[],
  filter: ReadFilter = { isRead: () => true, meter: { steps: 0 } },
): Promise<Selection> {
  const [read, submodules]: [TreeEntry[], string[]] = [[], []];
  let [leftOut, others, steps] = [0, 0, 0];
  for (const [index, entry] of entries.entries()) {
    if (entry.kind === "submodule") {
      if (filter.isRead(entry.path)) submodules.push(entry.path);
    } else if (!isCandidate(entry)) {
      if (!isIgnoreFile(entry)) others++;
    } else if (filter.isRead(entry.path)) {
      read.push(entry);
    } else {
      leftOut++;
    }
    const taken = filter.meter.steps - steps;
    if ((index + 1) % PATHS_AT_ONCE !== 0 && taken < STEPS_AT_ONCE) continue;
    steps += taken;
    await systemClock.sleep(0);
  }
  return { entries: read, submodules, leftOut, others };
}

/** Whether something is read: manifests, and links that may stand for a folder of them and cannot be followed. */
function isCandidate({ link, path }: TreeEntry): boolean {
  const isLost = link?.leads === "outside" || link?.leads === "cycle";
  return isManifestPath(path) ||
    (isLost && !path.split("/").some((part) => part.startsWith(".")));
}

/**
 * The files among what was taken, and a problem for each symbolic link that cannot be followed. A link to something in the
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
    files: files.filter((file) => file.kind === "file" && file.untakenBytes === undefined)
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
  /** Links that lead to no manifest, and files that are too large. */
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
  const untaken = untakenProblems(ignoreFiles);
  if (untaken.length > 0) return refused(untaken);
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
  const read = await tree.read(selection.entries);
  const linked = linkedFiles(read, tree.root);
  return {
    files: linked.files,
    problems: [...untakenProblems(read).map(named), ...linked.problems],
    selection,
  };
}

/** A problem for each file that is too large to be taken as a text. */
function untakenProblems(files: readonly TreeFile[]): ManifestProblem[] {
  return files.flatMap(({ path, untakenBytes }) =>
    untakenBytes === undefined
      ? []
      : [{ file: path, line: 1, message: fileSizeMessage(untakenBytes) }]
  );
}

/** What to say of a file that has more bytes than a file may. */
export function fileSizeMessage(bytes: number): string {
  return `has ${bytes} bytes, ${MANIFEST_BUDGETS.fileBytes} at most; split it`;
}

/** How much of a path that is too long a message shows. */
const PATH_SHOWN = 100;

function longPathProblem(path: string): ManifestProblem {
  const message = `its path has ${path.length} characters, ${GIT_BUDGETS.pathChars} at most; ` +
    "put it into fewer or shorter folders";
  return { file: `${path.slice(0, PATH_SHOWN)}…`, line: 1, message };
}

/** Picks by patterns. */
async function selectionBy(
  patterns: FilePatterns,
  entries: readonly TreeEntry[],
): Promise<Selection | GlobBudgetError> {
  const meter = new GlobMeter(MANIFEST_BUDGETS.patternSteps);
  try {
    return await manifestEntries(entries, { isRead: fileFilter(patterns, meter), meter });
  } catch (error) {
    if (error instanceof GlobBudgetError) return error;
    throw error;
  }
}

/** A path below a folder, as messages call it. */
function pathIn(root: string, path: string): string {
  if (path === "") return root === "" ? "." : root;
  return root === "" ? path : `${root}/${path}`;
}
