import { sameJson, withoutEnd } from "#base";
import { type ImportedFile, REPORT_FILE } from "#import";
import { readManifests } from "#manifests";
import { yamlStream } from "./crds.ts";
import { fileFailure, UsageError } from "./flag.ts";

/** What was written. */
export interface WrittenFolder {
  /** Files that were there before, and are of no component any more. */
  readonly others: readonly string[];
}

/** A folder that holds something already. */
interface Standing {
  readonly names: readonly string[];
}

/**
 * Looks whether the folder can take an import, before anything is asked for: it is not there, is empty, or holds an earlier
 * import that is to be written over.
 *
 * @throws {UsageError}
 */
export async function checkFolder(path: string, isOverwriting: boolean): Promise<void> {
  const standing = await standingFolder(path);
  if (standing.names.length === 0) return;
  if (!isOverwriting) {
    throw new UsageError(
      `Cannot write to ${path}: it holds something; name a new folder, or --overwrite an earlier import`,
    );
  }
  if (!standing.names.includes(REPORT_FILE)) {
    throw new UsageError(
      `Cannot overwrite ${path}: it holds no ${REPORT_FILE}, so it is no earlier import; name another folder`,
    );
  }
}

/** Writes all files, or none: a new folder appears whole, and a file of an earlier import is replaced as a whole. */
export async function writeFolder(
  path: string,
  files: readonly ImportedFile[],
): Promise<WrittenFolder> {
  const texts = files.map((file) => ({ name: file.name, text: fileText(file) }));
  const target = withoutEnd(path, "/") || path;
  const { names: before } = await standingFolder(target);
  try {
    const parent = target.includes("/") ? target.slice(0, target.lastIndexOf("/")) || "/" : ".";
    await Deno.mkdir(parent, { recursive: true });
    const draft = await Deno.makeTempDir({ dir: parent, prefix: ".meshwright-import-" });
    try {
      // Whoever may read the folder beside it may read this one.
      await Deno.chmod(draft, 0o755);
      for (const { name, text } of texts) {
        await Deno.writeTextFile(`${draft}/${name}`, text, { createNew: true });
      }
      await moveInPlace(draft, target, { names: texts.map(({ name }) => name), before });
    } finally {
      await removed(draft);
    }
  } catch (error) {
    throw new Error(`Cannot write to ${path}: ${writeFailure(error)}`, { cause: error });
  }
  const written = new Set(files.map(({ name }) => name));
  return { others: before.filter((name) => !written.has(name)).sort() };
}

async function moveInPlace(
  draft: string,
  target: string,
  { before, names }: { readonly names: readonly string[]; readonly before: readonly string[] },
): Promise<void> {
  if (before.length === 0) return await Deno.rename(draft, target);
  // The report last: it is what says that the folder is an import.
  for (
    const name of [...names].sort((a, b) => Number(a === REPORT_FILE) - Number(b === REPORT_FILE))
  ) {
    await Deno.rename(`${draft}/${name}`, `${target}/${name}`);
  }
}

async function removed(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    // It is in its place.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function standingFolder(path: string): Promise<Standing> {
  try {
    return { names: (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { names: [] };
    throw new UsageError(`Cannot write to ${path}: ${fileFailure(error)}`, { cause: error });
  }
}

function writeFailure(error: unknown): string {
  const isRefused = error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable;
  return isRefused
    ? "it may not be written to; the compiled program writes below the system's temporary folder only"
    : fileFailure(error);
}

/** A manifest as YAML that reads as what it is; a text as it is. */
function fileText({ content }: ImportedFile): string {
  if (typeof content === "string") return content;
  const yaml = `${yamlStream([content])}\n`;
  const [read] = readManifests([{ path: "import.yaml", text: yaml }]).documents;
  // Texts that other readers of YAML take for something else are safe in JSON, which is YAML too.
  return sameJson(read?.object, content) ? yaml : `${JSON.stringify(content, null, 2)}\n`;
}
