import { fileText, withoutEnd } from "#base";
import {
  glob,
  globMatches,
  GlobMeter,
  isManifestName,
  linkedFiles,
  manifestEntries,
  type ManifestFile,
  type ManifestProblem,
  pathBytes,
} from "#manifests";
import { fileFailure, UsageError } from "./flag.ts";
import { folderTree, workingCopyOf } from "./folder_tree.ts";

/** What one word of a command line names. */
export interface NamedFiles {
  /** As it was typed. */
  readonly word: string;
  readonly isFolder: boolean;
  readonly files: readonly ManifestFile[];
  readonly problems: readonly ManifestProblem[];
}

/** How messages call standard input. */
const STANDARD_INPUT = "stdin";

/**
 * The files that words name. A file is read whatever it is called, `-` is standard input; of a folder, whatever it is
 * called, every `*.yaml`, `*.yml` and `*.json` below it that is not hidden there, through links too. A pattern that the shell
 * left alone is expanded. A file that several words name is read once. In a working copy of a repository links are followed
 * as the loop follows them: one that leads out of it, or in a circle, is a problem.
 *
 * @throws {UsageError} when a word leads nowhere
 */
export async function namedFiles(words: readonly string[]): Promise<NamedFiles[]> {
  const seen = new Map<string, ManifestFile>();
  const named: NamedFiles[] = [];
  for (const word of words) named.push(await filesOf(word, seen));
  return named;
}

/** The files of several words, each once. */
export function distinctFiles(named: readonly Pick<NamedFiles, "files">[]): ManifestFile[] {
  return [
    ...new Map(named.flatMap(({ files }) => files).map((file) => [file.path, file])).values(),
  ];
}

/** The folder that a word names; undefined for anything else. @throws {UsageError} when it leads nowhere */
export async function namedFolder(word: string): Promise<string | undefined> {
  const path = word === "-" ? undefined : await existing(word);
  return path !== undefined && (await Deno.stat(path)).isDirectory ? path : undefined;
}

/**
 * A problem for each word under which there is no object at all: a check that looked at nothing did not pass.
 *
 * @param read what reading all of the files gave
 */
export function emptyProblems(
  named: readonly NamedFiles[],
  read: Record<"documents" | "problems", readonly { readonly file: string }[]>,
): ManifestProblem[] {
  const full = new Set([...read.documents, ...read.problems].map(({ file }) => file));
  return named.filter(({ files, problems }) =>
    problems.length === 0 && !files.some(({ path }) => full.has(path))
  ).map(({ files, isFolder, word }) => {
    const message = files.length > 0
      ? "holds no object; an object has apiVersion, kind and metadata"
      : isFolder
      ? "holds no manifests: no *.yaml, *.yml or *.json that is not hidden is below this folder"
      : "matches no file";
    return { file: word === "-" ? STANDARD_INPUT : word, line: 0, message };
  });
}

async function filesOf(word: string, seen: Map<string, ManifestFile>): Promise<NamedFiles> {
  if (word === "-") {
    const known = seen.get(STANDARD_INPUT) ?? {
      path: STANDARD_INPUT,
      text: fileText(await new Response(Deno.stdin.readable).bytes()),
    };
    seen.set(STANDARD_INPUT, known);
    return { word, isFolder: false, files: [known], problems: [] };
  }
  const path = await existing(word);
  if (path === undefined) return await expanded(word, seen);
  return { word, ...await filesAt(path, seen) };
}

/** The path that a word means, if it is there; undefined for a pattern. Lists from Windows leave a `\r` at its end. */
async function existing(word: string): Promise<string | undefined> {
  const bare = word.replace(/\r?\n?$/, "");
  let failure: unknown;
  for (const path of word === bare ? [word] : [word, bare]) {
    try {
      await Deno.stat(path);
      return path;
    } catch (error) {
      failure = error;
    }
  }
  if (failure instanceof Deno.errors.NotFound && isPattern(word)) return undefined;
  throw unreadable(word, failure);
}

/** Says in a few words why a path cannot be read. */
function unreadable(path: string, failure: unknown): UsageError {
  return new UsageError(`Cannot read ${path}: ${fileFailure(failure)}`, { cause: failure });
}

type Found = Omit<NamedFiles, "word">;

async function filesAt(path: string, seen: Map<string, ManifestFile>): Promise<Found> {
  if (!(await Deno.stat(path)).isDirectory) {
    return { isFolder: false, files: [await fileAt(path, seen)], problems: [] };
  }
  if (await workingCopyOf(path) !== undefined) return await committedFiles(path, seen);
  const walk: Walk = { files: [], folders: new Set(), problems: [], seen };
  await readFolder(path, walk);
  return { isFolder: true, files: walk.files, problems: walk.problems };
}

/** The files of a folder of a working copy that the loop would read once they are committed. */
async function committedFiles(path: string, seen: Map<string, ManifestFile>): Promise<Found> {
  const tree = await folderTree(path);
  const { entries } = await manifestEntries(tree.entries);
  const links = await tree.read(entries.filter(({ kind }) => kind === "symlink"));
  const found = entries.filter(({ kind }) => kind === "file");
  const named = found.map((entry) => ({ ...entry, text: "" }));
  const { problems } = linkedFiles([...named, ...links], tree.root);
  const files: ManifestFile[] = [];
  const folder = withoutEnd(path, "/");
  for (const entry of found) files.push(await fileAt(`${folder}/${entry.path}`, seen));
  return { isFolder: true, files, problems };
}

/** One way through a folder that is in no working copy: links lead wherever they do on the disk. */
interface Walk {
  readonly files: ManifestFile[];
  /** Where it was, so that links in a circle come to an end. */
  readonly folders: Set<string>;
  readonly problems: ManifestProblem[];
  readonly seen: Map<string, ManifestFile>;
}

async function readFolder(folder: string, walk: Walk): Promise<void> {
  const real = await Deno.realPath(folder);
  if (walk.folders.has(real)) return;
  walk.folders.add(real);
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  for (const name of names.filter((name) => !name.startsWith(".") && name !== "node_modules")) {
    await readEntry(`${withoutEnd(folder, "/")}/${name}`, walk);
  }
}

async function readEntry(path: string, walk: Walk): Promise<void> {
  try {
    const { isDirectory, isFile } = await Deno.stat(path);
    if (isDirectory) await readFolder(path, walk);
    else if (isFile && isManifestName(path)) walk.files.push(await fileAt(path, walk.seen));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const target = await Deno.readLink(path);
    const message = `is a symbolic link to ${JSON.stringify(target)}, where nothing is`;
    walk.problems.push({ file: path, line: 0, message });
  }
}

/** Reads a file, under the name by which it was found first. */
async function fileAt(path: string, seen: Map<string, ManifestFile>): Promise<ManifestFile> {
  try {
    const real = await Deno.realPath(path);
    const file = seen.get(real) ?? { path, text: fileText(await Deno.readFile(path)) };
    seen.set(real, file);
    return file;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw error;
    throw unreadable(path, error);
  }
}

function isPattern(word: string): boolean {
  return /[*?[]/.test(word);
}

/** More than any command line names. */
const PATTERN_STEPS_MAX = 20_000_000;

/** What a pattern names that the shell left alone: what is hidden only where it says so, as in a shell. */
async function expanded(word: string, seen: Map<string, ManifestFile>): Promise<NamedFiles> {
  const meter = new GlobMeter(PATTERN_STEPS_MAX);
  let paths = [word.startsWith("/") ? "/" : ""];
  for (const part of word.split("/").filter((part) => part !== "")) {
    paths = (await Promise.all(paths.map((path) => below(path, part, meter)))).flat();
  }
  const found: Found[] = [];
  for (const path of paths) found.push(await filesAt(path, seen));
  return {
    word,
    isFolder: found.some(({ isFolder }) => isFolder),
    files: found.flatMap(({ files }) => files),
    problems: found.flatMap(({ problems }) => problems),
  };
}

/** The paths in a folder (`""`, or ending with `/`) that fit one part of a pattern. */
async function below(folder: string, part: string, meter: GlobMeter): Promise<string[]> {
  const base = folder === "" || folder.endsWith("/") ? folder : `${folder}/`;
  try {
    if (!isPattern(part)) {
      await Deno.stat(`${base}${part}`);
      return [`${base}${part}`];
    }
    const pattern = glob(part);
    const names = (await Array.fromAsync(Deno.readDir(base || "."))).map(({ name }) => name);
    return names.filter((name) =>
      (part.startsWith(".") || !name.startsWith(".")) &&
      globMatches(pattern, pathBytes(name), meter)
    ).sort().map((name) => `${base}${name}`);
  } catch (error) {
    const isElsewhere = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isElsewhere) return [];
    throw error;
  }
}
