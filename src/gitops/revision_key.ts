import { ANNOTATIONS, type MeshSync } from "#api";
import { contentHash } from "#base";
import type { ResolvedRef } from "#git";
import { holdsKey, holdsOf } from "./quarantine.ts";
import type { Inputs } from "./source/remote.ts";

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
