import { FINALIZERS, type MeshSync, type MeshSyncStatus, resourceOf } from "#api";
import { idOf, type JsonObject, keyOf, keyText, sameJson } from "#base";
import { isConflict, isNotFound, NoAnswerError } from "#kube";
import { statusPatch } from "#plan";
import type { SyncContext } from "./context.ts";
import { discreetStatus } from "./discreet.ts";
import { withAuthority } from "./stated_authority.ts";

/** The field manager of status writes. */
const STATUS_MANAGER = "meshwright-status";
/** The field manager of the finalizer. */
const FINALIZER_MANAGER = "meshwright-finalizer";

/** The MeshSync is not there any longer, or somebody changed it: what this pass knows of it is worth nothing. */
export class LostSyncError extends Error {
  override readonly name = "LostSyncError";
  readonly isGone: boolean;
  constructor(sync: MeshSync, isGone: boolean) {
    const state = isGone ? "it does not exist any longer" : "somebody changed it meanwhile";
    super(`Cannot go on with MeshSync ${keyText(keyOf(sync))}: ${state}`);
    this.isGone = isGone;
  }
}

/** Members of the status that passes build on. */
const BASIS = [
  "inventory",
  "inventoryParts",
  "lastAppliedRevision",
  "lastHealthyRevision",
  "quarantined",
  "trials",
] as const;

/** Whether two forms of a sync say the same of all that passes build on. */
export function hasSameBasis(one: MeshSync, other: MeshSync): boolean {
  return BASIS.every((member) =>
    sameJson(one.status?.[member] ?? null, other.status?.[member] ?? null)
  );
}

/**
 * Asks whether a sync is still there, where nothing of it is written before objects are: planning takes its time. Its
 * status has to be what the pass builds on: where the storage was set back, objects would come that no inventory holds.
 *
 * @throws {LostSyncError} where it is not so
 */
export async function confirmSync(sync: MeshSync, ctx: SyncContext): Promise<void> {
  const live = await liveSync(sync, ctx);
  if (live === undefined || live.metadata.uid !== sync.metadata.uid) {
    throw new LostSyncError(sync, true);
  }
  stopDeleted(live, ctx);
  if (hasSameBasis(live, sync)) return;
  remember(live, ctx);
  throw new LostSyncError(sync, false);
}

/** @throws {LostSyncError} where a sync is on its way out */
export function stopDeleted(live: MeshSync, ctx: SyncContext): void {
  if (live.metadata.deletionTimestamp === undefined) return;
  remember(live, ctx);
  throw new LostSyncError(live, false);
}

async function liveSync(sync: MeshSync, ctx: SyncContext): Promise<MeshSync | undefined> {
  return await ctx.cluster.get(resourceOf("MeshSync"), keyOf(sync), ctx.signal) as
    | MeshSync
    | undefined;
}

/**
 * Writes a status if it differs, and answers the sync as it is then. Only over the very status that this pass began with:
 * where somebody changed nothing but other members of the sync, it is written all the same.
 *
 * @throws {LostSyncError} where the sync is gone, or its status is another one
 */
export async function writeStatus(
  sync: MeshSync,
  wanted: MeshSyncStatus,
  ctx: SyncContext,
): Promise<MeshSync> {
  const status = withAuthority(discreetStatus(wanted, ctx), sync, ctx);
  const patch = statusPatch(sync.status, status);
  if (patch === undefined) return sync;
  let base = sync;
  for (let attempt = 1;; attempt++) {
    const { resourceVersion } = base.metadata;
    const locked = resourceVersion === undefined
      ? patch
      : { ...patch, metadata: { resourceVersion } };
    try {
      const written = await ctx.cluster.patch(idOf(sync), locked, {
        fieldManager: STATUS_MANAGER,
        subresource: "status",
        signal: ctx.signal,
      }) as MeshSync;
      ctx.syncs.observe?.(written);
      remember(written, ctx);
      return written;
    } catch (error) {
      if (error instanceof NoAnswerError) {
        const written = await writtenStatus(sync, status, ctx);
        if (written === undefined) throw error;
        return written;
      }
      // Not there is what a server also says whose definitions come and go: it is asked once more.
      const isTried = isConflict(error) || isNotFound(error);
      if (!isTried || attempt >= CONFLICTS_MAX) throw error;
      base = await sameStatus(sync, ctx);
    }
  }
}

const CONFLICTS_MAX = 5;

/** The sync, if its status is what was to be written, although no answer said so. */
async function writtenStatus(
  sync: MeshSync,
  status: MeshSyncStatus,
  ctx: SyncContext,
): Promise<MeshSync | undefined> {
  const live = await liveSync(sync, ctx);
  const isWritten = live?.metadata.uid === sync.metadata.uid &&
    statusPatch(live?.status, status) === undefined;
  if (live === undefined || !isWritten) return undefined;
  ctx.syncs.observe?.(live);
  remember(live, ctx);
  return live;
}

/** The sync as it is now, if it is the same one with the same status. */
async function sameStatus(sync: MeshSync, ctx: SyncContext): Promise<MeshSync> {
  const live = await liveSync(sync, ctx);
  if (live === undefined || live.metadata.uid !== sync.metadata.uid) {
    throw new LostSyncError(sync, true);
  }
  if (!sameJson(live.status ?? {}, sync.status ?? {})) {
    remember(live, ctx);
    throw new LostSyncError(sync, false);
  }
  return live;
}

export function remember(written: MeshSync, ctx: SyncContext): void {
  const key = keyOf(written);
  ctx.proofs.setPass(key, { ...ctx.proofs.pass(key), written });
}

/** What became of a write of the finalizers. */
export type FinalizerWrite =
  | { readonly tag: "written"; readonly sync: MeshSync }
  /** The sync is not there any longer. */
  | { readonly tag: "gone" }
  /** Somebody changed the sync meanwhile: its newest form is on its way through the watch. */
  | { readonly tag: "changed" };

/**
 * Puts the finalizer on a sync, or takes it off. Finalizers are a list that merge patches replace, so the version goes
 * along: whoever changed it meanwhile wins.
 */
export async function writeFinalizer(
  sync: MeshSync,
  isWanted: boolean,
  ctx: Pick<SyncContext, "cluster" | "signal" | "syncs">,
): Promise<FinalizerWrite> {
  const others = (sync.metadata.finalizers ?? []).filter((name) => name !== FINALIZERS.sync);
  const { resourceVersion } = sync.metadata;
  const metadata: JsonObject = {
    finalizers: isWanted ? [...others, FINALIZERS.sync] : others,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  try {
    const options = { fieldManager: FINALIZER_MANAGER, signal: ctx.signal };
    const written = await ctx.cluster.patch(idOf(sync), { metadata }, options) as MeshSync;
    ctx.syncs.observe?.(written);
    return { tag: "written", sync: written };
  } catch (error) {
    if (isNotFound(error)) return { tag: "gone" };
    if (isConflict(error)) return { tag: "changed" };
    throw error;
  }
}
