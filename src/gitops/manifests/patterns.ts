import ignore, { type Ignore } from "ignore";

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
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fileFilter } from "./patterns.ts";
 * const isRead = fileFilter({ include: ["prod/"], exclude: ["*.draft.yaml", "!keep.draft.yaml"] });
 * const paths = ["prod/a.yaml", "prod/b.draft.yaml", "prod/keep.draft.yaml", "test/a.yaml"];
 * assertEquals(paths.filter(isRead), ["prod/a.yaml", "prod/keep.draft.yaml"]);
 * ```
 */
export function fileFilter(patterns: FilePatterns): (path: string) => boolean {
  const { exclude = [], ignoreFiles = [], include = [] } = patterns;
  const included = include.length === 0 ? undefined : rules(include);
  const layers = [
    { folder: "", rules: rules(exclude) },
    ...ignoreFiles.map(({ path, text }) => ({
      folder: path.slice(0, -IGNORE_FILE.length),
      rules: rules(text),
    })).sort((a, b) => a.folder.length - b.folder.length),
  ];
  // What the spec excludes comes back by no file in the repository.
  const [own, ...files] = layers;
  return (path) =>
    (included === undefined || included.ignores(path)) &&
    !isLeftOut(path, own === undefined ? [] : [own]) && !isLeftOut(path, files);
}

interface Layer {
  /** `""`, or ending with `/`. */
  readonly folder: string;
  readonly rules: Ignore;
}

function rules(patterns: string | readonly string[]): Ignore {
  return ignore({ ignorecase: false }).add(patterns);
}

/** Whether patterns leave out a path or a folder on its way; from the shallowest layer to the deepest. */
function isLeftOut(path: string, layers: readonly Layer[]): boolean {
  const parts = path.split("/");
  const ways = parts.map((_part, index) =>
    index < parts.length - 1 ? `${parts.slice(0, index + 1).join("/")}/` : path
  );
  return ways.some((way) => {
    let isOut = false;
    for (const { folder, rules } of layers) {
      if (!way.startsWith(folder) || way === folder) continue;
      const { ignored, unignored } = rules.test(way.slice(folder.length));
      if (ignored) isOut = true;
      else if (unignored) isOut = false;
    }
    return isOut;
  });
}
