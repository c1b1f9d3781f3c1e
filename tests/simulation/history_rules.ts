/** What must hold in every history, at every moment: see {@linkcode HistoryRules}. */
import { FINALIZERS, type MeshSync } from "#api";
import { conditionOf, type KubeObject, type ObjectKey, sameJson } from "#base";
import { fieldManager } from "#manifests";
import type { StoreEvent } from "../support/fake_cluster_store.ts";
import type { PlannedRequest } from "../support/fault_plan.ts";
import { PROGRAM } from "../support/sync_process.ts";
import { configMapId, SHOP, type SyncWorld } from "../support/sync_world.ts";
import { OBJECTS, SYNCS } from "./history.ts";
import {
  type CommitModel,
  commitOf,
  isReadyObject,
  objectFlaw,
  poolId,
  poolName,
} from "./history_model.ts";

/** Something that must not be. */
export class RuleBroken extends Error {
  override readonly name = "RuleBroken";
}

/** One state of an object and from when on it was so. */
interface ObjectState {
  readonly version: number;
  readonly object: KubeObject | undefined;
}

/** Where the branch is, and since when. */
export interface Head {
  readonly commit: string;
  readonly sinceMs: number;
}

/** How long a sync waits for others before it deletes what they may want. */
const PRUNE_WAIT_MS = 150_000;

/**
 * Watches a history as it happens.
 *
 * - What the program did not make is not touched.
 * - `Ready` says `Healthy` only of what was so at some moment that the pass could see.
 * - What Git wants is not deleted.
 * - What is written down as applied is not applied again.
 * - A MeshSync goes when nothing of it is left, or an event names what is.
 */
export class HistoryRules {
  readonly broken: string[] = [];
  readonly #world: SyncWorld;
  readonly #model: CommitModel;
  readonly #states = new Map<string, ObjectState[]>();
  readonly #ownWrites = new Map<string, number>();
  /** The oldest version that a pass of a sync may go by. */
  readonly #passStarts = new Map<string, number>();
  /** Where the branch was when the pass of a sync began. */
  readonly #passHeads = new Map<string, Head | undefined>();
  head: Head | undefined;
  /** Syncs that were deleted once when their objects were to stay. */
  readonly released = new Set<string>();

  constructor(world: SyncWorld, model: CommitModel) {
    this.#world = world;
    this.#model = model;
    world.onEvent = (event) => this.#seen(event);
    world.onPassStart = (key) => this.#began(key);
    world.onRequest = (request) => this.#asked(request);
  }

  #break(words: string): void {
    const atMs = Math.round(this.#world.clock.monotonicMs() - 5_000_000);
    this.broken.push(`${words} (at ${atMs} ms)`);
  }

  #began(key: ObjectKey): void {
    const { behindSinceVersion } = this.#world.process;
    const known = Math.min(behindSinceVersion - 1, this.#world.cluster.store.version);
    this.#passStarts.set(key.name, known);
    this.#passHeads.set(key.name, this.head);
  }

  #seen(event: StoreEvent): void {
    const object = event.after ?? event.before;
    if (object === undefined) return;
    const isProgram = event.by === PROGRAM || event.by.startsWith("meshwright");
    if (object.kind === "MeshSync") return this.#syncChanged(event, isProgram);
    const name = poolName(object);
    if (name === undefined) {
      const isOwn = object.kind === "Event" || object.metadata.name.startsWith("meshsync-");
      if (isProgram && !isOwn) this.#break(`touched ${object.kind} ${object.metadata.name}`);
      return;
    }
    const states = this.#states.get(name) ?? [];
    this.#states.set(name, states);
    states.push({ version: event.version, object: event.after });
    if (isProgram) this.#ownWrites.set(name, event.version);
    if (event.by === PROGRAM && isGoing(event)) this.#deleted(name, event.before);
  }

  #syncChanged({ after, before, by }: StoreEvent, isProgram: boolean): void {
    if (after === undefined) {
      if (before !== undefined && isProgram) this.#finalized(before as MeshSync);
      return;
    }
    const [was, is] = [before, after].map((one) =>
      conditionOf((one as MeshSync | undefined)?.status?.conditions, "Ready")
    );
    const isClaim = isProgram && is?.status === "True" && is.reason === "Healthy" &&
      !sameJson(was, is);
    if (isClaim) this.#claimed(after as MeshSync);
    if (isProgram && by !== PROGRAM) this.#checkGeneration(after as MeshSync);
  }

  #checkGeneration({ metadata, status }: MeshSync): void {
    const seen = status?.observedGeneration ?? 0;
    if (seen > (metadata.generation ?? 0)) {
      this.#break(`MeshSync ${metadata.name} says that it saw generation ${seen}, which never was`);
    }
  }

  /** `Ready` is `Healthy`: every object must have been so at some moment that the pass could see. */
  #claimed(sync: MeshSync): void {
    const { name } = sync.metadata;
    const commit = commitOf(sync.status?.lastAppliedRevision);
    if (commit === undefined) return this.#break(`MeshSync ${name} is Healthy without a revision`);
    const since = this.#visibleSince(name);
    for (const [object, variant] of this.#model.composed(sync, commit, this.#world)) {
      const from = Math.max(since, this.#ownWrites.get(object) ?? 0);
      const isTrue = this.#statesSince(object, from).some((live) =>
        objectFlaw(object, { live, sync: name, variant }) === undefined &&
        isReadyObject(object, live)
      );
      if (isTrue) continue;
      const live = this.#world.object(poolId(object));
      if (this.#isTakenOver(object, { live, sync: name })) continue;
      const flaw = objectFlaw(object, { live, sync: name, variant }) ?? `${object} is not ready`;
      this.#break(`MeshSync ${name} says Healthy of ${short(commit)}, but ${flaw}`);
    }
  }

  /** Whether Git moved an object on, and whom it gave it to has it already. */
  #isTakenOver(
    object: string,
    { live, sync }: { readonly live: KubeObject | undefined; readonly sync: string },
  ): boolean {
    const owner = live?.metadata.labels?.["gitops.functionmesh.io/name"];
    const wanting = this.#model.tree(this.head?.commit ?? "").get(object)?.sync;
    return owner !== undefined && owner !== sync && owner === wanting;
  }

  #visibleSince(sync: string): number {
    const { behindSinceVersion } = this.#world.process;
    return Math.min(this.#passStarts.get(sync) ?? 0, behindSinceVersion - 1);
  }

  #statesSince(name: string, version: number): (KubeObject | undefined)[] {
    const states = this.#states.get(name) ?? [];
    const found: (KubeObject | undefined)[] = [];
    for (let index = states.length - 1; index >= 0; index--) {
      const state = states[index];
      found.push(state?.object);
      if (state !== undefined && state.version <= version) break;
    }
    return found;
  }

  /** The program deleted an object: Git must not have wanted it when the pass began, except of a sync that goes. */
  #deleted(name: string, before: KubeObject | undefined): void {
    const { head } = this;
    const at = head === undefined ? undefined : this.#model.tree(head.commit).get(name);
    if (head === undefined || at === undefined) return;
    if (SYNCS.some((sync) => this.#passHeads.has(sync) && this.#passHeads.get(sync) !== head)) {
      return;
    }
    const wanting = this.#world.meshSync(at.sync);
    const owner = before?.metadata.labels?.["gitops.functionmesh.io/name"] ?? "";
    const owning = this.#world.meshSync(owner);
    const isEnding = owning === undefined || owning.metadata.deletionTimestamp !== undefined;
    // Who waits for a sync that waits for it ends that by deleting, after a while.
    const isCircle = wanting?.spec.dependsOn?.some((other) => other.name === owner) === true;
    if (isEnding || isCircle) return;
    const { lastAppliedRevision, quarantined = [], trials = [] } = wanting?.status ?? {};
    const isAsleep = wanting === undefined || wanting.spec.suspend === true ||
      wanting.metadata.deletionTimestamp !== undefined ||
      quarantined.length > 0 || trials.length > 0 || this.#world.repository.trouble !== undefined;
    const isLate = this.#world.clock.now() - head.sinceMs > PRUNE_WAIT_MS &&
      commitOf(lastAppliedRevision) !== head.commit;
    if (!isAsleep && !isLate) this.#break(`deleted ${name}, which Git wants in ${at.sync}`);
  }

  /** The program is about to apply: not what it wrote down as applied, and what is still so. */
  #asked({ kind, manager, name, verb }: PlannedRequest): void {
    if (verb !== "apply" || !OBJECTS.includes(name) || kind === "MeshSync") return;
    const live = this.#world.object(poolId(name));
    // Another sync that takes the object for its own is refused: it does not own the fields.
    for (const sync of SYNCS) {
      if (manager !== fieldManager({ namespace: SHOP, name: sync })) continue;
      const object = this.#world.meshSync(sync);
      const commit = commitOf(object?.status?.lastAppliedRevision);
      if (object === undefined || commit === undefined || commit !== this.head?.commit) continue;
      // The branch was set back while the sync looked at another commit, which it applies.
      if (this.#passHeads.has(sync) && this.#passHeads.get(sync) !== this.head) continue;
      const variant = this.#model.composed(object, commit, this.#world).get(name);
      if (variant === undefined || objectFlaw(name, { live, sync, variant }) !== undefined) {
        continue;
      }
      const ready = conditionOf(object.status?.conditions, "Ready");
      const isQuiet = ready?.status === "True" &&
        (this.#states.get(name)?.at(-1)?.version ?? 0) < (this.#passStarts.get(sync) ?? 0);
      if (isQuiet) this.#break(`applied ${name} again, although it is as ${sync} applied it`);
    }
  }

  /** A MeshSync went: nothing of it may be left, unless that was wanted or is said. */
  #finalized(sync: MeshSync): void {
    const { name } = sync.metadata;
    if (!(sync.metadata.finalizers ?? []).includes(FINALIZERS.sync)) return;
    const { deletionPolicy, suspend } = sync.spec;
    if (deletionPolicy === "Orphan" || suspend === true) return;
    if (this.#world.events.some((one) => one.reason === "LeftBehind")) return;
    for (const object of OBJECTS) {
      const live = this.#world.object(poolId(object));
      const owner = live?.metadata.labels?.["gitops.functionmesh.io/name"];
      const isGoing = live?.metadata.deletionTimestamp !== undefined;
      const isOthers = SYNCS.some((other) =>
        other !== name &&
        (this.#world.status(other).inventory ?? []).some(({ id }) =>
          id.startsWith(`${SHOP}_${object}_`)
        )
      );
      const isLetGo = this.#model.wasIn(object, this.released);
      if (live !== undefined && owner === name && !isGoing && !isOthers && !isLetGo) {
        this.#break(`let MeshSync ${name} go, although ${object} is left`);
      }
    }
  }
}

function isGoing({ after, before }: StoreEvent): boolean {
  return after === undefined ||
    (after.metadata.deletionTimestamp !== undefined &&
      before?.metadata.deletionTimestamp === undefined);
}

function short(commit: string): string {
  return commit.replace(/^0+/, "#");
}

/** A ConfigMap that nobody wants. */
export const FOREIGN = configMapId("foreign");
