import { ANNOTATIONS, type MeshSync } from "#api";
import { errorText, isAbort, keyOf } from "#base";
import { GitError } from "#git";
import type { ClusterClient } from "#kube";
import type { TargetObject } from "#manifests";
import { entryKey } from "#plan";
import { loadInventory } from "../apply/inventory.ts";
import { logName, type SyncContext } from "../context.ts";
import { type Found, type ReadContext, readRevision } from "./read.ts";
import { liveObject, type PlanScope, proofOf } from "../plan/object.ts";
import { isOfAnother, observeOthers } from "../plan/others.ts";
import { followedTypes } from "../plan/revision.ts";
import { type Composition, composition, healthyCommit, quarantinesOf } from "../rollback.ts";
import { fetchCall, revisionParts, signatureCheck } from "./revision.ts";

/** For whom the remote is looked at. */
export interface SourceScope {
  readonly sync: MeshSync;
  readonly ctx: SyncContext;
  /** The client that applies for the sync. */
  readonly acting: () => ClusterClient;
}

export function readContext({ acting, ctx }: SourceScope): ReadContext {
  const { clock, git, log, metrics, reading, readManifests, signal, tenancy } = ctx;
  const common = { clock, git, log, metrics, reading, readManifests, signal, tenancy };
  return { ...common, readings: ctx.proofs.readings, acting: acting() };
}

/**
 * The objects of a revision as they are to be applied, with what is in quarantine as it was when it was healthy. What another
 * MeshSync took over since does not come back.
 */
export async function composedTargets(
  targets: readonly TargetObject[],
  found: Found,
  scope: SourceScope,
): Promise<Composition> {
  const { ctx, sync } = scope;
  const { claimed } = quarantinesOf(sync).length === 0
    ? { claimed: new Set<string>() }
    : await observeOthers(sync, ctx);
  return await composition(targets, sync, async (revision) => {
    const healthy = await healthyTargets(revision, found, scope);
    return healthy?.filter(({ id }) => !claimed.has(entryKey(id)));
  });
}

/** The objects of a revision that was healthy; undefined where it cannot be had any longer. */
async function healthyTargets(
  revision: string,
  found: Found,
  scope: SourceScope,
): Promise<readonly TargetObject[] | undefined> {
  const { ctx, sync } = scope;
  try {
    const commit = healthyCommit(revision);
    const call = fetchCall(sync, ctx.signal);
    const resolved = { commit, name: "commit" };
    const fetched = await ctx.git.fetchRevision(found.remote, resolved, call);
    if (fetched.tree === undefined || !await isTrusted(revision, found, scope)) return undefined;
    const read = await readRevision({ ...found, revision: fetched }, sync, readContext(scope));
    return read.problems.length > 0 ? undefined : read.targets;
  } catch (error) {
    // Collected after a force-push: what went back stays as it is, and keeps no other commit from being applied.
    if (!isGone(error)) throw error;
    ctx.log.warn("Cannot read what a quarantine goes back to; its objects stay as they are", {
      sync: logName(sync),
      revision,
      error: errorText(error),
    });
    return undefined;
  }
}

/**
 * Proves what was applied before a program restarted, while a newer revision is held back or waits: so that what runs is
 * still looked after. It is read from Git anew; an object counts when the cluster holds it as it was applied then (or lost
 * it), as the spec may have changed since.
 *
 * @returns whether that is done: where it could not be, it is to be tried again
 */
export async function restoreProofs(
  found: Pick<Found, "inputs" | "remote"> & Partial<Found>,
  scope: SourceScope,
): Promise<boolean> {
  const { ctx, sync } = scope;
  const { commit } = revisionParts(sync.status?.lastAppliedRevision);
  const isKnown = ctx.proofs.isRestored(keyOf(sync));
  if (isKnown || commit === undefined || commit === found.revision?.commit) return true;
  try {
    await proveRevision(found, scope);
    ctx.proofs.setRestored(keyOf(sync));
    return true;
  } catch (error) {
    if (ctx.signal.aborted || isAbort(error, ctx.signal)) throw error;
    ctx.log.warn("Cannot read what was applied before; changes by others stay for now", {
      sync: logName(sync),
      revision: sync.status?.lastAppliedRevision,
      error: errorText(error),
    });
    return isGone(error);
  }
}

/** Proves what a status says is applied, where Git still has it and it may be taken. */
async function proveRevision(
  found: Pick<Found, "inputs" | "remote"> & Partial<Found>,
  scope: SourceScope,
): Promise<void> {
  const { ctx, sync } = scope;
  const text = sync.status?.lastAppliedRevision ?? "";
  const { name = "", commit = "" } = revisionParts(text);
  const call = fetchCall(sync, ctx.signal);
  const revision = await ctx.git.fetchRevision(found.remote, { commit, name }, call);
  if (revision.tree === undefined || !await isTrusted(text, found, scope)) return;
  const before = { ...found, revision };
  const read = await readRevision(before, sync, readContext(scope));
  if (read.problems.length > 0) return;
  const composed = await composedTargets(read.targets, before, scope);
  await proveApplied(composed.targets, scope);
  // What went into quarantine, and did not come to go back, runs as it was applied.
  await proveApplied(read.targets, scope, { onlyLive: true });
}

/**
 * Whether a revision that a status names may be taken, as far as signatures go: a status says what was applied, and that
 * somebody who is trusted signed it only Git can say.
 */
export async function isTrusted(
  text: string,
  { inputs: { signers }, remote }: Pick<Found, "inputs" | "remote">,
  { ctx, sync }: SourceScope,
): Promise<boolean> {
  if (signers === undefined) return true;
  const { git, signal } = ctx;
  const { commit = "", name = "" } = revisionParts(text);
  const revision = (sync.spec.verify?.mode ?? "commit") === "commit"
    ? { commit, name }
    : await git.resolveRef(remote, { tag: name }, fetchCall(sync, signal));
  const refusal = revision.commit === commit
    ? (await signatureCheck({ sync, remote, revision, signers, git, signal })).refusal
    : `tag ${name} does not lead to it any longer`;
  if (refusal === undefined) return true;
  const facts = { sync: logName(sync), revision: text, cause: refusal };
  ctx.log.warn("Does not go back to a revision that nobody signed who is trusted", facts);
  return false;
}

/** Whether a commit cannot be had any longer: collected after a force-push. */
export function isGone(error: unknown): boolean {
  return error instanceof GitError && error.kind === "no_ref";
}

async function proveApplied(
  targets: readonly TargetObject[],
  scope: SourceScope,
  { onlyLive = false }: { readonly onlyLive?: boolean } = {},
): Promise<void> {
  const { ctx, sync } = scope;
  await ctx.caches.follow(followedTypes(targets), ctx.signal);
  const owned = new Set((await loadInventory(sync, ctx)).map(({ id }) => id));
  const planScope: PlanScope = { sync, ctx, acting: scope.acting() };
  for (const target of targets) {
    if (ctx.proofs.of(keyOf(sync)).has(entryKey(target.id))) continue;
    const stamp = ctx.proofs.stamp();
    const live = await liveObject(target, planScope);
    const isOwned = owned.has(entryKey(target.id));
    // What the inventory does not hold was let go for another sync, and is not looked after. What another one took over
    // meanwhile is let go, as long as it is in the inventory.
    const isSame = isOwned && (live === undefined ? !onlyLive : isOfAnother(live, sync, ctx) ||
      live.metadata.annotations?.[ANNOTATIONS.gitHash] === target.hash);
    // Applied, but not compared: what the object says besides its hash nobody looked at.
    if (isSame) ctx.proofs.prove(keyOf(sync), proofOf(target, undefined, { sync }), stamp);
  }
  // What became of them meanwhile is not known.
  ctx.proofs.doubt(keyOf(sync));
}
