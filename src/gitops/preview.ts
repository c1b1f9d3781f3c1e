import { type MeshSync, resourceOf } from "#api";
import { idOf, idText, keyOf, type KubeObject, type ObjectId, pooled } from "#base";
import { ApiError, type ClusterClient, isKindMissing, isNotFound } from "#kube";
import {
  authoredObject,
  fieldManager,
  kindKey,
  type Kinds,
  type LeftObject,
  type Manifest,
  manifestProblemText,
  problemOf,
  type TargetObject,
  targetObject,
  withoutLeft,
} from "#manifests";
import { applyStages, withoutLeavingFields } from "#plan";
import { CALLS_AT_ONCE, type SyncContext } from "./context.ts";
import { servedKinds } from "./source/read.ts";
import type { ObjectPlan, PlanScope, WritePlan } from "./plan/object.ts";
import { refusalText } from "./plan/refusal.ts";
import { pruneBrake, type RevisionPlan, revisionPlan } from "./plan/revision.ts";
import { Proofs } from "./proofs.ts";
import { composition, quarantinesOf } from "./rollback.ts";
import { SecretValues } from "./secret_values.ts";
import { authorityFrom, PROGRAM_NAMESPACE, reachProblems } from "./stated_authority.ts";

/** One object before and after manifests would be applied. */
export interface Preview {
  readonly id: ObjectId;
  /** Absent: it would be created. */
  readonly before: KubeObject | undefined;
  /** As a server-side dry run answered; absent: it would be deleted. */
  readonly after: KubeObject | undefined;
  /** What somebody should know about it. */
  readonly note?: string;
  /** Values in it that nothing may repeat. */
  readonly secrets?: readonly string[];
}

/** Where and as whom manifests would be applied. */
export interface PreviewOptions {
  readonly cluster: ClusterClient;
  /** Apply as this MeshSync would, and show what it would delete. */
  readonly sync?: MeshSync;
  /** Namespace of objects that name none, without a sync. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** Whoever previews without a sync. */
const PREVIEW_MANAGER = "meshwright-diff";

/**
 * What applying manifests would change, asked of the API server by dry runs: nothing is written. In the order of
 * applying, deletions last. With a sync it is the plan that the loop would make.
 *
 * @throws {Error} when the API server refuses an object
 */
export async function previewed(
  manifests: readonly Manifest[],
  options: PreviewOptions,
): Promise<Preview[]> {
  const kinds = await servedKinds(manifests, options.cluster);
  const { sync } = options;
  const known = secretsIn(manifests);
  const previews = sync === undefined
    ? await plainPreviews(manifests, kinds, options)
    : await syncPreviews(manifests, kinds, { ...options, sync });
  return known.length === 0 ? previews : previews.map((preview) => {
    const { secrets = [] } = preview;
    // What is live may hold what only other files hold now, or no file any more.
    return { ...preview, secrets: secrets.length === 0 ? known : [...secrets, ...known] };
  });
}

/** What nothing may repeat that is told about manifests, whichever of them it is about. */
export function secretsIn(manifests: readonly Manifest[]): readonly string[] {
  const known = new SecretValues();
  for (const secrets of new Set(manifests.map((manifest) => manifest.secrets ?? []))) {
    known.add(secrets);
  }
  return known.values;
}

async function plainPreviews(
  manifests: readonly Manifest[],
  kinds: Kinds,
  options: PreviewOptions,
): Promise<Preview[]> {
  const targets = manifests.map((manifest): TargetObject => {
    const object = inNamespace(authoredObject(manifest.object), kinds, options.namespace);
    return {
      ...manifest,
      object,
      id: idOf(object),
      hash: "",
      type: kinds.served.get(kindKey(object)),
    };
  });
  const { cluster, signal } = options;
  const { applied, left } = await withoutLeft(targets, manifests, { acting: cluster, signal });
  const ordered = applyStages(applied, ({ id }) => id).flat();
  const changes = await pooled(
    ordered,
    CALLS_AT_ONCE,
    (target) =>
      discreet(target, async () => {
        const { secrets = [] } = target;
        const named = secrets.length === 0 ? {} : { secrets };
        return { ...await objectPreview(target.object, options), ...named };
      }),
  );
  return [...leftPreviews(left), ...changes];
}

/** Objects that are somebody else's: nothing of them changes, which is said. */
function leftPreviews(left: readonly LeftObject[]): Preview[] {
  return left.map(({ target: { id, object, secrets = [] }, words }) => ({
    id,
    before: object,
    after: object,
    note: words.slice(idText(id).length + 1),
    ...(secrets.length === 0 ? {} : { secrets }),
  }));
}

type SyncPreviewOptions = PreviewOptions & { readonly sync: MeshSync };

async function syncPreviews(
  manifests: readonly Manifest[],
  kinds: Kinds,
  { cluster, signal, sync }: SyncPreviewOptions,
): Promise<Preview[]> {
  if (manifests.length === 0) return [];
  const ctx: PlanScope["ctx"] = {
    cluster,
    // Whoever asks acts, and sees what that one may see.
    clientOf: () => cluster,
    tenancy: { home: "", isSingleTenant: true, kinds: "any", defaultServiceAccount: "default" },
    signal,
    proofs: new Proofs(),
    caches: {
      of: () => undefined,
      version: () => undefined,
      obstacle: () => undefined,
      follow: () => Promise.resolve(),
    },
    syncs: {
      get: () => undefined,
      list: async () => await cluster.list(resourceOf("MeshSync"), { signal }) as MeshSync[],
      synced: true,
    },
  };
  const all = manifests.map((manifest) => targetObject(manifest, sync, kinds));
  const unreached = reachProblems(all, authorityFrom(sync), { home: PROGRAM_NAMESPACE });
  if (unreached.length > 0) throw new Error(unreached.map(manifestProblemText).join("\n"));
  const { applied: targets, left } = await withoutLeft(all, manifests, { acting: cluster, signal });
  // What is in quarantine stays as it is: which commit it goes back to is the loop's to know.
  const composed = await composition(targets, sync, () => Promise.resolve(undefined));
  const scope = { sync, ctx, acting: cluster, frozen: composed.frozen };
  const plan = await revisionPlan(composed.targets, scope);
  const ordered = applyStages(plan.objects, ({ target }) => target.id).flat();
  const changes = await pooled(
    ordered,
    CALLS_AT_ONCE,
    (one) => discreet(one.target, () => planPreview(one, scope)),
  );
  return [
    ...leftPreviews(left),
    ...changes.flat(),
    ...frozenPreviews(sync, composed.frozen),
    ...deletions(plan, sync),
  ];
}

async function planPreview(
  plan: ObjectPlan,
  scope: { readonly sync: MeshSync; readonly acting: ClusterClient } & {
    readonly ctx: Pick<SyncContext, "signal">;
  },
): Promise<Preview[]> {
  const { id, object, secrets = [] } = plan.target;
  const base = { id, ...(secrets.length === 0 ? {} : { secrets }) };
  switch (plan.step) {
    case "keep":
      return [];
    case "unserved":
      return [{ ...base, before: undefined, after: object, note: "its kind is not served yet" }];
    case "refused": {
      const { failure, write } = plan;
      if (!failure.isConflict || write === undefined) {
        throw new Error(manifestProblemText(failure));
      }
      const after = await forced(write, scope);
      return [{ ...base, before: write.live, after, note: failure.message }];
    }
    case "write": {
      const { answer, dryRunDeferred, live, wanted } = plan;
      if (dryRunDeferred !== undefined) {
        return [{ ...base, before: live, after: wanted, note: dryRunDeferred }];
      }
      const former = plan.former ?? [];
      const after = former.length > 0
        ? await takenOver(plan, former, scope)
        : answer ?? await forced(plan, scope);
      return [{ ...base, before: live, after }];
    }
    default:
      return plan satisfies never;
  }
}

/** What a write would answer after fields that the sync applied under names it had before became its own. */
async function takenOver(
  { force, wanted }: WritePlan,
  former: readonly string[],
  { acting, ctx: { signal }, sync }: Parameters<typeof forced>[1],
): Promise<KubeObject> {
  const manager = fieldManager(keyOf(sync));
  const call = { fieldManager: manager, dryRun: true, force, withManagedFields: true, signal };
  const { metadata, ...rest } = await acting.apply(wanted, call);
  const { managedFields = [], ...kept } = metadata as typeof metadata & {
    readonly managedFields?: Parameters<typeof withoutLeavingFields>[1];
  };
  const answer = { ...rest, metadata: kept } as KubeObject;
  return withoutLeavingFields(answer, managedFields, { from: former, into: manager });
}

/** What a write would answer that takes the fields of others. */
async function forced(
  { wanted }: WritePlan,
  { acting, ctx, sync }: {
    readonly sync: MeshSync;
    readonly acting: ClusterClient;
    readonly ctx: Pick<SyncContext, "signal">;
  },
): Promise<KubeObject> {
  const manager = fieldManager(keyOf(sync));
  const { signal } = ctx;
  return await acting.apply(wanted, { fieldManager: manager, dryRun: true, force: true, signal });
}

function frozenPreviews(sync: MeshSync, frozen: ReadonlySet<string>): Preview[] {
  if (frozen.size === 0) return [];
  const id = idOf(sync);
  const healthy = quarantinesOf(sync).map(({ healthyRevision }) => healthyRevision);
  const note = `${[...frozen].sort().join(", ")} stay as in ${
    [...new Set(healthy)].join(", ")
  }: what a newer revision did to them is in quarantine`;
  return [{ id, before: sync, after: sync, note }];
}

function deletions(plan: RevisionPlan, sync: MeshSync): Preview[] {
  const excess = pruneBrake(plan, { commit: "", sync });
  const note = excess === undefined ? {} : { note: `the revision would be held back: ${excess}` };
  return plan.prune.toDelete.map(({ id, live }) => ({
    id,
    before: live,
    after: undefined,
    ...note,
  }));
}

function inNamespace(object: KubeObject, kinds: Kinds, own: string): KubeObject {
  const isNamespaced = kinds.served.get(kindKey(object))?.namespaced ??
    kinds.defined.get(kindKey(object)) ?? true;
  if (!isNamespaced) return object;
  const namespace = object.metadata.namespace ?? own;
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** What is asked of an API server for an object, or an error that repeats no secret value. */
async function discreet<T>(target: TargetObject, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // Without its cause, which holds the words of the server, and in them values.
    const message = refusalText(error, undefined, target);
    throw new Error(manifestProblemText(problemOf(target, message)));
  }
}

async function objectPreview(object: KubeObject, options: PreviewOptions): Promise<Preview> {
  const { cluster, signal } = options;
  const id = idOf(object);
  const type = await cluster.resourceType(id.apiVersion, id.kind);
  if (type === undefined) {
    return { id, before: undefined, after: object, note: "its kind is not served yet" };
  }
  const before = await cluster.get(type, id, signal);
  const call = { fieldManager: PREVIEW_MANAGER, dryRun: true, force: true, signal };
  try {
    return { id, before, after: await cluster.apply(object, call) };
  } catch (error) {
    if (before === undefined && (isNotFound(error) || isKindMissing(error))) {
      return { id, before, after: object, note: "its namespace does not exist yet" };
    }
    throw error;
  }
}
