import { ANNOTATIONS, isComponent, LABELS } from "#api";
import { contentHash, isPlainObject, type KubeObject } from "#base";
import { ADOPTED } from "./applied_mark.ts";

/**
 * For a Function, Source or Sink that the reference operator made for a mesh: what to note on it, and nothing else, so
 * that its pods go on running. Undefined when it is to be applied as a whole.
 *
 * Its spec holds defaults that the reference's webhook wrote and internals that the reference stored (W-4). To take
 * them away would be an edit, and edits restart pods: that waits until the item of the mesh changes, or somebody edits
 * the child itself.
 *
 * @param desired the child as the mesh asks for it, with its hash
 * @param isMeshNew the mesh was edited since somebody last acted on it
 */
export function adoptedChild(
  desired: KubeObject,
  live: KubeObject,
  isMeshNew: boolean,
): KubeObject | undefined {
  if (!isComponent(desired)) return undefined;
  const mark = live.metadata.annotations?.[ANNOTATIONS.appliedHash];
  const wanted = desired.metadata.annotations?.[ANNOTATIONS.appliedHash] ?? "";
  const adopted = `${ADOPTED}${wanted}-${contentHash(unscaled(live.spec))}`;
  const isUntouched = mark === undefined && live.metadata.labels?.[LABELS.mesh] === undefined;
  if (isUntouched ? isMeshNew : mark !== adopted) return undefined;
  const { name, namespace, labels, annotations } = desired.metadata;
  return {
    apiVersion: desired.apiVersion,
    kind: desired.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, [ANNOTATIONS.appliedHash]: adopted },
    },
  };
}

/** Autoscalers change the number, and this program fills it in. */
function unscaled(spec: unknown): unknown {
  if (!isPlainObject(spec)) return spec;
  const { replicas: _replicas, ...rest } = spec;
  return rest;
}
