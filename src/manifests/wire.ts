/**
 * What was read as data only, as it goes from one thread to another: functions stay behind. Lines of fields are found again
 * on the other side, in the text of the file, when somebody asks.
 *
 * @module
 */
import { type KubeObject, MANIFEST_BUDGETS } from "#base";
import { documentPlaces } from "./decode.ts";
import type { Manifest, ManifestFile, ManifestOrigin } from "./manifest.ts";
import { type LineAt, lineIndex } from "./yaml_syntax.ts";

/** Numbers in the memory that both threads see. */
export const STATE = {
  /** 1: the reading is to end. */
  stop: 0,
  /** The file that is read, by its place in the request. */
  file: 1,
  bytes: 2 * Int32Array.BYTES_PER_ELEMENT,
} as const;

/** A manifest without functions. */
export interface PlainManifest {
  readonly object: KubeObject;
  readonly file: string;
  readonly line: number;
  readonly origin?: ManifestOrigin;
  /** Which list of secrets is its own: many manifests share one. */
  readonly secrets?: number;
}

/** Values of a message: it takes a part of a turn of the event loop to unpack so many. */
const VALUES_EACH = 20_000;

/** Longer documents are not looked through for the line of a field: the line of the object has to do. */
const TEXT_LENGTH_MAX = 32 * 1024;

/**
 * Manifests in portions, each small enough to be unpacked between two other things.
 *
 * @param secretsOf the number of a list of secrets
 */
export function* portions(
  manifests: readonly Manifest[],
  secretsOf: (secrets: readonly string[]) => number,
): Generator<PlainManifest[]> {
  let portion: PlainManifest[] = [];
  let values = 0;
  for (const { file, line, object, origin, secrets } of manifests) {
    portion.push({
      object,
      file,
      line,
      ...(origin === undefined ? {} : { origin }),
      ...(secrets === undefined ? {} : { secrets: secretsOf(secrets) }),
    });
    values += valueCount(object);
    if (values < VALUES_EACH) continue;
    yield portion;
    [portion, values] = [[], 0];
  }
  if (portion.length > 0) yield portion;
}

/** Characters of files in one message: it takes a part of a turn of the event loop to pack so many. */
const CHARS_EACH = 4 * 1024 * 1024;

/**
 * Files in portions, each small enough to be packed between two other things. Those after the one that is too much for a
 * revision are left out: reading ends there.
 */
export function* filePortions(files: readonly ManifestFile[]): Generator<ManifestFile[]> {
  let portion: ManifestFile[] = [];
  let [chars, all] = [0, 0];
  for (const file of files) {
    portion.push(file);
    chars += file.text.length;
    all += file.text.length;
    // No text has fewer bytes than characters.
    if (all > MANIFEST_BUDGETS.revisionBytes) break;
    if (chars < CHARS_EACH) continue;
    yield portion;
    [portion, chars] = [[], 0];
  }
  if (portion.length > 0) yield portion;
}

function valueCount(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, one) => sum + valueCount(one), 1);
}

/** Makes manifests of data again. */
export function manifestMaker(
  files: readonly ManifestFile[],
  secretsOf: (index: number) => readonly string[],
): (plain: PlainManifest) => Manifest {
  const sources = new Map(files.map(({ path, text }) => [path, new FileSource(text)]));
  return ({ secrets, ...plain }) => ({
    ...plain,
    lineOf: linesOf(plain, sources.get(plain.file)),
    ...(secrets === undefined ? {} : { secrets: secretsOf(secrets) }),
  });
}

/** Manifests that hold on to nothing but the text of their own file, for who keeps them: lines are looked for in it when asked. */
export function lightManifests(
  manifests: readonly Manifest[],
  files: readonly ManifestFile[],
): Manifest[] {
  const make = manifestMaker(files, () => []);
  return manifests.map(({ file, line, object, origin, secrets }) => ({
    ...make({ object, file, line, ...(origin === undefined ? {} : { origin }) }),
    ...(secrets === undefined ? {} : { secrets }),
  }));
}

/** Looks for lines in a file when asked; holds on to nothing else. */
function linesOf(
  { line, origin }: Pick<PlainManifest, "line" | "origin">,
  source: FileSource | undefined,
): Manifest["lineOf"] {
  if (origin === undefined || source === undefined) return () => line;
  return (path) => source.lineOf(origin, { path, line });
}

/** A file in which lines are looked for. */
class FileSource {
  readonly #text: string;
  #lineAt: LineAt | undefined;
  #last: { readonly offset: number; readonly lineOf: (path: string) => number } | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  lineOf(origin: ManifestOrigin, { line, path }: { path: string; line: number }): number {
    const { base, isJson, length, offset } = origin;
    if (length > TEXT_LENGTH_MAX) return line;
    if (this.#last?.offset !== offset) {
      this.#lineAt ??= lineIndex(this.#text);
      const chunk = { text: this.#text.slice(offset, offset + length), isJson, offset };
      const places = documentPlaces(chunk, { line: origin.line, lineAt: this.#lineAt });
      this.#last = { offset, lineOf: places.lineOf };
    }
    return this.#last.lineOf(base + path);
  }
}
