/** What is known of one MeshSync, and what of the news that watches bring matters to it. */
import { conditionOf, idOf, type KubeObject, type ObjectId } from "#base";
import { isNewerVersion, type ResourceType } from "#kube";
import { driftPaths, type InventoryEntry, objectHealth, replicasOf } from "#plan";
import type { ContestedObject, KeptDrift } from "./contested.ts";
import { isMesh, meshHealth } from "./health_rules.ts";
import type { PassMemory } from "./phase.ts";
import type { FinishedJob } from "./plan/jobs.ts";
import type { SecretValues } from "./secret_values.ts";

/** The API server answered: at this version this object is what Git says. */
export interface Proof {
  readonly id: ObjectId;
  readonly type: ResourceType | undefined;
  /** Hash of what Git says. */
  readonly hash: string;
  readonly object: KubeObject;
  /** The file of the repository that says it. */
  readonly file: string;
  /** Absent where an object was not there when it was looked at, or was not compared yet. */
  readonly resourceVersion: string | undefined;
  /** JSON pointers to fields that are left to others. */
  readonly ignored: readonly string[];
  /** Fields that somebody changed and that are left. */
  readonly kept: readonly string[];
  /** Values in it that no message may repeat. */
  readonly secrets: readonly string[];
  /** The number of replicas that somebody chose who scales it; absent where Git's number counts. */
  readonly scaledTo?: number;
}

/** The inventory as ConfigMaps hold it. */
export interface StoredParts {
  readonly names: readonly string[];
  readonly entries: readonly InventoryEntry[];
  /** Whether it was found in the cluster, as a part was lost: then it has to be stored anew. */
  readonly isRebuilt: boolean;
}

/** An object that was put right, and whether it is left for a while as somebody changes it. */
export interface Contested extends ContestedObject {
  readonly isHeld: boolean;
}

/** A change that a watch told of: with when, and to which version. */
export interface Mark {
  readonly stamp: number;
  /** Absent of a deletion: which version it made is not told. */
  readonly version: string | undefined;
}

/** All that is known of a sync, its objects by `entryKey`. */
export interface Entry {
  pass: PassMemory;
  readonly proofs: Map<string, Proof>;
  /** Objects of a revision that is compared: what happens to them counts from before they are proven. */
  readonly awaited: Set<string>;
  /** Objects that are being written: what is told of them may be of the old content or the new. */
  readonly expected: Set<string>;
  /** Objects that this process deleted, with their uid: a cache may show them still. */
  readonly deleted: Map<string, string>;
  readonly marks: Map<string, Mark>;
  readonly kept: Map<string, KeptDrift>;
  readonly finished: Map<string, FinishedJob>;
  readonly contests: Map<string, Contested>;
  readonly secrets: SecretValues;
  parts: StoredParts | undefined;
  /** Whether all that is applied is proven, or cannot be: what runs is looked after without reading it from Git again. */
  isRestored: boolean;
}

/** Whether news of an object may matter. */
export function isKnown({ awaited, deleted, expected, proofs }: Entry, id: string): boolean {
  return [awaited, deleted, expected, proofs].some((one) => one.has(id));
}

/** Whether a change makes an object other than it was applied; what is older than the proof says nothing. */
export function isNews(entry: Entry, id: string, live: KubeObject | undefined): boolean {
  const proof = entry.proofs.get(id);
  if (proof === undefined) return entry.awaited.has(id) || entry.expected.has(id);
  if (live === undefined) return true;
  const version = live.metadata.resourceVersion;
  const { resourceVersion: proven } = proof;
  if (proven !== undefined && (version === proven || isNewerVersion(proven, version))) return false;
  // Another write of the object is under way: what comes after it has to be looked at, whatever it is.
  return entry.expected.has(id) || isDrifted(proof, live);
}

/** Whether an object says something else than it was proven to. */
export function isDrifted(proof: Proof, live: KubeObject): boolean {
  const isScaled = proof.scaledTo !== undefined && proof.scaledTo === replicasOf(live);
  return driftPaths(proof.object, live, proof.ignored, { isScaled }).length > 0;
}

/** What counts of how an object is: whoever tells of it should look soon where that becomes something else. */
export function readiness(object: KubeObject | undefined): string {
  const status = object?.status as { readonly conditions?: unknown } | undefined;
  const ready = conditionOf(status?.conditions, "Ready");
  return `${ready?.status} ${ready?.reason} ${ready?.observedGeneration} ${object?.metadata.generation}`;
}

/** What health says of an object, in words: whoever tells of it should look where these become others. */
export function healthWords(object: KubeObject | undefined): string {
  if (object === undefined) return "not there";
  if (isMesh(idOf(object))) return meshHealth(object).words ?? "";
  const { message, state } = objectHealth(object);
  return `${state} ${message}`;
}
