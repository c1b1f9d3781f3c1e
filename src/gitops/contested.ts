import type { MeshSync } from "#api";
import { type ConditionDraft, conditionOf, idText, keyOf, type ObjectId } from "#base";
import { fieldManager } from "#manifests";
import { CALM_MS, calmAtMs, type Contest, heldUntilMs } from "#plan";

/** Somebody's change that was not undone, as the sync's spec wants it. */
export interface KeptDrift {
  readonly id: ObjectId;
  readonly paths: readonly string[];
}

/** An object that is put right again and again. */
export interface ContestedObject {
  readonly id: ObjectId;
  readonly contest: Contest;
}

const SHOWN_MAX = 5;

/** Both sides of a fight, and what they fight about. */
export function fightText({ contest, id }: ContestedObject, sync: MeshSync): string {
  const { fields, opponents } = contest;
  const own = fieldManager(keyOf(sync));
  const others = opponents.length === 0
    ? "somebody"
    : opponents.map((manager) => `"${manager}"`).join(", ");
  const isDeleted = fields.join() === "deleted";
  const rest = fields.length - SHOWN_MAX;
  const what = `${fields.slice(0, SHOWN_MAX).join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`;
  return isDeleted
    ? `${idText(id)}: ${others} deletes it, and "${own}" makes it again`
    : `${idText(id)}: ${others} changes ${what}, and "${own}" puts that back`;
}

/**
 * The condition about fights; none where there never was one, or where it stays as it is: a process that knows of no fight
 * ends what another one told only after it saw that nobody fights.
 *
 * @param watchedMs how long this process watches the sync
 */
export function contestedConditions(
  sync: MeshSync,
  contested: readonly ContestedObject[],
  watchedMs: number,
): ConditionDraft[] {
  const fights = contested.filter(({ contest }) => contest.isFight);
  const known = conditionOf(sync.status?.conditions, "Contested");
  if (fights.length === 0 && known === undefined) return [];
  const isOthers = contested.length === 0 && known?.status === "True" && watchedMs < CALM_MS;
  if (fights.length === 0 && isOthers) return [];
  const observedGeneration = sync.metadata.generation ?? 0;
  const type = "Contested";
  if (fights.length === 0) {
    const message = "Nobody undoes what Git says";
    return [{ type, status: "False", reason: "Calm", message, observedGeneration }];
  }
  const rest = fights.length - SHOWN_MAX;
  const lines = fights.slice(0, SHOWN_MAX).map((fight) => fightText(fight, sync));
  const shown = rest > 0 ? [...lines, `and ${rest} more`] : lines;
  const message = `${shown.join("; ")}; let one side leave the field alone`;
  return [{ type, status: "True", reason: "Fight", message, observedGeneration }];
}

/** When an object may be put right again, or is out of contest, in milliseconds from now. */
export function contestWaitMs(contested: readonly ContestedObject[], nowMs: number): number {
  const times = contested.flatMap(({ contest }) =>
    [heldUntilMs(contest), calmAtMs(contest)].filter((atMs) => atMs > nowMs)
  );
  return Math.min(Infinity, ...times.map((atMs) => atMs - nowMs));
}

/** What others changed of one object, in a line. */
export function driftLine({ id, paths }: KeptDrift): string {
  return `${idText(id)}: ${paths.slice(0, 5).join(", ")}`;
}
