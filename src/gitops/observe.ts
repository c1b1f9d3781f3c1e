import { ANNOTATIONS, type MeshSync, problems, type RefMove } from "#api";
import { errorText, isAbort, keyOf, type ObjectId, type ObjectKey, type Problem } from "#base";
import { isNewerVersion } from "#kube";
import { logName, type SyncContext } from "./context.ts";
import { healthRuleProblems } from "./health_rules.ts";
import { intervalMs, type PassMemory } from "./phase.ts";
import type { ObjectPlan } from "./plan/object.ts";
import { isOfAnother } from "./plan/others.ts";
import { objectPlans, writeOf } from "./plan/revision.ts";
import { observeRemoval, type RemovalSeen } from "./removal.ts";
import { observeSource, type SourceSeen } from "./source/fetch.ts";
import { isBootstrap, remoteOf } from "./source/remote.ts";
import { judgedMove } from "./source/revision.ts";
import { actingClient, isTenantOf, shareProblems, tenantRule } from "./tenancy.ts";
import { type Suspension, suspensionOf, waitOf, windowProblems } from "./source/schedule.ts";

/** All that a pass saw before it decides. */
export type Observed =
  | { readonly tag: "suspended"; readonly sync: MeshSync; readonly suspension: Suspension }
  | { readonly tag: "invalid"; readonly sync: MeshSync; readonly problems: readonly Problem[] }
  | { readonly tag: "deleted"; readonly sync: MeshSync; readonly removal: RemovalSeen }
  | LiveSync;

/** A sync that is followed. */
export interface LiveSync {
  readonly tag: "live";
  readonly sync: MeshSync;
  readonly source: SourceSeen;
  /** Objects that somebody may have changed since they were applied, with what is to be done. */
  readonly changed: readonly ObjectPlan[];
  /** Objects that another MeshSync took over since they were applied. */
  readonly takenOver: readonly TakenOver[];
  /** A branch that moved, with what was found out of it; absent where nothing was asked. */
  readonly move?: {
    readonly asked: RefMove;
    readonly judged?: RefMove | undefined;
    /** On the monotonic clock, where nobody found out. */
    readonly askAgainAtMs?: number;
  };
  /** When all objects were compared last, on the monotonic clock. */
  readonly comparedAtMs: number;
}

/** How often all objects are compared again, whatever watches told. */
export const COMPARE_MS = 600_000;

/** The sync as it is known: of the cached one and the answer of our own last write the newer; a cache may lag behind. */
export function knownSync(key: ObjectKey, ctx: SyncContext): MeshSync | undefined {
  const cached = ctx.syncs.get(key) as MeshSync | undefined;
  const { written } = ctx.proofs.pass(key);
  if (cached === undefined || written === undefined) return cached;
  if (written.metadata.uid !== cached.metadata.uid) return cached;
  const isAhead = isNewerVersion(written.metadata.resourceVersion, cached.metadata.resourceVersion);
  return isAhead ? written : cached;
}

/** Reads all that a pass needs; nothing is written. */
export async function observe(sync: MeshSync, ctx: SyncContext): Promise<Observed> {
  if (sync.metadata.deletionTimestamp !== undefined) {
    return { tag: "deleted", sync, removal: await observeRemoval(sync, ctx) };
  }
  const suspension = suspensionOf(sync.spec, ctx.clock.now());
  if (suspension !== undefined) return { tag: "suspended", sync, suspension };
  const found = [
    ...ruleProblems(sync, ctx),
    ...windowProblems(sync.spec?.windows ?? []),
    ...await tooMuch(sync, ctx),
  ];
  if (found.length > 0) return { tag: "invalid", sync, problems: found };
  ctx.proofs.releaseContests(keyOf(sync), ctx.clock.monotonicMs());
  const { source, ...drifted } = await observeApplied(sync, ctx);
  const move = await observeMove(sync, source, ctx);
  return { tag: "live", sync, source, ...drifted, ...move };
}

/** What a pass saw of Git, and of what is applied. */
type AppliedSeen = Pick<LiveSync, "changed" | "comparedAtMs" | "source" | "takenOver">;

/**
 * Looks at the remote, where it is time, and at what is applied. Where another MeshSync has an object that is applied, Git
 * says to whom it belongs: the remote is looked at in the same pass, and what was decided of it counts no longer.
 */
async function observeApplied(sync: MeshSync, ctx: SyncContext): Promise<AppliedSeen> {
  const look = () => observeSource({ sync, ctx, acting: () => actingClient(sync, ctx) });
  const source: SourceSeen = isLookDue(sync, ctx) ? await look() : { tag: "not-due" };
  const seen = await compared(sync, source, ctx);
  if (releasable(seen, ctx.proofs.pass(keyOf(sync))).length === 0) return seen;
  dropDecisions(keyOf(sync), ctx);
  const isOpen = source.tag === "failed" ||
    (source.tag === "revision" && source.content.tag !== "same");
  return isOpen ? seen : { ...seen, ...await compared(sync, await look(), ctx) };
}

async function compared(
  sync: MeshSync,
  source: SourceSeen,
  ctx: SyncContext,
): Promise<AppliedSeen> {
  const comparedAtMs = doubtInTime(sync, source, ctx);
  const isPlanned = source.tag === "revision" && source.content.tag === "planned";
  const drifted = isPlanned ? NOTHING_CHANGED : await observeChanged(sync, ctx);
  return { source, ...drifted, comparedAtMs };
}

/** What was found of syncs that are known still, so that a pass without news costs no check of all rules. */
const RULE_PROBLEMS = new WeakMap<MeshSync, readonly Problem[]>();

/** What is wrong with a sync, whatever the time. */
function ruleProblems(sync: MeshSync, ctx: SyncContext): readonly Problem[] {
  const known = RULE_PROBLEMS.get(sync);
  if (known !== undefined) return known;
  const fileUrls = isBootstrap(sync, ctx) ? "allow" : "refuse";
  const found = [
    ...problems(sync, { fileUrls, ...tenantRule(ctx.tenancy) }),
    ...healthRuleProblems(sync),
  ];
  RULE_PROBLEMS.set(sync, found);
  return found;
}

/** What a tenant's sync is beyond; nobody else's costs a look at the others. */
async function tooMuch(sync: MeshSync, ctx: SyncContext): Promise<readonly Problem[]> {
  if (!isTenantOf(sync.metadata.namespace ?? "", ctx.tenancy)) return [];
  return shareProblems(sync, await ctx.syncs.list(ctx.signal), ctx.tenancy);
}

/** What a look is for: another text means to look again. */
export function lookKey({ metadata }: MeshSync): string {
  const requested = metadata.annotations?.[ANNOTATIONS.requestedAt] ?? "";
  const allowed = metadata.annotations?.[ANNOTATIONS.allowPrune] ?? "";
  return `${metadata.uid} ${metadata.generation} ${requested} ${allowed}`;
}

/** A look is due by time, by a new spec, or because somebody asked for one. */
function isLookDue(sync: MeshSync, ctx: SyncContext): boolean {
  const pass: PassMemory = ctx.proofs.pass(keyOf(sync));
  const { trouble } = pass;
  if (trouble?.tag === "Waiting") {
    const wait = waitOf(sync, {
      text: sync.status?.lastAttemptedRevision ?? "",
      nowMs: ctx.clock.now(),
      syncOf: (key: ObjectKey) => ctx.syncs.get(key) as MeshSync | undefined,
    });
    if (wait?.verdict.reason !== trouble.reason) return true;
  }
  return pass.nextLookAtMs <= ctx.clock.monotonicMs() || pass.lookedFor !== lookKey(sync);
}

/** Now and then nothing that is proven is believed: where a cache follows a kind, a comparison costs nothing. */
function doubtInTime(sync: MeshSync, source: SourceSeen, ctx: SyncContext): number {
  const key = keyOf(sync);
  const nowMs = ctx.clock.monotonicMs();
  const { comparedAtMs = nowMs } = ctx.proofs.pass(key);
  if (source.tag === "revision" && source.content.tag === "planned") return nowMs;
  if (compareWaitMs(comparedAtMs, nowMs) > 0) return comparedAtMs;
  ctx.proofs.doubt(key);
  return nowMs;
}

/** When the next comparison of everything is due, in milliseconds from now. */
export function compareWaitMs(comparedAtMs: number, nowMs: number): number {
  return Math.max(0, comparedAtMs + COMPARE_MS - nowMs);
}

/** An object that is another MeshSync's now. */
export interface TakenOver {
  readonly id: ObjectId;
  /** Whether this one takes it back with the next commit, by force. */
  readonly isForced: boolean;
}

/** Nothing that was applied is other than it was. */
export const NOTHING_CHANGED: Pick<LiveSync, "changed" | "takenOver"> = {
  changed: [],
  takenOver: [],
};

async function observeChanged(
  sync: MeshSync,
  ctx: SyncContext,
): Promise<Pick<LiveSync, "changed" | "takenOver">> {
  const changed = ctx.proofs.changed(keyOf(sync));
  if (changed.length === 0) return NOTHING_CHANGED;
  const acting = actingClient(sync, ctx);
  const targets = await Promise.all(changed.map(async ({ file, hash, id, object, secrets }) => {
    const type = await acting.resourceType(id.apiVersion, id.kind);
    const place = { file, line: 0, lineOf: () => 0 };
    return { ...place, object, id, hash, type, secrets };
  }));
  const plans = await objectPlans(targets, { sync, ctx, acting });
  const takenOver = plans.flatMap((plan) => takenOverBy(plan, sync, ctx));
  const theirs = new Set(takenOver.map(({ id }) => id));
  return { changed: plans.filter(({ target }) => !theirs.has(target.id)), takenOver };
}

/** An object that another MeshSync applied last: what is wrong with it is no longer this one's to mend. */
function takenOverBy(plan: ObjectPlan, sync: MeshSync, ctx: SyncContext): TakenOver[] {
  const write = writeOf(plan);
  if (write?.live === undefined || !isOfAnother(write.live, sync, ctx)) return [];
  return [{ id: plan.target.id, isForced: write.force }];
}

/**
 * What leaves the inventory, as another sync took it over. While a revision is applied in part that is for its end to say,
 * and what is taken back by force with the next commit stays.
 */
export function releasable(
  { source, takenOver }: Pick<LiveSync, "source" | "takenOver">,
  { trouble }: PassMemory,
): ObjectId[] {
  if (source.tag === "not-due" && trouble?.tag === "Applying") return [];
  return takenOver.flatMap(({ id, isForced }) => isForced ? [] : id);
}

/** Drops what was decided on the basis of what is no longer so: everything is decided anew, after a look. */
export function dropDecisions(key: ObjectKey, { proofs }: Pick<SyncContext, "proofs">): void {
  const { appliedKey: _applied, decided: _decided, ...pass } = proofs.pass(key);
  proofs.setPass(key, { ...pass, nextLookAtMs: 0 });
  proofs.setParts(key, undefined);
}

/** Finds out whether a branch was rewritten, where nothing is being brought up: nobody waits for the answer. */
async function observeMove(
  sync: MeshSync,
  source: SourceSeen,
  ctx: SyncContext,
): Promise<Pick<LiveSync, "move">> {
  const { moveAskAtMs = 0, openMove: asked } = ctx.proofs.pass(keyOf(sync));
  const nowMs = ctx.clock.monotonicMs();
  const isCalm = source.tag === "not-due" || source.tag === "decided";
  if (!isCalm || asked === undefined || sync.status?.phase === "Verifying") return {};
  if (nowMs < moveAskAtMs) return {};
  const { from, to } = asked;
  try {
    const remote = await remoteOf(sync, { ...ctx, acting: actingClient(sync, ctx) });
    const share = sync.metadata.namespace ?? "";
    const call = { commit: to, ancestor: from, share, signal: ctx.signal };
    const isDescendant = await ctx.git.descends(remote, call);
    return { move: { asked, judged: judgedMove(asked, isDescendant) } };
  } catch (error) {
    if (isAbort(error, ctx.signal) || ctx.signal.aborted) throw error;
    // Nothing is said yet: the remote may answer when it is looked at again.
    const facts = { sync: logName(sync), error: errorText(error) };
    ctx.log.debug("Cannot find out whether a branch was rewritten", facts);
    return { move: { asked, askAgainAtMs: nowMs + intervalMs(sync) } };
  }
}
