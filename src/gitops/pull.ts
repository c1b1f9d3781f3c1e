import { type MeshSync } from "#api";
import { contentHash, keyOf, type ObjectId, timestamp } from "#base";
import type { Remote, ResolvedRef, Revision } from "#git";
import { entryKey, inventoryOf, mergedInventory, staleEntries, type Verdict } from "#plan";
import { applyAll, type ApplyReport } from "./apply.ts";
import type { GitOpsContext } from "./context.ts";
import { duplicateProblems, readManifests } from "./read.ts";
import type { Manifest, ManifestProblem } from "./manifest.ts";
import type { AppliedObject, SyncState } from "./memory.ts";
import { definedKinds, kindKey, type Kinds, type Placed, placed } from "./place.ts";
import { NOTHING_PRUNED, prune, type PruneReport } from "./prune.ts";
import { remoteOf } from "./remote.ts";
import { writeStatus } from "./report.ts";
import { type StatusNews, syncStatus } from "./status.ts";
import { linkedFiles, manifestEntries } from "./tree_files.ts";
import { applyVerdict, emptyVerdict, heldVerdict, pruneVerdict } from "./trouble.ts";

/** What a pull found out. */
export interface Pulled {
  readonly state: SyncState;
  readonly news: StatusNews;
  /** The sync as it was written last. */
  readonly sync: MeshSync;
  /** What was applied and deleted; absent when nothing had to be looked at. */
  readonly work?: Work;
}

/** What a revision made the loop do. */
export interface Work {
  readonly revision: Revision;
  readonly text: string;
  readonly applied: ApplyReport;
  readonly pruned: PruneReport;
}

interface Step {
  readonly sync: MeshSync;
  readonly ctx: GitOpsContext;
  readonly state: SyncState;
}

/** The part of a spec that changes what is applied. */
function specKey(sync: MeshSync): string {
  const { url, path, prune: prunes, targetNamespace } = sync.spec;
  return contentHash({ url, path, prunes, targetNamespace });
}

/** A revision in words: `main@sha1:3fa1c2…`, as Flux writes it. */
export function revisionText(revision: { readonly commit: string; readonly name: string }): string {
  const digest = `${revision.commit.length === 64 ? "sha256" : "sha1"}:${revision.commit}`;
  return revision.name === "commit" ? digest : `${revision.name}@${digest}`;
}

/**
 * Looks at the remote and, if there is something new, applies it: resolve, fetch, read, validate, apply, prune.
 *
 * # Guarantees
 * An unchanged remote costs one `ls-remote`. Nothing is applied before everything was read and found valid; nothing is
 * deleted unless everything was applied.
 *
 * @throws what Git or the API server answered, for the caller to put into words
 */
export async function pull(sync: MeshSync, ctx: GitOpsContext): Promise<Pulled> {
  const before = ctx.memory.state(keyOf(sync));
  const startMs = ctx.clock.now();
  let result: "changed" | "unchanged" | "failed" = "failed";
  try {
    const remote = await remoteOf(sync, ctx);
    const call = { signal: ctx.signal };
    const resolved = await ctx.git.resolveRef(remote, refOf(sync), call);
    const state = seenState(before, resolved, ctx);
    ctx.memory.setState(keyOf(sync), state);
    if (state.settledKey === settledKey(resolved, sync)) {
      result = "unchanged";
      ctx.metrics.countSync("unchanged");
      return { state: withoutTrouble(state), news: {}, sync };
    }
    const path = sync.spec.path || ".";
    const revision = await ctx.git.fetchRevision(remote, resolved, { ...call, path });
    result = "changed";
    ctx.metrics.observeSyncPhase("fetch", (ctx.clock.now() - startMs) / 1000);
    return await take({ remote, revision, lastLookAtMs: before.lastLookAtMs }, {
      sync,
      ctx,
      state,
    });
  } finally {
    ctx.metrics.observeGitFetch(result, (ctx.clock.now() - startMs) / 1000);
  }
}

function refOf(sync: MeshSync) {
  const given = Object.entries(sync.spec.ref ?? {}).filter(([, value]) => value);
  return Object.fromEntries(given);
}

function settledKey(resolved: ResolvedRef, sync: MeshSync): string {
  return `${resolved.commit} ${resolved.name} ${specKey(sync)}`;
}

function seenState(before: SyncState, resolved: ResolvedRef, ctx: GitOpsContext): SyncState {
  if (before.measuredFromMs !== undefined && before.commit !== resolved.commit) {
    // The one in progress never became healthy: its time would only tell about the newer one.
    ctx.metrics.countSync("superseded");
  }
  return { ...before, commit: resolved.commit, lastLookAtMs: ctx.clock.now() };
}

function withoutTrouble(state: SyncState): SyncState {
  const { trouble: _trouble, ...rest } = state;
  return { ...rest, failures: 0 };
}

interface Found {
  readonly remote: Remote;
  readonly revision: Revision;
  /** When the remote was looked at before this commit was seen. */
  readonly lastLookAtMs: number | undefined;
}

/** Takes a new commit in. */
async function take(found: Found, step: Step): Promise<Pulled> {
  const { revision } = found;
  const { sync, ctx, state } = step;
  const text = revisionText(revision);
  const settled: SyncState = { ...withoutTrouble(state), settledKey: settledKey(revision, sync) };
  const news: StatusNews = { lastAttemptedRevision: text };
  const held = (verdict: Verdict): Pulled => {
    ctx.metrics.countSync("held");
    ctx.log.warn("Held a revision back", {
      sync: logName(sync),
      revision: text,
      reason: verdict.reason,
    });
    return { state: { ...settled, held: verdict }, news, sync };
  };
  const path = sync.spec.path || ".";
  if (revision.tree === undefined) return held(emptyVerdict(text, path, true));
  const appliedKey = `${revision.tree} ${specKey(sync)}`;
  if (state.appliedKey === appliedKey) {
    const { held: _held, ...rest } = settled;
    ctx.metrics.countSync("unchanged");
    return { state: rest, news: { ...news, lastAppliedRevision: text }, sync };
  }
  const read = await readRevision(found, step);
  if (read.problems.length > 0) return held(heldVerdict(text, read.problems));
  if (read.objects.length === 0) return held(emptyVerdict(text, path, false));
  const { appliedKey: _key, settledKey: _settled, held: _refused, ...open } = settled;
  // From here on the cluster holds neither the old content nor, until it is done, the new one.
  ctx.memory.setState(keyOf(sync), open);
  const result = await execute(read.objects, { ...step, text, revision });
  if (result.trouble !== undefined) {
    ctx.metrics.countSync("failed");
    const failed = { ...open, failures: state.failures + 1, trouble: result.trouble };
    return { ...result, state: failed, news: { ...news, ...result.news } };
  }
  ctx.metrics.countSync("success");
  const { held: _held, ...done } = settled;
  const applied: SyncState = {
    ...done,
    appliedKey,
    appliedAtMs: appliedAtMs(result, ctx),
    ...(isNews(result.work) ? { measuredFromMs: commitSinceMs(found, ctx) } : {}),
  };
  return { ...result, state: applied, news: { ...news, ...result.news } };
}

/** A program that restarts finds everything applied: time counts from when it was. */
function appliedAtMs(result: Executed, ctx: GitOpsContext): number {
  const recorded = Date.parse(result.sync.status?.lastAppliedTime ?? "");
  return isNews(result.work) || Number.isNaN(recorded) ? ctx.clock.now() : recorded;
}

/**
 * Since when a commit can have been on the remote: not before it was made, and not before the last look that did not show
 * it. A first look knows nothing, so it counts from now.
 */
function commitSinceMs(found: Found, ctx: GitOpsContext): number {
  const nowMs = ctx.clock.now();
  if (found.lastLookAtMs === undefined) return nowMs;
  return Math.min(nowMs, Math.max(found.lastLookAtMs, found.revision.committedAtMs));
}

function isNews(work: Work): boolean {
  return work.pruned.pruned.length > 0 || work.pruned.skipped.length > 0 ||
    work.applied.changes.some((change) => change.action !== "unchanged");
}

/** Reads and validates all of a revision. */
async function readRevision(
  { remote, revision }: Found,
  { sync, ctx }: Step,
): Promise<{ readonly objects: Placed[]; readonly problems: readonly ManifestProblem[] }> {
  const startMs = ctx.clock.now();
  const tree = revision.tree ?? "";
  const call = { signal: ctx.signal };
  const selection = manifestEntries(await ctx.git.listTree(remote, tree, call));
  if (selection.submodules.length > 0) {
    ctx.log.warn("Passed over submodules", { sync: logName(sync), paths: selection.submodules });
  }
  const files = await ctx.git.readFiles(remote, { ...call, tree, entries: selection.entries });
  const root = (sync.spec.path || ".").split("/").filter((part) => part !== "" && part !== ".")
    .join("/");
  const linked = linkedFiles(files, root);
  const read = readManifests(linked.files);
  for (const warning of read.warnings.slice(0, 20)) {
    ctx.log.warn("Read a manifest with a flaw", { sync: logName(sync), ...warning });
  }
  const problems = [...linked.problems, ...read.problems];
  if (problems.length > 0) return { objects: [], problems };
  const kinds = await kindsOf(read.documents, ctx);
  const objects = read.documents.map((manifest) => placed(manifest, sync, kinds));
  ctx.metrics.observeSyncPhase("read", (ctx.clock.now() - startMs) / 1000);
  // Again, as a target namespace can bring together what files kept apart.
  return { objects, problems: duplicateProblems(objects) };
}

async function kindsOf(manifests: readonly Manifest[], ctx: GitOpsContext): Promise<Kinds> {
  const wanted = new Map(manifests.map(({ object }) => [kindKey(object), object]));
  const served: Kinds["served"] = new Map(
    (await Promise.all(
      [...wanted].sort(([a], [b]) => a < b ? -1 : 1).map(async ([key, { apiVersion, kind }]) => {
        const type = await ctx.cluster.resourceType(apiVersion, kind);
        return type === undefined ? [] : [[key, type] as const];
      }),
    )).flat(),
  );
  return { served, defined: definedKinds(manifests) };
}

interface Executed {
  readonly sync: MeshSync;
  readonly news: StatusNews;
  readonly work: Work;
  readonly trouble?: Verdict;
}

/** Applies what was read and deletes what is gone. */
async function execute(
  objects: readonly Placed[],
  step: Step & { readonly text: string; readonly revision: Revision },
): Promise<Executed> {
  const { ctx, text, revision } = step;
  const ids = objects.map((object) => object.id);
  const sync = await announce(ids, step);
  const inventory = sync.status?.inventory ?? [];
  const startMs = ctx.clock.now();
  const applied = await applyAll(objects, sync, ctx);
  ctx.metrics.observeSyncPhase("apply", (ctx.clock.now() - startMs) / 1000);
  remember(applied, sync, ctx);
  const failed = applyVerdict(text, applied);
  const base = { sync, work: { revision, text, applied, pruned: NOTHING_PRUNED } };
  if (failed !== undefined) return { ...base, news: {}, trouble: failed };
  const wanted = inventoryOf(ids);
  const pruned = await pruneStale(staleEntries(inventory, wanted), sync, ctx);
  const work = { ...base.work, pruned };
  const news: StatusNews = {
    inventory: mergedInventory(wanted, pruned.kept),
    lastAppliedRevision: text,
    ...(revision.tree === undefined ? {} : { lastAppliedTree: revision.tree }),
    ...(isNews(work) || sync.status?.lastAppliedTime === undefined
      ? { lastAppliedTime: timestamp(ctx.clock.now()), counts: counts(work) }
      : {}),
  };
  const trouble = pruneVerdict(text, pruned.failures);
  return { sync, work, news, ...(trouble === undefined ? {} : { trouble }) };
}

/**
 * Writes down what is about to be created, before it is: a program that dies in between would otherwise leave objects that
 * nobody knows to delete. Costs a write only when a revision brings new objects.
 */
async function announce(
  ids: readonly ObjectId[],
  step: Step & { readonly text: string },
): Promise<MeshSync> {
  const { sync, ctx, text } = step;
  const before = sync.status?.inventory ?? [];
  const both = mergedInventory(inventoryOf(ids), before);
  if (both.length === before.length) return sync;
  const verdict = {
    ready: false,
    reconciling: true,
    stalled: false,
    reason: "Progressing",
    message: `Applying ${text}: ${ids.length} objects`,
  };
  const news = { inventory: both, lastAttemptedRevision: text };
  const now = timestamp(ctx.clock.now());
  return await writeStatus(sync, syncStatus(sync, { news, verdict, now }), ctx);
}

async function pruneStale(
  stale: ReturnType<typeof staleEntries>,
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<PruneReport> {
  if (stale.length === 0 || sync.spec.prune === false) return NOTHING_PRUNED;
  const startMs = ctx.clock.now();
  const report = await prune(stale, sync, ctx);
  ctx.metrics.observeSyncPhase("prune", (ctx.clock.now() - startMs) / 1000);
  ctx.metrics.countPruned(report.pruned.length);
  return report;
}

/** What is applied now; after a failure also what was before, so that nothing of it is taken for new. */
function remember(report: ApplyReport, sync: MeshSync, ctx: GitOpsContext): void {
  const isComplete = report.failures.length === 0 && report.waiting.length === 0;
  const known = isComplete ? [] : [...ctx.memory.applied(keyOf(sync)).values()];
  const objects = new Map<string, AppliedObject>(
    known.map((object) => [entryKey(object.id), object]),
  );
  for (const change of report.changes) objects.set(entryKey(change.id), change.applied);
  ctx.memory.setApplied(keyOf(sync), [...objects.values()]);
}

function counts({ applied, pruned }: Work): Record<string, number> {
  const count = (action: string) =>
    applied.changes.filter((change) => change.action === action).length;
  return {
    configured: count("configured"),
    created: count("created"),
    pruned: pruned.pruned.length,
    skipped: pruned.skipped.length,
    unchanged: count("unchanged"),
  };
}

/** How log lines name a sync. */
export function logName(sync: MeshSync): string {
  return `${sync.metadata.namespace ?? ""}/${sync.metadata.name}`;
}
