import {
  idOf,
  keyFromText,
  keyText,
  type KubeObject,
  Multimap,
  type ObjectId,
  type ObjectKey,
} from "#base";
import { isNewerVersion, type ObjectChange, type ResourceType } from "#kube";
import { type Contest, contestAfter, type Correction, entryKey, heldUntilMs, isCalm } from "#plan";
import type { ContestedObject, KeptDrift } from "./contested.ts";
import type { PassMemory } from "./phase.ts";
import {
  type Contested,
  type Entry,
  healthWords,
  isKnown,
  isNews,
  type Mark,
  type Proof,
  readiness,
  type StoredParts,
} from "./proof_entry.ts";
import { type FinishedJob, isJob, jobHash, jobResult } from "./plan/jobs.ts";
import { SecretValues } from "./secret_values.ts";
import { Readings } from "./source/readings.ts";

/** Deletions of a sync that are remembered until a cache tells of them. */
const DELETED_MAX = 10_000;

/** Who tells how an object is. */
interface Observers {
  readonly keys: readonly ObjectKey[];
  readonly isOnlyWords: boolean;
}

const NO_OBSERVERS: Observers = { keys: [], isOnlyWords: true };

const NO_PASS: PassMemory = { nextLookAtMs: 0, failures: 0 };

/**
 * What the loop may know without asking: "this version of this object equals this hash", sync by sync, and when each wants
 * to look again. All of it may be dropped at any moment: that costs requests, and changes nothing else.
 *
 * # Guarantees
 * - A proof is only ever advanced by an answer of the API server.
 * - A change that a watch tells while an object is looked at or written is stamped later than the proof, and wins.
 *
 * Who watches hands every change to {@linkcode Proofs.notice}, and puts the syncs that it answers in the queue.
 */
export class Proofs {
  readonly #entries = new Map<string, Entry>();
  /** Object -> syncs that applied it. */
  readonly #owners = new Multimap<string>();
  /** What reading came to last. */
  readonly readings = new Readings();
  #stamp = 0;

  /** The time of this moment, for {@linkcode Proofs.prove}: changes that are told later are later. */
  stamp(): number {
    return this.#stamp;
  }

  pass(key: ObjectKey): PassMemory {
    return this.#entries.get(keyText(key))?.pass ?? NO_PASS;
  }

  setPass(key: ObjectKey, pass: PassMemory): void {
    this.#entry(key).pass = pass;
  }

  /** What nothing may repeat that is told of a sync. */
  secretsOf(key: ObjectKey): SecretValues {
    return this.#entry(key).secrets;
  }

  /** What is proven of a sync, by `entryKey`. */
  of(key: ObjectKey): ReadonlyMap<string, Proof> {
    return this.#entries.get(keyText(key))?.proofs ?? new Map();
  }

  /** The proof that an object is what Git says now; undefined where somebody may have changed either. */
  proofOf(key: ObjectKey, id: ObjectId, hash: string): Proof | undefined {
    const entry = this.#entries.get(keyText(key));
    const proof = entry?.proofs.get(entryKey(id));
    return proof?.hash === hash && entry?.marks.has(entryKey(id)) === false ? proof : undefined;
  }

  /** Says which objects are about to be compared: what watches tell of them counts from now on. */
  watchFor(key: ObjectKey, ids: readonly ObjectId[]): void {
    if (ids.length === 0) return;
    const { awaited } = this.#entry(key);
    for (const id of ids.map(entryKey)) {
      awaited.add(id);
      this.#own(key, id);
    }
  }

  /** Notes that this process deleted an object: a cache that shows it still is behind. */
  setDeleted(key: ObjectKey, id: ObjectId, uid: string): void {
    const { deleted } = this.#entry(key);
    const [oldest] = deleted.keys();
    // Kinds that no cache follows are never told of.
    if (deleted.size >= DELETED_MAX && oldest !== undefined) deleted.delete(oldest);
    deleted.set(entryKey(id), uid);
    this.#own(key, entryKey(id));
  }

  /** Whether an object, as a cache shows it, was deleted by this process. */
  isDeleted(key: ObjectKey, id: ObjectId, uid: string | undefined): boolean {
    return uid !== undefined &&
      this.#entries.get(keyText(key))?.deleted.get(entryKey(id)) === uid;
  }

  /** Says which objects are about to be written: what watches tell of them counts from now on. */
  expect(key: ObjectKey, ids: readonly ObjectId[]): void {
    if (ids.length === 0) return;
    const { expected } = this.#entry(key);
    for (const id of ids.map(entryKey)) {
      expected.add(id);
      this.#own(key, id);
    }
  }

  /**
   * Notes an answer of the API server.
   *
   * @param stamp when the look or the write began
   */
  prove(key: ObjectKey, proof: Proof, stamp: number): void {
    const entry = this.#entry(key);
    const id = entryKey(proof.id);
    entry.proofs.set(id, proof);
    entry.expected.delete(id);
    this.#own(key, id);
    this.#clear(entry, id, { stamp, version: proof.resourceVersion });
  }

  /**
   * Drops what is known of all objects but these and the frozen ones (by `entryKey`): the revision is applied completely.
   */
  retain(key: ObjectKey, ids: readonly ObjectId[], frozen: ReadonlySet<string>): void {
    const entry = this.#entry(key);
    const kept = new Set([...ids.map(entryKey), ...frozen]);
    entry.isRestored = true;
    const { awaited, expected, marks, proofs } = entry;
    const known = new Set([...proofs.keys(), ...marks.keys(), ...awaited, ...expected]);
    awaited.clear();
    expected.clear();
    for (const id of known) {
      if (!kept.has(id)) this.#drop(key, entry, id);
    }
  }

  /** Whether this process knows all that is applied, as far as it can be known. */
  isRestored(key: ObjectKey): boolean {
    return this.#entries.get(keyText(key))?.isRestored === true;
  }

  setRestored(key: ObjectKey): void {
    this.#entry(key).isRestored = true;
  }

  /** The inventory holds what is not applied yet: should that not come about, this process does not know all of it. */
  setIncomplete(key: ObjectKey): void {
    this.#entry(key).isRestored = false;
  }

  /** Drops what is known of one object: it is another sync's now. */
  release(key: ObjectKey, id: ObjectId): void {
    this.#drop(key, this.#entry(key), entryKey(id));
  }

  /** Objects of a sync that somebody may have changed since they were proven, sorted. */
  changed(key: ObjectKey): Proof[] {
    const entry = this.#entries.get(keyText(key));
    if (entry === undefined) return [];
    return [...entry.marks.keys()].sort().flatMap((id) => entry.proofs.get(id) ?? []);
  }

  /** Has all objects of a sync compared again, or those of a kind. */
  doubt(key: ObjectKey, kind?: { readonly apiVersion: string; readonly kind: string }): void {
    const entry = this.#entry(key);
    this.#stamp++;
    for (const [id, proof] of entry.proofs) {
      const isMeant = kind === undefined ||
        (proof.id.kind === kind.kind && proof.id.apiVersion === kind.apiVersion);
      if (isMeant && !entry.marks.has(id)) {
        entry.marks.set(id, { stamp: this.#stamp, version: undefined });
      }
    }
  }

  /** The syncs that have objects of a kind. */
  owningKind(kind: { readonly apiVersion: string; readonly kind: string }): ObjectKey[] {
    return [...this.#entries].filter(([, { proofs }]) =>
      [...proofs.values()].some(({ id }) =>
        id.kind === kind.kind && id.apiVersion === kind.apiVersion
      )
    ).map(([key]) => keyFromText(key));
  }

  /** The kinds of all that is proven, sorted. */
  types(): ResourceType[] {
    const types = new Map<string, ResourceType>();
    for (const { proofs } of this.#entries.values()) {
      for (const { type } of proofs.values()) {
        if (type !== undefined) types.set(`${type.apiVersion} ${type.kind}`, type);
      }
    }
    return [...types].sort(([a], [b]) => a < b ? -1 : 1).map(([, type]) => type);
  }

  /** Changes of others that are left, sorted by object. */
  kept(key: ObjectKey): KeptDrift[] {
    const kept = this.#entries.get(keyText(key))?.kept ?? new Map<string, KeptDrift>();
    return [...kept].sort(([a], [b]) => a < b ? -1 : 1).map(([_, drift]) => drift);
  }

  /** Notes a change that is left; no paths: there is none (anymore). */
  setKept(key: ObjectKey, drift: KeptDrift): void {
    const { kept } = this.#entry(key);
    if (drift.paths.length === 0) kept.delete(entryKey(drift.id));
    else kept.set(entryKey(drift.id), drift);
  }

  /** Notes that an object was put right: the next time that waits. Answers what is known of it then. */
  correct(key: ObjectKey, id: ObjectId, correction: Correction): Contest {
    const { contests } = this.#entry(key);
    const contest = contestAfter(contests.get(entryKey(id))?.contest, correction);
    contests.set(entryKey(id), { id, contest, isHeld: contest.delayMs > 0 });
    return contest;
  }

  /** What was put right lately, sorted by object. */
  contests(key: ObjectKey): ContestedObject[] {
    const contests = this.#entries.get(keyText(key))?.contests ?? new Map<string, Contested>();
    return [...contests].sort(([a], [b]) => a < b ? -1 : 1).map(([_, one]) => one);
  }

  /** Whether an object that somebody changes again and again is left as it is for now. */
  isHeldBack(key: ObjectKey, id: ObjectId): boolean {
    return this.#entries.get(keyText(key))?.contests.get(entryKey(id))?.isHeld === true;
  }

  /** Lets objects go whose time came, and forgets those that stayed calm. */
  releaseContests(key: ObjectKey, monotonicMs: number): void {
    const contests = this.#entries.get(keyText(key))?.contests ?? new Map<string, Contested>();
    for (const [id, one] of contests) {
      if (isCalm(one.contest, monotonicMs)) contests.delete(id);
      else if (heldUntilMs(one.contest) <= monotonicMs) contests.set(id, { ...one, isHeld: false });
    }
  }

  /** Jobs that were seen at their end, by `entryKey`. */
  finished(key: ObjectKey): ReadonlyMap<string, FinishedJob> {
    return this.#entries.get(keyText(key))?.finished ?? new Map();
  }

  /** Notes that a Job ended, as somebody saw it; what is older than the proof was another one. Answers whether that is news. */
  setFinished(key: ObjectKey, live: KubeObject): boolean {
    const entry = this.#entry(key);
    const id = entryKey(idOf(live));
    const [proof, result] = [entry.proofs.get(id), jobResult(live)];
    if (proof === undefined || result === undefined || !isJob(proof.id)) return false;
    if (isNewerVersion(proof.resourceVersion, live.metadata.resourceVersion)) return false;
    const hash = jobHash(proof.object);
    const before = entry.finished.get(id);
    entry.finished.set(id, { hash, result });
    return before?.hash !== hash || before.result !== result;
  }

  /** The inventory of a sync as it is stored in ConfigMaps; undefined where that is not known. */
  parts(key: ObjectKey): StoredParts | undefined {
    return this.#entries.get(keyText(key))?.parts;
  }

  setParts(key: ObjectKey, parts: StoredParts | undefined): void {
    this.#entry(key).parts = parts;
  }

  /**
   * The syncs that tell how an object is, where that is no longer what it was. What they say of it may wait a moment: when
   * thousands become ready each would be a pass over all of them. That only the words are others may wait longer.
   */
  observers({ after, before }: ObjectChange): Observers {
    const object = after ?? before;
    const keys = object === undefined ? [] : this.#ownersOf(entryKey(idOf(object)));
    if (keys.length === 0) return NO_OBSERVERS;
    if (readiness(before) !== readiness(after)) return { keys, isOnlyWords: false };
    const isSame = healthWords(before) === healthWords(after);
    return isSame ? NO_OBSERVERS : { keys, isOnlyWords: true };
  }

  /**
   * Takes in a change that a watch saw, and answers the syncs that should look at once: the object is no longer as they
   * applied it, or has ended.
   */
  notice(change: ObjectChange): ObjectKey[] {
    const object = change.after ?? change.before;
    if (object === undefined) return [];
    this.#stamp++;
    const id = entryKey(idOf(object));
    return this.#ownersOf(id).filter((key) => {
      const entry = this.#entry(key);
      // A cache that tells of a deletion, or of a newer object, is not behind ours any longer.
      if (entry.deleted.get(id) !== change.after?.metadata.uid) {
        entry.deleted.delete(id);
        if (!isKnown(entry, id)) this.#disown(key, id);
      }
      // What was left comes back too, to notice that it is in order again.
      const isChanged = isNews(entry, id, change.after) || entry.kept.has(id);
      const version = change.after?.metadata.resourceVersion;
      if (isChanged) entry.marks.set(id, { stamp: this.#stamp, version });
      const isFinished = isJob(object) && this.setFinished(key, object);
      // Whoever changes it again and again wakes nobody: its time comes.
      const isHeld = entry.contests.get(id)?.isHeld === true;
      return (isChanged && !isHeld) || isFinished;
    });
  }

  /** Drops all that is known of a sync. */
  forget(key: ObjectKey): void {
    const entry = this.#entries.get(keyText(key));
    this.#entries.delete(keyText(key));
    this.readings.forget(key);
    if (entry === undefined) return;
    const { awaited, deleted, expected, proofs } = entry;
    const ids = new Set([...proofs.keys(), ...awaited, ...expected, ...deleted.keys()]);
    for (const id of ids) this.#disown(key, id);
  }

  #entry(key: ObjectKey): Entry {
    const known = this.#entries.get(keyText(key)) ?? {
      pass: NO_PASS,
      proofs: new Map<string, Proof>(),
      awaited: new Set<string>(),
      expected: new Set<string>(),
      deleted: new Map<string, string>(),
      marks: new Map<string, Mark>(),
      kept: new Map<string, KeptDrift>(),
      finished: new Map<string, FinishedJob>(),
      contests: new Map<string, Contested>(),
      secrets: new SecretValues(),
      parts: undefined,
      isRestored: false,
    };
    this.#entries.set(keyText(key), known);
    return known;
  }

  /** Takes a mark off, unless it is of something later than what was just seen. */
  #clear(entry: Entry, id: string, seen: Mark): void {
    const mark = entry.marks.get(id);
    if (mark === undefined) return;
    const isSeen = mark.version !== undefined && seen.version !== undefined &&
      !isNewerVersion(mark.version, seen.version);
    if (isSeen || mark.stamp <= seen.stamp) entry.marks.delete(id);
  }

  #drop(key: ObjectKey, entry: Entry, id: string): void {
    entry.proofs.delete(id);
    entry.marks.delete(id);
    entry.kept.delete(id);
    entry.finished.delete(id);
    entry.contests.delete(id);
    if (!isKnown(entry, id)) this.#disown(key, id);
  }

  /** The syncs that applied an object, sorted. */
  #ownersOf(id: string): ObjectKey[] {
    return this.#owners.of(id).toSorted().map(keyFromText);
  }

  #own(key: ObjectKey, id: string): void {
    this.#owners.add(id, keyText(key));
  }

  #disown(key: ObjectKey, id: string): void {
    this.#owners.delete(id, keyText(key));
  }
}
