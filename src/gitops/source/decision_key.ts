/** What decides what is applied of a commit, as one text each: while it stays, there is nothing to do. Pure. */
import { ANNOTATIONS, type MeshSync } from "#api";
import { contentHash } from "#base";
import type { ResolvedRef, Revision } from "#git";
import { quarantineKey, quarantinesOf } from "../rollback.ts";
import type { Inputs } from "./remote.ts";

/** The part of a spec that changes what is applied, what it refers to, and what is in quarantine. */
function specKey(sync: MeshSync, inputs: Pick<Inputs, "key">): string {
  const { commonLabels, drift, force, path, prune, serviceAccountName, targetNamespace, url } =
    sync.spec;
  return contentHash({
    url,
    path,
    prune,
    targetNamespace,
    commonLabels,
    drift,
    force,
    serviceAccountName,
    quarantined: quarantineKey(quarantinesOf(sync)),
    inputs: inputs.key,
  });
}

/** The content of a commit and all that decides what is applied of it. */
export function contentKey(
  revision: Pick<Revision, "tree">,
  sync: MeshSync,
  inputs: Pick<Inputs, "key">,
): string {
  return `${revision.tree} ${specKey(sync, inputs)}`;
}

/** The commit and all that decides what becomes of it and is said of it: while it stays, there is nothing to do. */
export function decisionKey(
  resolved: ResolvedRef,
  sync: MeshSync,
  inputs: Pick<Inputs, "key">,
): string {
  const allowed = sync.metadata.annotations?.[ANNOTATIONS.allowPrune] ?? "";
  // A tag can be signed anew without another commit; one that is passed over is told as soon as it is there.
  const limit = contentHash([sync.spec.pruneLimit, allowed, resolved.versions ?? []]);
  const place = [resolved.commit, resolved.tagObject ?? "", resolved.name].join(" ");
  return `${place} ${specKey(sync, inputs)} ${limit}`;
}
