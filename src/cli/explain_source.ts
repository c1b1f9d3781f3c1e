import { ANNOTATIONS, type MeshSync } from "#api";
import { isPlainObject, type KubeObject } from "#base";
import { lastChange } from "#git";
import { readManifests } from "#manifests";
import { revisionCommit } from "#plan";
import type { SourcePlace } from "#topology";

/**
 * Where an object stands in Git: its file by its annotation, and where a working copy at hand has the applied commit, the
 * line in it and the commit that changed the file last.
 *
 * @returns undefined of an object that no MeshSync wrote
 * @throws {GitError} when Git takes too long
 */
export async function sourcePlace(
  object: KubeObject,
  { checkout, signal, sync }: {
    readonly sync: KubeObject | undefined;
    /** A folder in a working copy. */
    readonly checkout: string;
    readonly signal: AbortSignal;
  },
): Promise<SourcePlace | undefined> {
  const file = object.metadata.annotations?.[ANNOTATIONS.file];
  if (file === undefined) return undefined;
  const commit = revisionCommit((sync as MeshSync | undefined)?.status?.lastAppliedRevision ?? "");
  if (commit === undefined) return { file };
  const change = await lastChange(checkout, { commit, path: file, signal });
  if (change === undefined) return { file };
  const { text, ...rest } = change;
  const line = lineOf(object, { path: file, text });
  return { file, ...(line === undefined ? {} : { line }), change: rest };
}

/** The line where an object begins in its file; undefined where the file says it under another name, by a variable for one. */
function lineOf(
  { kind, metadata }: KubeObject,
  file: { readonly path: string; readonly text: string },
): number | undefined {
  return readManifests([file]).documents.find(({ object }) =>
    object.kind === kind && isPlainObject(object.metadata) && object.metadata.name === metadata.name
  )?.line;
}
