import { ANNOTATIONS, isComponent, LABELS } from "#api";
import { contentHash, isPlainObject, type KubeObject } from "#base";

/** Starts the mark of a child that was looked at and left as it is; another mark is the hash of what was applied. */
const LEFT = "left-";

/** Starts the mark of an object of which only a part was written since it was applied as a whole. */
const PARTLY = "partly-";

/** Whether this program has applied an object, rather than left it as the reference operator made it. */
export function isApplied(live: KubeObject): boolean {
  const mark = live.metadata.annotations?.[ANNOTATIONS.appliedHash];
  return mark !== undefined && !mark.startsWith(LEFT);
}

/** Whether this program owns all that it ever wrote of an object by its last apply. */
export function isWhollyApplied(live: KubeObject): boolean {
  const mark = live.metadata.annotations?.[ANNOTATIONS.appliedHash];
  return isApplied(live) && mark?.startsWith(PARTLY) !== true;
}

/**
 * A part of an object, to be merged into the live one: with a note that the next apply has to take over what the merge
 * owns. Without that, what this program no longer wants could never be taken away again.
 */
export function withPartlyMark(part: KubeObject, live: KubeObject): KubeObject {
  const mark = live.metadata.annotations?.[ANNOTATIONS.appliedHash];
  if (mark === undefined || !isWhollyApplied(live)) return part;
  const annotations = {
    ...part.metadata.annotations,
    [ANNOTATIONS.appliedHash]: `${PARTLY}${mark}`,
  };
  return { ...part, metadata: { ...part.metadata, annotations } };
}

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
export function leftChild(
  desired: KubeObject,
  live: KubeObject,
  isMeshNew: boolean,
): KubeObject | undefined {
  if (!isComponent(desired)) return undefined;
  const mark = live.metadata.annotations?.[ANNOTATIONS.appliedHash];
  const wanted = desired.metadata.annotations?.[ANNOTATIONS.appliedHash] ?? "";
  const left = `${LEFT}${wanted}-${contentHash(unscaled(live.spec))}`;
  const isUntouched = mark === undefined && live.metadata.labels?.[LABELS.mesh] === undefined;
  if (isUntouched ? isMeshNew : mark !== left) return undefined;
  const { name, namespace, labels, annotations } = desired.metadata;
  return {
    apiVersion: desired.apiVersion,
    kind: desired.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, [ANNOTATIONS.appliedHash]: left },
    },
  };
}

/** Autoscalers change the number, and this program fills it in. */
function unscaled(spec: unknown): unknown {
  if (!isPlainObject(spec)) return spec;
  const { replicas: _replicas, ...rest } = spec;
  return rest;
}
