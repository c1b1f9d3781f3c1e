/** What must hold when a history is over, nothing fails any longer, and time enough went by. */
import type { MeshSync } from "#api";
import { conditionOf } from "#base";
import type { SyncWorld } from "../support/sync_world.ts";
import { OBJECTS, SYNCS } from "./history.ts";
import {
  type CommitModel,
  commitOf,
  type FolderContent,
  isHeldByOthers,
  isReadyObject,
  objectFlaw,
  poolId,
  poolKey,
} from "./history_model.ts";

/** What a history leaves behind. */
export interface Rest {
  readonly world: SyncWorld;
  readonly model: CommitModel;
  /** The commit that the branch is at. */
  readonly head: string | undefined;
  /** Syncs that were deleted once when their objects were to stay: what carries their label may be of that time. */
  readonly released: ReadonlySet<string>;
}

/** Reasons of `Ready` when all of a revision is applied. */
const APPLIED: readonly string[] = ["Healthy", "Quarantined", "Unhealthy"];

/** All that is not as it should be. */
export function restFlaws(rest: Rest): string[] {
  return SYNCS.flatMap((name) => {
    const sync = rest.world.meshSync(name);
    const flaws = sync === undefined ? goneFlaws(name, rest) : syncFlaws(sync, rest);
    return flaws.map((flaw) => `MeshSync ${name}: ${flaw}`);
  });
}

/** Names of objects that carry the label of a sync. */
function labelled(sync: string, { model, released, world }: Rest): string[] {
  if (released.has(sync)) return [];
  return OBJECTS.filter((name) =>
    world.object(poolId(name))?.metadata.labels?.["gitops.functionmesh.io/name"] === sync &&
    // What was let go for a sync that left behind what it had.
    !model.wasIn(name, released)
  );
}

function goneFlaws(name: string, rest: Rest): string[] {
  const isSaid = rest.world.events.some((event) => event.reason === "LeftBehind");
  if (isSaid) return [];
  // What it let go is in the inventory of whom Git moved it to, also where that cannot take it over.
  return labelled(name, rest).filter((object) => !isHeldByOthers([object], name, rest.world))
    .map((object) => `is gone, but ${object} is left`);
}

function syncFlaws(sync: MeshSync, rest: Rest): string[] {
  const { metadata, spec, status = {} } = sync;
  if (metadata.deletionTimestamp !== undefined) return ["is deleted, but does not go"];
  const ready = conditionOf(status.conditions, "Ready");
  if (spec.suspend === true) return ready?.reason === "Suspended" ? [] : ["is not Suspended"];
  if (rest.head === undefined) return [];
  const reason = ready?.reason ?? "nothing";
  const flaws = [
    ...inventoryFlaws(sync, rest),
    ...(status.observedGeneration === metadata.generation ? [] : ["saw an older generation only"]),
    ...(status.lastAttemptedRevision === undefined ||
        commitOf(status.lastAttemptedRevision) === rest.head
      ? []
      : [`tried ${status.lastAttemptedRevision} last, not ${rest.head}`]),
  ];
  if (APPLIED.includes(reason)) return [...flaws, ...appliedFlaws(sync, reason, rest)];
  const cause = waitingFlaw(sync, reason, rest);
  return cause === undefined ? flaws : [...flaws, `${cause}: ${reason}: ${ready?.message}`];
}

/** Nothing is forgotten: what carries the label of a sync is in its inventory. */
function inventoryFlaws(sync: MeshSync, rest: Rest): string[] {
  const known = new Set((sync.status?.inventory ?? []).map(({ id }) => id));
  const { name: own } = sync.metadata;
  return labelled(own, rest).filter((name) =>
    !known.has(poolKey(name)) && !isHeldByOthers([name], own, rest.world)
  ).map((name) => `${name} is not in its inventory`);
}

function isEditedObject(name: string, world: SyncWorld): boolean {
  const live = world.object(poolId(name));
  return JSON.stringify([live?.["data"], live?.spec]).includes("edited");
}

function appliedFlaws(sync: MeshSync, reason: string, rest: Rest): string[] {
  const { model, world } = rest;
  const { lastAppliedRevision } = sync.status ?? {};
  const commit = commitOf(lastAppliedRevision) ?? "";
  const { name } = sync.metadata;
  const content = model.composed(sync, commit, world);
  const objects = [...content].map(([object, variant]) => ({
    object,
    flaw: objectFlaw(object, { live: world.object(poolId(object)), sync: name, variant }),
    isReady: isReadyObject(object, world.object(poolId(object))),
  }));
  const unready = objects.filter(({ isReady }) => !isReady);
  return [
    ...(commit === rest.head ? [] : [`says ${reason} of ${lastAppliedRevision}, not of the head`]),
    ...objects.flatMap(({ flaw }) => flaw === undefined ? [] : `says ${reason}, but ${flaw}`),
    ...labelled(name, rest).filter((object) =>
      !content.has(object) && !isHeldByOthers([object], name, world)
    )
      .map((object) => `says ${reason}, but ${object} is left`),
    ...conditionFlaws(sync, { reason, unready: unready.length, total: objects.length }),
    ...exactInventoryFlaws(sync, content),
  ];
}

function conditionFlaws(
  { status, spec }: MeshSync,
  { reason, total, unready }: {
    readonly reason: string;
    readonly total: number;
    readonly unready: number;
  },
): string[] {
  const of = (type: string) => conditionOf(status?.conditions, type)?.status ?? "nothing";
  const holds = spec.onUnhealthy === "rollback" ? status?.quarantined ?? [] : [];
  const wanted = unready > 0 ? "Unhealthy" : holds.length > 0 ? "Quarantined" : "Healthy";
  return [
    ...(reason === wanted ? [] : [`says ${reason}, is ${wanted}`]),
    ...(of("Ready") === (wanted === "Healthy" ? "True" : "False")
      ? []
      : [`Ready is wrong: ${of("Ready")} with ${reason}`]),
    // Where nothing is applied, there is nothing to be healthy.
    ...(total === 0 || of("Healthy") === (unready === 0 ? "True" : "False")
      ? []
      : [`Healthy is wrong: ${of("Healthy")} with ${reason}`]),
    ...(of("Reconciling") === "False"
      ? []
      : [`Reconciling is wrong: ${of("Reconciling")} with ${reason}`]),
  ];
}

function exactInventoryFlaws({ status }: MeshSync, content: FolderContent): string[] {
  const known = (status?.inventory ?? []).map(({ id }) => id).sort().join();
  const wanted = [...content.keys()].map(poolKey).sort().join();
  return known === wanted ? [] : [`its inventory is ${known}, not ${wanted}`];
}

/** Why a sync may not stand where it stands; undefined when it may. */
function waitingFlaw(sync: MeshSync, reason: string, rest: Rest): string | undefined {
  const { model, world, head = "" } = rest;
  const { name } = sync.metadata;
  const content = model.folder(head, name);
  switch (reason) {
    case "NothingToApply":
    case "PathNotFound":
      return content.size === 0 ? undefined : "there is something to apply";
    case "DependencyNotReady": {
      const waits = sync.spec.dependsOn?.some((other) => {
        const status = world.status(other.name);
        return conditionOf(status.conditions, "Ready")?.status !== "True" ||
          commitOf(status.lastAppliedRevision) !== head;
      });
      return waits === true ? undefined : "what it depends on is ready";
    }
    case "FieldConflict": {
      // An edit of an object that moves is nobody's drift.
      const isEdited = OBJECTS.some((object) => isEditedObject(object, world));
      return isEdited || isHeldByStuck([...content.keys()], name, world)
        ? undefined
        : "nobody who cannot let it go holds what it wants";
    }
    default:
      return "does not come to rest";
  }
}

/** Reasons for which a sync does not come to let go what another one wants. */
const STUCK: readonly string[] = [
  ...["DependencyNotReady", "NothingToApply", "PathNotFound", "Suspended"],
];

/** Whether another sync holds one of these objects, and does not come to let it go. */
function isHeldByStuck(objects: readonly string[], sync: string, world: SyncWorld): boolean {
  return SYNCS.some((other) => {
    const { conditions, inventory = [] } = world.status(other);
    const holds = inventory.some(({ id }) => objects.some((object) => id === poolKey(object)));
    const reason = conditionOf(conditions, "Ready")?.reason ?? "nothing";
    return other !== sync && holds && STUCK.includes(reason);
  });
}
