import { type MeshSync, type RefMove, type SourceStatus } from "#api";
import { contentHash, errorText, isAbort, keyOf } from "#base";
import type { Remote, ResolvedRef } from "#git";
import { type TargetObject } from "#manifests";
import { logName } from "../context.ts";
import { type Found, type ReadRevision, readRevision } from "./read.ts";
import {
  emptyPhase,
  intervalMs,
  type PassMemory,
  type Phase,
  refusedPhase,
  rollsBack,
} from "../phase.ts";
import type { PlanScope } from "../plan/object.ts";
import { observeOthers } from "../plan/others.ts";
import {
  pruneBrake,
  refusals,
  type RevisionPlan,
  revisionPlan,
  shownProblems,
} from "../plan/revision.ts";
import { type Composition, quarantinesOf } from "../rollback.ts";
import { contentKey, decisionKey } from "./decision_key.ts";
import { type Inputs, readInputs, remoteOf } from "./remote.ts";
import {
  composedTargets,
  isGone,
  isTrusted,
  readContext,
  restoreProofs,
  type SourceScope,
} from "./restore.ts";
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
  /** Whether this is not what the remote says, but what is applied, a part of which goes back: nothing is deleted then. */
  readonly isReturn?: boolean;
  /** Whether a newer commit or spec makes going on useless. */
  readonly isSuperseded: () => Promise<boolean>;
}

/** What of a revision is to be done. */
export type Content =
  /** Nothing of it, because of what it says. */
  | { readonly tag: "refused"; readonly phase: Phase; readonly isRestored: boolean }
  /** Nothing: another commit of the same content is applied. */
  | { readonly tag: "same" }
  | { readonly tag: "waiting"; readonly wait: Wait }
  | {
    readonly tag: "planned";
    readonly plan: RevisionPlan;
    readonly composed: Composition;
    /** False where it is held back, and what runs could not be found out. */
    readonly isRestored?: boolean;
  };

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
  let base: Base | undefined;
  try {
    const reading = { ...ctx, acting: scope.acting() };
    const remote = await remoteOf(sync, reading);
    const inputs = await withClaims(await readInputs(sync, reading), scope);
    base = { remote, inputs };
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
    const looked = await observeRevision(seen, scope);
    if (!isHeldBack(looked, sync)) return looked;
    const back = await observeReturn(base, scope);
    return back === "unknown" ? unsettled(looked) : back ?? looked;
  } catch (error) {
    if (ctx.signal.aborted || isAbort(error, ctx.signal)) throw error;
    // What runs is looked after, and goes back where it has to, whatever became of the remote.
    const back = base && await observeReturn(base, scope);
    if (back !== undefined && back !== "unknown") return back;
    if (base !== undefined && rollsBack(sync)) await restoreProofs(base, scope);
    return { tag: "failed", error, ...(seen === undefined ? {} : { seen }) };
  } finally {
    ctx.metrics.observeGitFetch(result, (ctx.clock.monotonicMs() - startMs) / 1000);
  }
}

/** What else decides what is applied: what others claim of what is in quarantine does not go back. */
async function withClaims(inputs: Inputs, { ctx, sync }: SourceScope): Promise<Inputs> {
  const held = quarantinesOf(sync).flatMap(({ objects }) => objects);
  if (held.length === 0) return inputs;
  const { claimed } = await observeOthers(sync, ctx);
  const theirs = held.filter((id) => claimed.has(id)).sort();
  return theirs.length === 0
    ? inputs
    : { ...inputs, key: `${inputs.key} ${contentHash([...new Set(theirs)])}` };
}

/** What a revision of a sync is read with. */
type Base = Pick<Found, "inputs" | "remote">;

/** What is held back, and is to be looked at again soon: what has to go back meanwhile could not be found out. */
function unsettled(looked: SourceSeen): SourceSeen {
  if (looked.tag !== "revision") return looked;
  const { content } = looked;
  const isOpen = content.tag === "refused" || content.tag === "planned";
  return isOpen ? { ...looked, content: { ...content, isRestored: false } } : looked;
}

/** Whether nothing of a revision is begun in this pass. */
function isHeldBack(looked: SourceSeen, sync: MeshSync): boolean {
  if (looked.tag !== "revision") return false;
  const { content, seen: { found: { revision } } } = looked;
  return ["refused", "waiting"].includes(content.tag) ||
    (content.tag === "planned" && isHeld(content.plan, { commit: revision.commit, sync }));
}

function isHeld(
  plan: RevisionPlan,
  at: { readonly commit: string; readonly sync: MeshSync },
): boolean {
  return refusals(plan).length > 0 || pruneBrake(plan, at) !== undefined;
}

/**
 * What has to go back although nothing newer can be begun: the revision that is applied, with what is in quarantine as it
 * was when it was healthy. Both are kept in the clone. Nothing is deleted: where the remote wants that is not known.
 *
 * @returns undefined where the cluster is so already, or cannot go back
 */
async function observeReturn(
  base: Base,
  scope: SourceScope,
): Promise<SourceSeen | "unknown" | undefined> {
  const { ctx, sync } = scope;
  const text = sync.status?.lastAppliedRevision;
  const { name = "", commit } = revisionParts(text);
  if (quarantinesOf(sync).length === 0 || text === undefined || commit === undefined) {
    return undefined;
  }
  try {
    const resolved = { commit, name };
    const call = fetchCall(sync, ctx.signal);
    const found = { ...base, revision: await ctx.git.fetchRevision(base.remote, resolved, call) };
    const { appliedKey, lastLookAtMs } = ctx.proofs.pass(keyOf(sync));
    const isDone = appliedKey === contentKey(found.revision, sync, base.inputs);
    if (isDone || found.revision.tree === undefined) return undefined;
    if (!await isTrusted(text, base, scope)) return undefined;
    const { problems, targets } = await readRevision(found, sync, readContext(scope));
    if (problems.length > 0 || targets.length === 0) return undefined;
    const content = await plannedContent({ found, text }, targets, scope);
    if (content.plan.objects.every(({ step }) => step === "keep")) return undefined;
    const { signer = "", source = {} } = sync.status ?? {};
    const isSuperseded = () => Promise.resolve(false);
    const seen = { found, resolved, text, signer, source, lastLookAtMs, isSuperseded };
    return { tag: "revision", seen: { ...seen, isReturn: true }, content };
  } catch (error) {
    if (ctx.signal.aborted || isAbort(error, ctx.signal)) throw error;
    const facts = { sync: logName(sync), revision: text, error: errorText(error) };
    ctx.log.warn("Cannot read what is applied, to go back to what was healthy", facts);
    return isGone(error) ? undefined : "unknown";
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
    isDue: pass.nextLookAtMs > 0 && pass.nextLookAtMs <= ctx.clock.monotonicMs(),
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
    const isRestored = await restoreProofs(signed.found, scope);
    return withContent({ tag: "refused", phase, isRestored });
  };
  if (check.refusal !== undefined) {
    return await refused(
      refusedPhase("SignatureRefused", `${check.refusal}; nothing was changed`),
    );
  }
  const path = sync.spec.path || ".";
  if (revision.tree === undefined) {
    return await refused(emptyPhase(text, path, { isMissing: true }));
  }
  const { appliedKey, isTerminating = false } = ctx.proofs.pass(keyOf(sync));
  if (appliedKey === contentKey(revision, sync, inputs) && !isTerminating) {
    return withContent({ tag: "same" });
  }
  // What was applied once is not kept waiting after a restart, nor is going back from it.
  const wait = sync.status?.lastAppliedRevision === text ? undefined : waitOf(sync, {
    text,
    nowMs: ctx.clock.now(),
    syncOf: (key) => ctx.syncs.get(key) as MeshSync | undefined,
  });
  if (wait !== undefined) {
    await restoreProofs(signed.found, scope);
    return withContent({ tag: "waiting", wait });
  }
  const read = await readRevision(signed.found, sync, readContext(scope));
  const { passedOver } = read;
  const { passedOver: _before, ...source } = signed.source;
  const full = { ...signed, source: passedOver === undefined ? source : { ...source, passedOver } };
  const content = await observeContent(full, read, scope);
  return { tag: "revision", seen: full, content };
}

async function observeContent(
  seen: RevisionSeen,
  { isEnded = false, problems, targets }: ReadRevision,
  scope: SourceScope,
): Promise<Content> {
  const { sync } = scope;
  const { found, text } = seen;
  const refused = async (phase: Phase): Promise<Content> => {
    return { tag: "refused", phase, isRestored: await restoreProofs(found, scope) };
  };
  if (problems.length > 0) {
    const message = `Held back ${text}, nothing was applied: ${shownProblems(problems)}`;
    return await refused(
      isEnded
        ? refusedPhase("ReadingTooLong", message, { isFinal: false })
        : refusedPhase("InvalidManifests", message),
    );
  }
  if (targets.length === 0) {
    const left = seen.source.passedOver?.objects ?? [];
    return await refused(emptyPhase(text, sync.spec.path || ".", { left }));
  }
  const content = await plannedContent(seen, targets, scope);
  // What keeps it from being begun, or from its end, keeps what runs from being looked after by its plan.
  const isRefused = content.plan.objects.some(({ step }) => step === "refused");
  const isOpen = isRefused || isHeld(content.plan, { commit: found.revision.commit, sync });
  return isOpen ? { ...content, isRestored: await restoreProofs(found, scope) } : content;
}

async function plannedContent(
  { found, text }: Pick<RevisionSeen, "found" | "text">,
  targets: readonly TargetObject[],
  scope: SourceScope,
): Promise<Extract<Content, { readonly tag: "planned" }>> {
  const { ctx, sync } = scope;
  const composed = await composedTargets(targets, found, scope);
  const planScope: PlanScope = { sync, ctx, acting: scope.acting() };
  const plan = await revisionPlan(composed.targets, {
    ...planScope,
    ctx,
    frozen: composed.frozen,
    revision: text,
    isApplied: sync.status?.lastAppliedRevision === text,
    isSampled: true,
  });
  return { tag: "planned", plan, composed };
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
