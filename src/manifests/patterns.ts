import { MANIFEST_BUDGETS } from "#base";
import type { ManifestProblem } from "./manifest.ts";
import { type Glob, glob, globMatches, GlobMeter, pathBytes } from "./glob.ts";

/** Name of files that say which files beside and below them are not read; the syntax is that of `.gitignore`. */
export const IGNORE_FILE = ".meshignore";

/** What decides which files are read. */
export interface FilePatterns {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Files named {@linkcode IGNORE_FILE}, with paths from the same folder as the patterns. */
  readonly ignoreFiles?: readonly { readonly path: string; readonly text: string }[];
}

/**
 * Decides which files are read: what `include` names (all without it), less what `exclude` or a `.meshignore` names. As in
 * Git, of several patterns the last that fits decides, a deeper file before one above it, and nothing comes back from below
 * a folder that is left out.
 *
 * The filter throws a {@linkcode GlobBudgetError} when the patterns would take too long.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fileFilter } from "./patterns.ts";
 * const isRead = fileFilter({ include: ["prod/"], exclude: ["*.draft.yaml", "!keep.draft.yaml"] });
 * const paths = ["prod/a.yaml", "prod/b.draft.yaml", "prod/keep.draft.yaml", "test/a.yaml"];
 * assertEquals(paths.filter(isRead), ["prod/a.yaml", "prod/keep.draft.yaml"]);
 * ```
 */
export function fileFilter(
  patterns: FilePatterns,
  meter: GlobMeter = new GlobMeter(MANIFEST_BUDGETS.patternSteps),
): (path: string) => boolean {
  const { exclude = [], ignoreFiles = [], include = [] } = patterns;
  const included = include.length === 0 ? undefined : layer("", include);
  const own = layer("", exclude);
  const files = ignoreFiles.map(({ path, text }) =>
    layer(path.slice(0, -IGNORE_FILE.length), text.replace(/^\uFEFF/, "").split("\n"))
  ).sort((a, b) => b.folder.length - a.folder.length);
  const isIncluded = included === undefined ? () => true : matcher([included], meter);
  const isExcluded = matcher([own], meter);
  const isIgnored = matcher(files, meter);
  // What the spec excludes comes back by no file in the repository.
  return (path) => isIncluded(path) && !isExcluded(path) && !isIgnored(path);
}

/** A problem for a line of patterns that is too long, and for too many of them. */
export function patternProblems(patterns: FilePatterns): ManifestProblem[] {
  const { exclude = [], ignoreFiles = [], include = [] } = patterns;
  const max = MANIFEST_BUDGETS;
  const length = ignoreFiles.reduce((sum, { text }) => sum + text.length, 0);
  if (length > max.ignoreChars) {
    const message = `with the others of its name it has ${length} characters, ` +
      `${max.ignoreChars} at most; use fewer patterns`;
    return [{ file: ignoreFiles[0]?.path ?? "", line: 0, message }];
  }
  const sources = [
    { file: "spec.exclude", lines: exclude },
    { file: "spec.include", lines: include },
    ...ignoreFiles.map(({ path, text }) => ({ file: path, lines: text.split("\n") })),
  ];
  const long = sources.flatMap(({ file, lines }) => {
    const at = lines.findIndex((line) => line.length > max.patternChars);
    const message = `the pattern has ${lines[at]?.length} characters, ${max.patternChars} at most`;
    return at < 0 ? [] : [{ file, line: at + 1, message }];
  });
  const count = sources.reduce((sum, { lines }) => sum + lines.length, 0);
  if (count <= max.patterns) return long;
  const fullest = sources.reduce((a, b) => a.lines.length >= b.lines.length ? a : b);
  const message = `there are ${count} lines of patterns, ${max.patterns} at most; use fewer`;
  return [...long, { file: fullest.file, line: max.patterns, message }];
}

/** Patterns that hold for a folder and what is below it. */
interface Layer {
  /** `""`, or ending with `/`. */
  readonly folder: string;
  /** The last one first: it decides. */
  readonly rules: readonly Rule[];
}

/** One line of patterns. */
interface Rule {
  readonly glob: Glob;
  /** Begins with `!`: what fits comes back. */
  readonly isNegated: boolean;
  /** Ends with a slash: for folders only. */
  readonly isForFolders: boolean;
  /** Without a slash within it: for names in any folder. */
  readonly isForNames: boolean;
}

function layer(folder: string, patterns: readonly string[]): Layer {
  return { folder, rules: patterns.map(trimmed).flatMap(rule).reverse() };
}

/** A line of a file without what does not count at its end: `\r`, and spaces unless a backslash stands before them. */
function trimmed(line: string): string {
  let end = 0;
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") end = Math.min(text.length, ++at + 1);
    else if (text[at] !== " ") end = at + 1;
  }
  return text.slice(0, end);
}

function rule(line: string): Rule[] {
  if (line === "" || line.startsWith("#")) return [];
  const isNegated = line.startsWith("!");
  const whole = isNegated ? line.slice(1) : line;
  const isForFolders = whole.endsWith("/");
  const pattern = isForFolders ? whole.slice(0, -1) : whole;
  const isForNames = !pattern.includes("/");
  if (pattern === "") return [];
  return [{ glob: glob(pattern.replace(/^\//, "")), isNegated, isForFolders, isForNames }];
}

/**
 * Whether patterns name a path or a folder on its way, the deepest layer first. Folders are decided once.
 *
 * @param layers the deepest first
 */
function matcher(layers: readonly Layer[], meter: GlobMeter): (path: string) => boolean {
  const folders = new Map<string, boolean>();
  // From the outermost folder that is not known on: a path can have thousands of them.
  const isFolderMatched = (path: string): boolean => {
    if (layers.length === 0) return false;
    const unknown: string[] = [];
    let folder = path;
    while (folder !== "" && !folders.has(folder)) {
      unknown.push(folder);
      folder = folderOf(folder);
    }
    let isMatched = folders.get(folder) === true;
    for (const inner of unknown.reverse()) {
      isMatched = isMatched || isNamed({ path: inner, isFolder: true }, layers, meter);
      folders.set(inner, isMatched);
    }
    return isMatched;
  };
  return (path) =>
    isFolderMatched(folderOf(path)) || isNamed({ path, isFolder: false }, layers, meter);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** A path that patterns may name. */
interface Place {
  readonly path: string;
  readonly isFolder: boolean;
}

function isNamed(place: Place, layers: readonly Layer[], meter: GlobMeter): boolean {
  meter.count(layers.length);
  for (const { folder, rules } of layers) {
    if (!place.path.startsWith(folder)) continue;
    const own = { ...place, path: place.path.slice(folder.length) };
    const found = lastFit(own, rules, meter);
    if (found !== undefined) return !found.isNegated;
  }
  return false;
}

function lastFit(place: Place, rules: readonly Rule[], meter: GlobMeter): Rule | undefined {
  if (rules.length === 0) return undefined;
  const path = pathBytes(place.path);
  const name = path.subarray(path.lastIndexOf(0x2f) + 1);
  return rules.find(({ glob, isForFolders, isForNames }) =>
    (!isForFolders || place.isFolder) && globMatches(glob, isForNames ? name : path, meter)
  );
}
