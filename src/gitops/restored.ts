import { errorText, isAbort, keyOf } from "#base";
import { entryKey, ignoredPaths } from "#plan";
import { eachOf } from "./context.ts";
import { followedTypes } from "./execute.ts";
import { loadInventory } from "./inventory_store.ts";
import type { AppliedObject } from "./memory.ts";
import { revisionParts } from "./source/revision.ts";
import { HASH_ANNOTATION, type TargetObject } from "./manifests/target.ts";
import { liveObject } from "./planned.ts";
import { withHolds } from "./quarantine.ts";
import { type Found, readRevision } from "./revision.ts";
import { logName, type Step } from "./step.ts";

/**
 * Remembers what was applied before a program restarted, while a newer revision is held back or waits: so that what runs
 * is still looked after. It is read from Git anew; an object counts when the cluster holds it as it was applied then (or
 * lost it), as the spec may have changed since.
 */
export async function rememberApplied(found: Found, step: Step): Promise<void> {
  const { sync, ctx } = step;
  const { name = "", commit } = revisionParts(sync.status?.lastAppliedRevision);
  const isKnown = ctx.memory.applied(keyOf(sync)).size > 0;
  if (isKnown || commit === undefined || commit === found.revision.commit) return;
  try {
    const path = sync.spec.path || ".";
    const call = { path, signal: ctx.signal };
    const revision = await ctx.git.fetchRevision(found.remote, { commit, name }, call);
    if (revision.tree === undefined) return;
    const before = { ...found, revision };
    const read = await readRevision(before, step);
    if (read.problems.length > 0) return;
    const { objects } = await withHolds(read.objects, before, step);
    ctx.memory.setApplied(keyOf(sync), await stillApplied(objects, step));
    ctx.memory.suspectAll(keyOf(sync));
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    ctx.log.warn("Cannot read what was applied before; changes by others stay for now", {
      sync: logName(sync),
      revision: sync.status?.lastAppliedRevision,
      error: errorText(error),
    });
  }
}

async function stillApplied(
  objects: readonly TargetObject[],
  { sync, ctx }: Step,
): Promise<AppliedObject[]> {
  await ctx.follow?.(followedTypes(objects));
  const owned = new Set((await loadInventory(sync, ctx)).map(({ id }) => id));
  const looked = await eachOf(objects, async (wanted) => {
    const { hash, id, object, secrets = [], type } = wanted;
    if (type === undefined) return [];
    const target = { hash, id, known: undefined, object, secrets, type };
    const live = await liveObject(target, { sync, ctx });
    const isSame = live === undefined
      ? owned.has(entryKey(id))
      : live.metadata.annotations?.[HASH_ANNOTATION] === hash;
    const resourceVersion = live?.metadata.resourceVersion;
    const ignored = ignoredPaths(object, sync.spec.drift?.ignore ?? []);
    return isSame ? [{ hash, id, ignored, object, resourceVersion, secrets }] : [];
  });
  return looked.flat();
}
