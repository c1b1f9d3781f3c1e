import { ANNOTATIONS } from "#api";
import type { KubeObject } from "#base";

/** Starts the mark of a child that was looked at and left as it is; another mark is the hash of what was applied. */
export const ADOPTED = "left-";

/** Starts the mark of an object of which only a part was written since it was applied as a whole. */
const PARTLY = "partly-";

/** Whether this program has applied an object, rather than left it as the reference operator made it. */
export function isApplied(live: KubeObject): boolean {
  const mark = live.metadata.annotations?.[ANNOTATIONS.appliedHash];
  return mark !== undefined && !mark.startsWith(ADOPTED);
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
