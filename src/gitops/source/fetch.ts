import { ANNOTATIONS, type MeshSync, type RefMove, type SourceStatus } from "#api";
import { contentHash, errorText, isAbort, keyOf } from "#base";
import { GitError, type Remote, type ResolvedRef, type Revision } from "#git";
import type { ClusterClient } from "#kube";
import { entryKey } from "#plan";
import { loadInventory } from "../apply/inventory.ts";
import { logName, type SyncContext } from "../context.ts";
import { type Found, type ReadContext, readRevision } from "../manifests/revision.ts";
import { HASH_ANNOTATION, type TargetObject } from "../manifests/target.ts";
import { emptyPhase, intervalMs, type PassMemory, type Phase, refusedPhase } from "../phase.ts";
import { liveObject, type PlanScope, proofOf } from "../plan/object.ts";
import { followedTypes, type RevisionPlan, revisionPlan, shownProblems } from "../plan/revision.ts";
import {
  type Composition,
  composition,
  healthyCommit,
  quarantineKey,
  quarantinesOf,
} from "../rollback.ts";
import { type Inputs, readInputs, remoteOf } from "./remote.ts";
import {
  branchMove,
  fetchCall,
  refMove,
  refOf,
  revisionParts,
  revisionText,
  signatureCheck,
  versionsStatus,
} from "./revision.ts";
import { sharedLookMs, type Wait, waitOf } from "./schedule.ts";

/** What a look at the remote showed. */
export type SourceSeen =
  /** It was not the time to look. */
  | { readonly tag: "not-due" }
  /** The commit and the spec are those of which the status says what became of them. */
  | { readonly tag: "decided"; readonly resolved: ResolvedRef }
  | { readonly tag: "failed"; readonly error: unknown; readonly seen?: RevisionSeen }
  | { readonly tag: "revision"; readonly seen: RevisionSeen; readonly content: Content };

/** A revision that was fetched. */
export interface RevisionSeen {
  readonly found: Found;
  readonly resolved: ResolvedRef;
  /** `main@sha1:…` */
  readonly text: string;
  readonly signer: string;
  readonly source: SourceStatus;
  /** A branch that leads somewhere else: whether to a descendant is to be found out when there is time. */
  readonly openMove?: RefMove;
  /** When the remote was looked at before: the commit came later. */
  readonly lastLookAtMs: number | undefined;
  /** Whether a newer commit or spec makes going on useless. */
  readonly isSuperseded: () => Promise<boolean>;
}

/** What of a revision is to be done. */
export type Content =
  /** Nothing of it, because of what it says. */
  | { readonly tag: "refused"; readonly phase: Phase }
  /** Nothing: another commit of the same content is applied. */
  | { readonly tag: "same" }
  | { readonly tag: "waiting"; readonly wait: Wait }
  | {
    readonly tag: "planned";
    readonly plan: RevisionPlan;
    readonly composed: Composition;
  };

/** For whom the remote is looked at. */
export interface SourceScope {
  readonly sync: MeshSync;
  readonly ctx: SyncContext;
  /** The client that applies for the sync. */
  readonly acting: () => ClusterClient;
}

/**
 * Looks at the remote: resolve, fetch, and of a commit that no status tells of yet, read and compare all of it with the
 * cluster.
 *
 * # Guarantees
 * An unchanged remote costs one `ls-remote`. Nothing is written.
 */
export async function observeSource(scope: SourceScope): Promise<SourceSeen> {
  const { ctx, sync } = scope;
  const startMs = ctx.clock.monotonicMs();
  let result: "changed" | "unchanged" | "failed" = "failed";
  let seen: RevisionSeen | undefined;
  try {
    const remote = await remoteOf(sync, ctx);
    const inputs = await readInputs(sync, ctx);
    const pass = ctx.proofs.pass(keyOf(sync));
    const resolved = await resolve(remote, scope, pass);
    if (pass.decided?.key === decisionKey(resolved, sync, inputs)) {
      result = "unchanged";
      return { tag: "decided", resolved };
    }
    const call = fetchCall(sync, ctx.signal);
    const revision = await ctx.git.fetchRevision(remote, resolved, call);
    result = "changed";
    ctx.metrics.observeSyncPhase("fetch", (ctx.clock.monotonicMs() - startMs) / 1000);
    seen = revisionSeen({ remote, revision, inputs }, { scope, resolved, pass });
    return await observeRevision(seen, scope);
  } catch (error) {
    if (ctx.signal.aborted || isAbort(error, ctx.signal)) throw error;
    return { tag: "failed", error, ...(seen === undefined ? {} : { seen }) };
  } finally {
    ctx.metrics.observeGitFetch(result, (ctx.clock.monotonicMs() - startMs) / 1000);
  }
}

async function resolve(
  remote: Remote,
  { ctx, sync }: SourceScope,
  pass: PassMemory,
): Promise<ResolvedRef> {
  const maxAgeMs = sharedLookMs(sync, {
    nowMs: ctx.clock.now(),
    isFirst: pass.lookedFor === undefined,
    nextLookAtMs: pass.nextLookAtMs,
  });
  return await ctx.git.resolveRef(remote, refOf(sync), {
    ...fetchCall(sync, ctx.signal),
    maxAgeMs,
  });
}

function revisionSeen(
  found: Found,
  { pass, resolved, scope: { ctx, sync } }: {
    readonly scope: SourceScope;
    readonly resolved: ResolvedRef;
    readonly pass: PassMemory;
  },
): RevisionSeen {
  const moved = refMove(sync, found.revision);
  const openMove = moved === undefined
    ? branchMove(sync, found.revision, pass.openMove)
    : undefined;
  const versions = versionsStatus(found.revision);
  const { moved: _before, versions: _tags, ...source } = sync.status?.source ?? {};
  return {
    found,
    resolved,
    text: revisionText(found.revision),
    signer: "",
    source: {
      ...source,
      ...(moved === undefined ? {} : { moved }),
      ...(versions === undefined ? {} : { versions }),
    },
    ...(openMove === undefined ? {} : { openMove }),
    lastLookAtMs: pass.lastLookAtMs,
    isSuperseded: newerLook(found.remote, resolved, { sync, ctx }),
  };
}

async function observeRevision(seen: RevisionSeen, scope: SourceScope): Promise<SourceSeen> {
  const { ctx, sync } = scope;
  const { found: { inputs, remote, revision }, text } = seen;
  const { signers } = inputs;
  const { git, signal } = ctx;
  const check = await signatureCheck({ sync, remote, revision, signers, git, signal });
  const signed = { ...seen, signer: check.signer };
  const withContent = (content: Content): SourceSeen => ({
    tag: "revision",
    seen: signed,
    content,
  });
  const refused = async (phase: Phase): Promise<SourceSeen> => {
    await restoreProofs(signed, scope);
    return withContent({ tag: "refused", phase });
  };
  if (check.refusal !== undefined) {
    return await refused(
      refusedPhase("SignatureRefused", `${check.refusal}; nothing was changed`),
    );
  }
  const path = sync.spec.path || ".";
  if (revision.tree === undefined) return await refused(emptyPhase(text, path, true));
  if (ctx.proofs.pass(keyOf(sync)).appliedKey === contentKey(revision, sync, inputs)) {
    return withContent({ tag: "same" });
  }
  // What was applied once is not kept waiting after a restart, nor is going back from it.
  const wait = sync.status?.lastAppliedRevision === text ? undefined : waitOf(sync, {
    text,
    nowMs: ctx.clock.now(),
    syncOf: (key) => ctx.syncs.get(key) as MeshSync | undefined,
  });
  if (wait !== undefined) {
    await restoreProofs(signed, scope);
    return withContent({ tag: "waiting", wait });
  }
  const read = await readRevision(signed.found, sync, readContext(scope));
  const { passedOver, problems, targets } = read;
  const { passedOver: _before, ...source } = signed.source;
  const full = { ...signed, source: passedOver === undefined ? source : { ...source, passedOver } };
  const content = await observeContent(full, { problems, targets }, scope);
  if (content.tag === "refused") await restoreProofs(full, scope);
  return { tag: "revision", seen: full, content };
}

function readContext({ acting, ctx }: SourceScope): ReadContext {
  const { clock, git, log, metrics, reading, signal } = ctx;
  return { clock, git, log, metrics, reading, signal, acting: acting() };
}

async function observeContent(
  seen: RevisionSeen,
  { problems, targets }: Pick<Awaited<ReturnType<typeof readRevision>>, "problems" | "targets">,
  scope: SourceScope,
): Promise<Content> {
  const { ctx, sync } = scope;
  const { text } = seen;
  if (problems.length > 0) {
    const message = `Held back ${text}, nothing was applied: ${shownProblems(problems)}`;
    return { tag: "refused", phase: refusedPhase("InvalidManifests", message) };
  }
  if (targets.length === 0) {
    return { tag: "refused", phase: emptyPhase(text, sync.spec.path || ".", false) };
  }
  const composed = await composition(
    targets,
    sync,
    async (revision) => await healthyTargets(revision, seen, scope),
  );
  const planScope: PlanScope = { sync, ctx, acting: scope.acting() };
  const plan = await revisionPlan(composed.targets, {
    ...planScope,
    ctx,
    frozen: composed.frozen,
  });
  return { tag: "planned", plan, composed };
}

/** The objects of a revision that was healthy; undefined where it cannot be had any longer. */
async function healthyTargets(
  revision: string,
  { found }: RevisionSeen,
  scope: SourceScope,
): Promise<readonly TargetObject[] | undefined> {
  const { ctx, sync } = scope;
  try {
    const commit = healthyCommit(revision);
    const call = fetchCall(sync, ctx.signal);
    const resolved = { commit, name: "commit" };
    const fetched = await ctx.git.fetchRevision(found.remote, resolved, call);
    if (fetched.tree === undefined) return undefined;
    const read = await readRevision({ ...found, revision: fetched }, sync, readContext(scope));
    return read.problems.length > 0 ? undefined : read.targets;
  } catch (error) {
    // Collected after a force-push: what went back stays as it is, and keeps no other commit from being applied.
    const isGone = error instanceof GitError && ["no_ref", "not_found"].includes(error.kind);
    if (!isGone) throw error;
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
 */
async function restoreProofs(seen: RevisionSeen, scope: SourceScope): Promise<void> {
  const { ctx, sync } = scope;
  const { name = "", commit } = revisionParts(sync.status?.lastAppliedRevision);
  const isKnown = ctx.proofs.of(keyOf(sync)).size > 0;
  if (isKnown || commit === undefined || commit === seen.found.revision.commit) return;
  try {
    const call = fetchCall(sync, ctx.signal);
    const revision = await ctx.git.fetchRevision(seen.found.remote, { commit, name }, call);
    if (revision.tree === undefined) return;
    const before = { ...seen, found: { ...seen.found, revision } };
    const read = await readRevision(before.found, sync, readContext(scope));
    if (read.problems.length > 0) return;
    const composed = await composition(
      read.targets,
      sync,
      async (healthy) => await healthyTargets(healthy, before, scope),
    );
    await proveApplied(composed.targets, scope);
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    ctx.log.warn("Cannot read what was applied before; changes by others stay for now", {
      sync: logName(sync),
      revision: sync.status?.lastAppliedRevision,
      error: errorText(error),
    });
  }
}

async function proveApplied(targets: readonly TargetObject[], scope: SourceScope): Promise<void> {
  const { ctx, sync } = scope;
  await ctx.caches.follow(followedTypes(targets), ctx.signal);
  const owned = new Set((await loadInventory(sync, ctx)).map(({ id }) => id));
  const planScope: PlanScope = { sync, ctx, acting: scope.acting() };
  for (const target of targets) {
    const stamp = ctx.proofs.stamp();
    const live = await liveObject(target, planScope);
    const isSame = live === undefined
      ? owned.has(entryKey(target.id))
      : live.metadata.annotations?.[HASH_ANNOTATION] === target.hash;
    // Applied, but not compared: what the object says besides its hash nobody looked at.
    if (isSame) ctx.proofs.prove(keyOf(sync), proofOf(target, undefined, { sync }), stamp);
  }
  // What became of them meanwhile is not known.
  ctx.proofs.doubt(keyOf(sync));
}

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
    ignored: drift?.ignore,
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

/** The commit and all of a sync that decides what becomes of it: while it stays, there is nothing to do. */
export function decisionKey(
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

/** Whether a newer commit or another spec came since: asks the remote no more often than the sync's interval. */
function newerLook(
  remote: Remote,
  resolved: ResolvedRef,
  { sync, ctx }: Pick<SourceScope, "ctx" | "sync">,
): () => Promise<boolean> {
  let lookedAtMs = ctx.clock.monotonicMs();
  return async () => {
    const current = ctx.syncs.get(keyOf(sync));
    if ((current?.metadata.generation ?? 0) > (sync.metadata.generation ?? 0)) return true;
    if (ctx.clock.monotonicMs() - lookedAtMs < intervalMs(sync)) return false;
    lookedAtMs = ctx.clock.monotonicMs();
    try {
      const newer = await ctx.git.resolveRef(remote, refOf(sync), fetchCall(sync, ctx.signal));
      return newer.commit !== resolved.commit;
    } catch (error) {
      if (isAbort(error, ctx.signal)) throw error;
      // The revision is at hand: a remote that is away now does not keep it from being applied.
      const facts = { sync: logName(sync), error: errorText(error) };
      ctx.log.warn("Cannot look for a newer commit", facts);
      return false;
    }
  };
}
