import {
  conditionOf,
  idOf,
  keyFromText,
  keyText,
  type KubeObject,
  type ObjectId,
  type ObjectKey,
} from "#base";
import { isNewerVersion } from "#kube";
import { differences, entryKey, withIgnored, withScaledReplicas } from "#plan";
import type { InventoryEntry, Verdict } from "#plan";
import type { Sick } from "./health.ts";

/** One object as this process applied it. */
export interface AppliedObject {
  readonly id: ObjectId;
  /** Hash of what Git says. */
  readonly hash: string;
  /** What was applied. */
  readonly object?: KubeObject;
  /** JSON pointers to fields that are left to others. */
  readonly ignored?: readonly string[];
  readonly resourceVersion: string | undefined;
  /** Values in it that no message may repeat. */
  readonly secrets?: readonly string[];
}

/** What is known of a MeshSync between two passes. Lost with the process: the status and the cluster rebuild it. */
export interface SyncState {
  /** What the last look at the remote was for: another generation or request means to look again. */
  readonly lookedFor?: string;
  readonly lastLookAtMs?: number;
  readonly nextLookAtMs: number;
  /** The commit that was seen last. */
  readonly commit?: string;
  /** The commit and the spec that need no further work, applied or refused. */
  readonly settledKey?: string;
  /** Why that commit is held back; absent when it was applied. */
  readonly held?: Verdict;
  /** The content and the spec that are applied completely. */
  readonly appliedKey?: string;
  readonly appliedAtMs?: number;
  /** Set while commit-to-ready is being measured: since when the commit can have been there. */
  readonly measuredFromMs?: number;
  /** When a revision that waits for its window may be applied. */
  readonly waitsUntilMs?: number;
  /** The revision that waits for other MeshSyncs: their changes are a reason to look. */
  readonly waitsForOthers?: string;
  /** Since when objects wait to be deleted, because other MeshSyncs may take them over. */
  readonly pruneWaitsSinceMs?: number;
  /** How the objects of ordinary kinds were, of the content that was applied then. */
  readonly ordinary?: { readonly appliedKey: string; readonly sick: readonly Sick[] };
  /** Why the last look at the remote or the last attempt to apply failed. */
  readonly trouble?: Verdict;
  /** The MeshSync as the API server answered our last write of its status. */
  readonly written?: KubeObject;
  /** Failed passes in a row. */
  readonly failures: number;
}

const NEW_STATE: SyncState = { nextLookAtMs: 0, failures: 0 };

interface Entry {
  state: SyncState;
  applied: ReadonlyMap<string, AppliedObject>;
  readonly suspects: Set<string>;
  /** Objects that others changed and that were left so, with the fields. */
  readonly left: Map<string, LeftDrift>;
  inventory: readonly InventoryEntry[] | undefined;
}

/** Somebody's change that was not undone, as the sync's spec wants it. */
export interface LeftDrift {
  readonly id: ObjectId;
  readonly paths: readonly string[];
}

/**
 * What the loop remembers, so that an unchanged revision costs no request by object.
 *
 * Who watches our kinds hands every change to {@linkcode SyncMemory.notice}, and puts the syncs it answers in the queue.
 */
export class SyncMemory {
  readonly #entries = new Map<string, Entry>();
  /** Object -> syncs that applied it. */
  readonly #owners = new Map<string, Set<string>>();

  state(key: ObjectKey): SyncState {
    return this.#entries.get(keyText(key))?.state ?? NEW_STATE;
  }

  setState(key: ObjectKey, state: SyncState): void {
    this.#entry(key).state = state;
  }

  /** What a sync applied, by `entryKey`. */
  applied(key: ObjectKey): ReadonlyMap<string, AppliedObject> {
    return this.#entries.get(keyText(key))?.applied ?? new Map();
  }

  /** Replaces what a sync applied. */
  setApplied(key: ObjectKey, objects: readonly AppliedObject[]): void {
    const entry = this.#entry(key);
    this.#disown(key, entry);
    entry.applied = new Map(objects.map((object) => [entryKey(object.id), object]));
    entry.suspects.clear();
    for (const id of entry.applied.keys()) {
      const owners = this.#owners.get(id) ?? new Set();
      this.#owners.set(id, owners.add(keyText(key)));
    }
  }

  /** Objects of a sync that somebody changed since they were applied. */
  suspects(key: ObjectKey): AppliedObject[] {
    const entry = this.#entries.get(keyText(key));
    if (entry === undefined) return [];
    return [...entry.suspects].sort().flatMap((id) => entry.applied.get(id) ?? []);
  }

  /** Has all objects of a sync looked at: what became of them meanwhile is not known. */
  suspectAll(key: ObjectKey): void {
    const { applied, suspects } = this.#entry(key);
    for (const id of applied.keys()) suspects.add(id);
  }

  /** Whether somebody changed an object since a sync applied it. */
  isSuspect(key: ObjectKey, id: ObjectId): boolean {
    return this.#entries.get(keyText(key))?.suspects.has(entryKey(id)) === true;
  }

  /** Notes that an object is as it should be again. */
  settle(key: ObjectKey, object: AppliedObject): void {
    const entry = this.#entry(key);
    const id = entryKey(object.id);
    entry.suspects.delete(id);
    entry.applied = new Map(entry.applied).set(id, object);
  }

  /** What a sync owns, once it was read or written; undefined before. */
  inventory(key: ObjectKey): readonly InventoryEntry[] | undefined {
    return this.#entries.get(keyText(key))?.inventory;
  }

  setInventory(key: ObjectKey, inventory: readonly InventoryEntry[]): void {
    this.#entry(key).inventory = inventory;
  }

  /** Changes of others that were left, sorted by object. */
  left(key: ObjectKey): LeftDrift[] {
    const left = this.#entries.get(keyText(key))?.left ?? new Map<string, LeftDrift>();
    return [...left].sort(([a], [b]) => a < b ? -1 : 1).map(([_, drift]) => drift);
  }

  /** Notes a change that is left; no paths: there is none (anymore). */
  setLeft(key: ObjectKey, drift: LeftDrift): void {
    const { left, suspects } = this.#entry(key);
    suspects.delete(entryKey(drift.id));
    if (drift.paths.length === 0) left.delete(entryKey(drift.id));
    else left.set(entryKey(drift.id), drift);
  }

  /** The syncs that applied an object. */
  owning(id: ObjectId): ObjectKey[] {
    return [...this.#owners.get(entryKey(id)) ?? []].sort().map(keyFromText);
  }

  /**
   * Takes in a change that a watch saw, and answers the syncs that should look: the object is no longer as they applied
   * it, or its readiness changed.
   */
  notice(change: { readonly before?: KubeObject; readonly after?: KubeObject }): ObjectKey[] {
    const object = change.after ?? change.before;
    if (object === undefined) return [];
    const id = entryKey(idOf(object));
    return this.owning(idOf(object)).filter((key) => {
      const entry = this.#entry(key);
      const applied = entry.applied.get(id);
      if (applied === undefined) return false;
      const isChanged = hasDrifted(applied, change.after);
      // What was left comes back as a suspect too, to notice that it is in order again.
      if (isChanged || entry.left.has(id)) entry.suspects.add(id);
      return isChanged || entry.left.has(id) ||
        readiness(change.before) !== readiness(change.after);
    });
  }

  /** Drops all that is known of a sync. */
  forget(key: ObjectKey): void {
    const entry = this.#entries.get(keyText(key));
    if (entry !== undefined) this.#disown(key, entry);
    this.#entries.delete(keyText(key));
  }

  #entry(key: ObjectKey): Entry {
    const known = this.#entries.get(keyText(key)) ??
      {
        state: NEW_STATE,
        applied: new Map(),
        suspects: new Set<string>(),
        left: new Map<string, LeftDrift>(),
        inventory: undefined,
      };
    this.#entries.set(keyText(key), known);
    return known;
  }

  #disown(key: ObjectKey, entry: Entry): void {
    for (const id of entry.applied.keys()) {
      const owners = this.#owners.get(id);
      owners?.delete(keyText(key));
      if (owners?.size === 0) this.#owners.delete(id);
    }
  }
}

/** Whether a live object lacks something that was applied; what is older than our own write says nothing. */
function hasDrifted(applied: AppliedObject, live: KubeObject | undefined): boolean {
  if (live === undefined) return true;
  if (applied.object === undefined) return false;
  const version = live.metadata.resourceVersion;
  if (version === applied.resourceVersion || isNewerVersion(applied.resourceVersion, version)) {
    return false;
  }
  return driftPaths(applied.object, live, applied.ignored).length > 0;
}

/**
 * Where a live object lacks what Git says; replicas that an autoscaler chose are no difference (W-17, U3), and neither are
 * fields that are left to others.
 *
 * @param ignored JSON pointers
 */
export function driftPaths(
  object: KubeObject,
  live: KubeObject,
  ignored: readonly string[] = [],
): string[] {
  const wanted = withIgnored(withScaledReplicas(object, live), live, ignored);
  const { resourceVersion: _lock, ...metadata } = wanted.metadata;
  return differences(live, { ...wanted, metadata });
}

function readiness(object: KubeObject | undefined): string {
  const status = object?.status as { readonly conditions?: unknown } | undefined;
  const ready = conditionOf(status?.conditions, "Ready");
  return `${ready?.status} ${ready?.reason} ${ready?.observedGeneration} ${object?.metadata.generation}`;
}
