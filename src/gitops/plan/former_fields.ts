import { ANNOTATIONS } from "#api";
import { keyOf, type KubeObject, sameJson } from "#base";
import type { ClusterClient } from "#kube";
import { isConflict } from "#kube";
import { belongsTo, fieldManager, formerFieldManagers, type TargetObject } from "#manifests";
import { appliersAmong, withFieldsOf } from "#plan";
import type { SyncContext } from "../context.ts";
import { releasedManagers } from "./others.ts";

type FormerScope = Parameters<typeof releasedManagers>[2] & { readonly acting: ClusterClient };

/** What is to be applied of an object, and what is there of it. */
interface Attempt {
  readonly target: TargetObject;
  readonly live: KubeObject | undefined;
  readonly wanted: KubeObject;
  /** Whether fields of others may be taken. */
  readonly force: boolean;
}

/** What a dry run answered, and who holds fields of the object under a name that the sync had before. */
export interface Tried {
  readonly answer: KubeObject;
  readonly former: readonly string[];
}

/** Asks the API server what applying an object would give. Nothing is written. */
export async function dryRun(
  { force, live, target, wanted }: Attempt,
  scope: FormerScope,
): Promise<Tried> {
  const { acting, ctx, sync } = scope;
  const { metadata, ...rest } = await acting.apply(wanted, {
    fieldManager: fieldManager(keyOf(sync)),
    dryRun: true,
    force,
    withManagedFields: true,
    signal: ctx.signal,
  });
  const { managedFields = [], ...kept } = metadata as typeof metadata & {
    readonly managedFields?: Parameters<typeof appliersAmong>[0];
  };
  const answer = { ...rest, metadata: kept } as KubeObject;
  const names = appliersAmong(managedFields, formerFieldManagers(keyOf(sync)));
  return { answer, former: await ownFormer(target, { names, live }, scope) };
}

/** Whether a write would leave an object as it is, as a dry run answered. */
export function isEqual(answer: KubeObject | undefined, live: KubeObject | undefined): boolean {
  return answer !== undefined && live !== undefined && sameJson(content(answer), content(live));
}

/**
 * What of an object a write is for; a dry run leaves versions and times as they are, or makes some up, and where its file
 * is alone is no reason to write it.
 */
function content(object: KubeObject): unknown {
  const { metadata, status: _status, ...rest } = object;
  const { resourceVersion: _version, generation: _generation, annotations = {}, ...kept } =
    metadata;
  const { [ANNOTATIONS.file]: _file, ...others } = annotations;
  return { ...rest, metadata: { ...kept, annotations: others } };
}

/** The names that a sync had before, of those that hold fields of an object, as the API server says. */
export async function formerOwners(
  { live, target }: Pick<Attempt, "live" | "target">,
  scope: FormerScope,
): Promise<readonly string[]> {
  const { acting, ctx, sync } = scope;
  if (live === undefined) return [];
  const managed = await acting.managedFields(target.id, ctx.signal);
  const names = appliersAmong(managed?.fields ?? [], formerFieldManagers(keyOf(sync)));
  return await ownFormer(target, { names, live }, scope);
}

/**
 * Those under which this very sync applied an object. Two syncs may have had one name: what another one applied, or holds
 * now, stays its own.
 */
async function ownFormer(
  { id }: TargetObject,
  { live, names }: { readonly names: readonly string[]; readonly live: KubeObject | undefined },
  { ctx, sync }: FormerScope,
): Promise<readonly string[]> {
  if (names.length === 0 || live === undefined || !belongsTo(sync, live)) return [];
  return [...await releasedManagers(id, names, { ctx, sync })];
}

/** How often who owns what is read anew, where somebody writes the object meanwhile. */
const CONFLICTS_MAX = 5;

/**
 * Makes what a sync applied under names that it had before its own under today's: only then does the next apply take away
 * what left Git.
 */
export async function takeFormerFields(
  { former = [], target: { id } }: Pick<Attempt, "target"> & {
    readonly former?: readonly string[];
  },
  { acting, ctx, sync }: {
    readonly sync: KubeObject;
    readonly acting: ClusterClient;
    readonly ctx: Pick<SyncContext, "signal">;
  },
): Promise<void> {
  if (former.length === 0) return;
  const manager = fieldManager(keyOf(sync));
  for (let attempt = 1;; attempt++) {
    const managed = await acting.managedFields(id, ctx.signal);
    const managedFields = withFieldsOf(managed?.fields ?? [], former, manager);
    if (managed === undefined || managedFields === undefined) return;
    const metadata = { managedFields, resourceVersion: managed.resourceVersion };
    try {
      await acting.patch(id, { metadata }, { fieldManager: manager, signal: ctx.signal });
      return;
    } catch (error) {
      if (!isConflict(error) || attempt >= CONFLICTS_MAX) throw error;
    }
  }
}
