import { ANNOTATIONS, type MeshSync } from "#api";
import { contentHash } from "#base";
import type { GitRef, ResolvedRef } from "#git";
import type { Inputs } from "./inputs.ts";
import { holdsKey, holdsOf } from "./quarantine.ts";

/** The part of a spec that changes what is applied, what it refers to, and what is held of it. */
export function specKey(sync: MeshSync, inputs: Pick<Inputs, "key">): string {
  const { url, path, prune: prunes, targetNamespace } = sync.spec;
  const { commonLabels, drift, force, serviceAccountName } = sync.spec;
  return contentHash({
    url,
    path,
    prunes,
    targetNamespace,
    commonLabels,
    ignored: drift?.ignore,
    force,
    serviceAccountName,
    holds: holdsKey(holdsOf(sync)),
    inputs: inputs.key,
  });
}

/** The commit and all of a sync that decides what becomes of it: while it stays, there is nothing to do. */
export function settledKey(
  resolved: ResolvedRef,
  sync: MeshSync,
  inputs: Pick<Inputs, "key">,
): string {
  const allowed = sync.metadata.annotations?.[ANNOTATIONS.allowPrune] ?? "";
  const limit = contentHash([sync.spec.pruneLimit, allowed]);
  // A tag can be signed anew without another commit.
  const place = [resolved.commit, resolved.tagObject ?? "", resolved.name].join(" ");
  return `${place} ${specKey(sync, inputs)} ${limit}`;
}

/** The ref of a sync, without members that say nothing. */
export function refOf(sync: MeshSync): GitRef {
  const given = Object.entries(sync.spec.ref ?? {}).filter(([, value]) => value);
  return Object.fromEntries(given);
}

/** A revision in words: `main@sha1:3fa1c2…`, as Flux writes it. */
export function revisionText(revision: { readonly commit: string; readonly name: string }): string {
  const digest = `${revision.commit.length === 64 ? "sha256" : "sha1"}:${revision.commit}`;
  return revision.name === "commit" ? digest : `${revision.name}@${digest}`;
}
