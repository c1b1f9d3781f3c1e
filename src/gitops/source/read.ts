import type { MeshSync, SourceStatus } from "#api";
import { contentHash, mappedInTurns } from "#base";
import type { GitSource, Remote, Revision } from "#git";
import type { ClusterClient } from "#kube";
import {
  definedKinds,
  duplicateProblems,
  kindKey,
  type Kinds,
  type Manifest,
  type ManifestFile,
  type ManifestProblem,
  ReadingEndedError,
  type ReadManifests,
  selectedFiles,
  type TargetObject,
  targetObject,
  withoutLeft,
} from "#manifests";
import { logName, type SyncContext } from "../context.ts";
import type { Readings } from "./readings.ts";
import type { Inputs } from "./remote.ts";
import { passedOverStatus } from "./revision.ts";
import { reachProblems } from "../stated_authority.ts";
import { authorityOf, nestedSyncProblems } from "../tenancy.ts";

/** A commit that was fetched, and what else decides what is applied of it. */
export interface Found {
  readonly remote: Remote;
  readonly revision: Revision;
  readonly inputs: Inputs;
}

/** What a revision says. */
export interface ReadRevision {
  readonly targets: readonly TargetObject[];
  readonly problems: readonly ManifestProblem[];
  readonly passedOver: SourceStatus["passedOver"];
  /** Whether reading took too long: it may end another time. */
  readonly isEnded?: boolean;
}

/** What reading a revision takes. */
export type ReadContext =
  & Pick<
    SyncContext,
    "clock" | "log" | "metrics" | "reading" | "readManifests" | "signal" | "tenancy"
  >
  & {
    readonly git: GitSource;
    readonly readings: Readings;
    readonly acting: Pick<ClusterClient, "create" | "get" | "resourceType">;
  };

/**
 * Reads and validates all of a fetched revision. Its files are at hand: no remote is waited for, so that the place among
 * those who read is never held by somebody who waits.
 */
export async function readRevision(
  found: Found,
  sync: MeshSync,
  ctx: ReadContext,
): Promise<ReadRevision> {
  return await ctx.reading.run(
    async () => await read(found, sync, ctx),
    ctx.signal,
    sync.metadata.namespace,
  );
}

async function read(found: Found, sync: MeshSync, ctx: ReadContext): Promise<ReadRevision> {
  const { remote, revision } = found;
  const { acting, git, log, metrics, signal } = ctx;
  const startMs = ctx.clock.monotonicMs();
  const tree = revision.tree ?? "";
  const share = sync.metadata.namespace ?? "";
  const root = (sync.spec.path || ".").split("/").filter((part) => part !== "" && part !== ".")
    .join("/");
  const { files, problems: lost, selection } = await selectedFiles({
    root,
    entries: await git.listTree(remote, tree, { share, signal }),
    read: (entries) => git.readFiles(remote, { share, signal, tree, entries }),
  }, sync.spec);
  if (selection.submodules.length > 0) {
    log.warn("Passed over submodules", { sync: logName(sync), paths: selection.submodules });
  }
  const manifests = await readFiles(files, { ...ctx, found, sync });
  for (const warning of manifests.warnings.slice(0, 20)) {
    log.warn("Read a manifest with a flaw", { sync: logName(sync), ...warning });
  }
  const problems = [...lost, ...manifests.problems];
  if (problems.length > 0) {
    const passedOver = passedOverStatus(selection);
    return { targets: [], problems, passedOver, ...(manifests.isEnded ? { isEnded: true } : {}) };
  }
  const { inputs } = found;
  const documents = ctx.readings.remember(files, manifests, { sync, inputs });
  const kinds = await servedKinds(documents, acting);
  const targetOf = ctx.readings.targetsOf(
    sync,
    { inputs, kinds },
    (manifest) => targetObject(manifest, sync, kinds),
  );
  const all = await mappedInTurns(documents, targetOf, { each: TARGETS_AT_ONCE, clock: ctx.clock });
  const { applied: targets, left } = await withoutLeft(all, documents, ctx);
  const passedOver = passedOverStatus(selection, left.map(({ words }) => words));
  metrics.observeSyncPhase("read", (ctx.clock.monotonicMs() - startMs) / 1000);
  // Again, as a target namespace can bring together what files kept apart.
  const unreached = reachProblems(targets, authorityOf(sync, ctx.tenancy), ctx.tenancy);
  const wrong = [...duplicateProblems(targets), ...unreached];
  if (wrong.length > 0) return { targets: [], problems: wrong, passedOver };
  return { targets, problems: await nestedSyncProblems(targets, sync, ctx), passedOver };
}

/** Objects that are prepared before something else has its turn. */
const TARGETS_AT_ONCE = 100;

/** What files say: read are those that changed since, where that is enough. Taking too long is a problem of theirs. */
async function readFiles(
  files: readonly ManifestFile[],
  { found: { inputs, revision }, readManifests, readings, signal, sync }:
    & Pick<ReadContext, "readManifests" | "readings" | "signal">
    & { readonly found: Found; readonly sync: MeshSync },
): Promise<ReadManifests & { readonly isEnded?: boolean }> {
  const share = sync.metadata.namespace ?? "";
  const patterns = [sync.spec.include, sync.spec.exclude];
  const key = contentHash([revision.tree, sync.spec.path, patterns, inputs.key]);
  try {
    const read = (some: readonly ManifestFile[]) =>
      readManifests(inputs, some, { key, share, signal });
    return await readings.changed(files, { sync, inputs, read }) ?? await read(files);
  } catch (error) {
    if (!(error instanceof ReadingEndedError)) throw error;
    return { documents: [], problems: [error.problem], warnings: [], isEnded: true };
  }
}

/** Which kinds of manifests are served, and which the manifests define themselves. */
export async function servedKinds(
  manifests: readonly Manifest[],
  cluster: Pick<ClusterClient, "resourceType">,
): Promise<Kinds> {
  const wanted = new Map(manifests.map(({ object }) => [kindKey(object), object]));
  const sorted = [...wanted].sort(([a], [b]) => a < b ? -1 : 1);
  const found = await Promise.all(sorted.map(async ([key, { apiVersion, kind }]) => {
    const type = await cluster.resourceType(apiVersion, kind);
    return type === undefined ? [] : [[key, type] as const];
  }));
  return { served: new Map(found.flat()), defined: definedKinds(manifests) };
}
