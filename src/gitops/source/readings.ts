import type { MeshSync } from "#api";
import { contentHash, keyOf, keyText, MANIFEST_BUDGETS, type ObjectKey } from "#base";
import {
  duplicateProblems,
  type Kinds,
  lightManifests,
  type Manifest,
  type ManifestFile,
  type ReadInputs,
  type ReadManifests,
  type TargetObject,
} from "#manifests";

/** What files are read with. */
type Inputs = ReadInputs & {
  /** Differs when any of it does. */
  readonly key: string;
};

/** One file, and what reading made of it. */
interface KnownFile {
  readonly text: string;
  readonly manifests: readonly Manifest[];
}

/** What reading a revision of one sync came to, all of it well. */
interface Reading {
  /** All that decides what becomes of a text besides itself. */
  readonly key: string;
  readonly files: ReadonlyMap<string, KnownFile>;
  readonly chars: number;
  /** Values in all files: never less than there are. */
  readonly nodes: number;
  targets: { readonly key: string; readonly of: WeakMap<Manifest, TargetObject> };
}

/** Characters of the files of one sync, and of all syncs, that are remembered: manifests of a few thousand objects. */
const SYNC_CHARS_MAX = 6 * 1024 * 1024;
const ALL_CHARS_MAX = 16 * 1024 * 1024;

/**
 * What was read of syncs last, file by file: of a new commit only the files that it changed are parsed, validated and hashed.
 *
 * # Guarantees
 * - All of it may be dropped at any moment. A file counts as unchanged when its text is the same, and with it the MeshSync's
 *   uid and spec, and what that refers to.
 * - Nothing is remembered of what was decrypted, or into which values of the cluster were put, nor of a revision with a
 *   problem. Where anything is wrong with what changed, the whole revision is read.
 */
export class Readings {
  readonly #known = new Map<string, Reading>();

  /** What all files say, where only some of them have to be read for it; undefined where all have to be. */
  async changed(
    files: readonly ManifestFile[],
    { inputs, read, sync }: {
      readonly sync: MeshSync;
      readonly inputs: Inputs;
      readonly read: (files: readonly ManifestFile[]) => Promise<ReadManifests>;
    },
  ): Promise<ReadManifests | undefined> {
    const before = this.#known.get(keyText(keyOf(sync)));
    if (before?.key !== readingKey(sync, inputs)) return undefined;
    const fresh = files.filter(({ path, text }) => before.files.get(path)?.text !== text);
    if (fresh.length > files.length / 2) return undefined;
    const found = fresh.length === 0 ? NOTHING_READ : await read(fresh);
    if (found.problems.length > 0 || found.nodes === undefined) return undefined;
    const nodes = before.nodes + found.nodes;
    const changed = Map.groupBy(found.documents, ({ file }) => file);
    const news = new Set(fresh.map(({ path }) => path));
    const documents = sorted(files).flatMap(({ path }) =>
      news.has(path) ? changed.get(path) ?? [] : before.files.get(path)?.manifests ?? []
    );
    const isTooMuch = nodes > MANIFEST_BUDGETS.revisionNodes ||
      documents.length > MANIFEST_BUDGETS.objects || charsOf(files) > SYNC_CHARS_MAX;
    if (isTooMuch || duplicateProblems(documents).length > 0) return undefined;
    return { documents, problems: [], warnings: found.warnings, nodes };
  }

  /** Remembers what was read, in place of what was before. @returns the manifests to go on with */
  remember(
    files: readonly ManifestFile[],
    { documents, nodes, problems }: ReadManifests,
    { inputs, sync }: { readonly sync: MeshSync; readonly inputs: Inputs },
  ): readonly Manifest[] {
    const id = keyText(keyOf(sync));
    const before = this.#known.get(id);
    this.#known.delete(id);
    const chars = charsOf(files);
    const isKept = problems.length === 0 && nodes !== undefined && chars <= SYNC_CHARS_MAX &&
      inputs.variables === undefined && inputs.identities === undefined;
    if (!isKept) return documents;
    const known = new Set(before === undefined ? [] : manifestsIn(before));
    const fresh = documents.filter((manifest) => !known.has(manifest));
    const light = new Map(lightManifests(fresh, files).map((one, at) => [fresh[at], one]));
    const kept = documents.map((manifest) => light.get(manifest) ?? manifest);
    const byFile = Map.groupBy(kept, ({ file }) => file);
    this.#known.set(id, {
      key: readingKey(sync, inputs),
      files: new Map(
        files.map(({ path, text }) => [path, { text, manifests: byFile.get(path) ?? [] }]),
      ),
      chars,
      nodes,
      targets: before?.targets ?? { key: "", of: new WeakMap() },
    });
    this.#bound();
    return kept;
  }

  /** The object that a manifest was for a sync, and is still; what is not known is made. */
  targetsOf(
    sync: MeshSync,
    { inputs, kinds }: { readonly inputs: Inputs; readonly kinds: Kinds },
    make: (manifest: Manifest) => TargetObject,
  ): (manifest: Manifest) => TargetObject {
    const reading = this.#known.get(keyText(keyOf(sync)));
    if (reading === undefined) return make;
    const key = contentHash([
      readingKey(sync, inputs),
      [...kinds.served].sort(byName),
      [...kinds.defined].sort(byName),
    ]);
    if (reading.targets.key !== key) reading.targets = { key, of: new WeakMap() };
    const { of } = reading.targets;
    return (manifest) => {
      const target = of.get(manifest) ?? make(manifest);
      of.set(manifest, target);
      return target;
    };
  }

  /** Drops what is known of a sync. */
  forget(key: ObjectKey): void {
    this.#known.delete(keyText(key));
  }

  /** Drops what was read longest ago, while there is too much. */
  #bound(): void {
    let chars = [...this.#known.values()].reduce((sum, reading) => sum + reading.chars, 0);
    for (const [id, reading] of this.#known) {
      if (chars <= ALL_CHARS_MAX) return;
      this.#known.delete(id);
      chars -= reading.chars;
    }
  }
}

const NOTHING_READ: ReadManifests = { documents: [], problems: [], warnings: [], nodes: 0 };

function readingKey(sync: MeshSync, inputs: Inputs): string {
  const { name, namespace, uid } = sync.metadata;
  return contentHash([uid, namespace, name, sync.spec, inputs.key]);
}

function manifestsIn({ files }: Reading): Manifest[] {
  return [...files.values()].flatMap(({ manifests }) => manifests);
}

function charsOf(files: readonly ManifestFile[]): number {
  return files.reduce((sum, { text }) => sum + text.length, 0);
}

function sorted(files: readonly ManifestFile[]): ManifestFile[] {
  return [...files].sort((a, b) => a.path < b.path ? -1 : 1);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
