import type { MeshSync } from "#api";
import { conditionOf, idText, type ObjectId, sameJson } from "#base";
import { entryKey, inventoryOf, leftEntries, mergedInventory, wantedEntries } from "#plan";
import { type LiveSync, type Observed, releasable } from "./observe.ts";
import {
  applyingPhase,
  brakePhase,
  type Decided,
  failedPhase,
  invalidPhase,
  isRetried,
  KIND_NOT_SERVED,
  type PassMemory,
  type Phase,
  refusedPhase,
} from "./phase.ts";
import type { ApplyReport } from "./apply/apply.ts";
import type { PruneReport } from "./apply/prune.ts";
import type { ObjectPlan } from "./plan/object.ts";
import type { PrunePlan } from "./plan/prune.ts";
import {
  isDefinedBy,
  pruneBrake,
  refusals,
  type RevisionPlan,
  shownProblems,
} from "./plan/revision.ts";
import { deletesObjects, hasFinalizer } from "./removal.ts";
import { type Composition, rolloutCandidates } from "./rollback.ts";
import { decisionKey } from "./source/decision_key.ts";
import type { RevisionSeen } from "./source/fetch.ts";
import type { Wait } from "./source/schedule.ts";

/** What a pass does. */
export type Decision =
  /** Nothing: the status says why. */
  | { readonly do: "say"; readonly phase: Phase }
  /** The sync was deleted. */
  | { readonly do: "let-go" }
  | { readonly do: "remove"; readonly plan: PrunePlan }
  | { readonly do: "wait-removal"; readonly failure: string }
  | Rest
  | ApplyDecision;

/** No revision is begun: what is applied is looked after. */
export interface Rest {
  readonly do: "rest";
  /** What the finalizer has to be; absent where it is so. */
  readonly finalizer?: boolean;
  readonly changed: readonly ObjectPlan[];
  /** Objects that are another sync's now, and leave the inventory. */
  readonly toRelease: readonly ObjectId[];
  /** Why the remote or the revision did not come to an end; absent when it did. */
  readonly trouble?: Phase;
  /** What the status will say of the commit; absent where nothing is decided. */
  readonly decided?: Decided;
  /** Whether the commit holds what is applied. */
  readonly isSame: boolean;
  /** Whether the commit is looked at again soon, although only another one can be applied. */
  readonly isRetried?: boolean;
}

/** A revision is applied. */
export interface ApplyDecision {
  readonly do: "apply";
  readonly finalizer?: boolean;
  readonly revision: RevisionSeen;
  readonly plan: RevisionPlan;
  readonly composed: Composition;
  /** What is written down before the first object is; absent where it is written already. */
  readonly announcement?: Announcement;
}

/** What a status says before a revision is applied, so that a program that dies in between loses nothing. */
export interface Announcement {
  readonly phase: Phase;
  /** What the sync owns, with what it is about to create. */
  readonly inventory: RevisionPlan["inventory"];
  readonly isInventoryNew: boolean;
  readonly news: Pick<NonNullable<MeshSync["status"]>, "trials">;
}

/** What to do about all that was seen. Pure: the same look always gives the same decision. */
export function decide(seen: Observed, pass: PassMemory, nowMs: number): Decision {
  switch (seen.tag) {
    case "suspended": {
      const { message, untilMs } = seen.suspension;
      const until = untilMs === undefined ? {} : { untilMs };
      return { do: "say", phase: { tag: "Suspended", message, ...until } };
    }
    case "invalid":
      return { do: "say", phase: invalidPhase(seen.problems) };
    case "deleted": {
      const { removal } = seen;
      if (removal.tag === "nothing") return { do: "let-go" };
      return removal.tag === "failed"
        ? { do: "wait-removal", failure: removal.failure }
        : { do: "remove", plan: removal.plan };
    }
    case "live": {
      const has = hasFinalizer(seen.sync);
      const finalizer = has === deletesObjects(seen.sync) ? {} : { finalizer: !has };
      return { ...decideLive(seen, pass, nowMs), ...finalizer };
    }
    default:
      return seen satisfies never;
  }
}

function decideLive(seen: LiveSync, pass: PassMemory, nowMs: number): Rest | ApplyDecision {
  const { changed, source } = seen;
  const rest = { do: "rest", changed, isSame: false, toRelease: releasable(seen, pass) } as const;
  const before = pass.decided === undefined ? {} : { decided: pass.decided };
  switch (source.tag) {
    case "not-due": {
      const trouble = pass.trouble === undefined ? {} : { trouble: pass.trouble };
      return { ...rest, ...before, ...trouble };
    }
    case "decided":
      return { ...rest, ...before };
    case "failed":
      return { ...rest, ...before, trouble: failedPhase(source.error) };
    case "revision":
      return decideRevision(seen, source, { rest, nowMs });
    default:
      return source satisfies never;
  }
}

type RevisionSource = Extract<LiveSync["source"], { readonly tag: "revision" }>;

function decideRevision(
  { sync }: LiveSync,
  { content, seen }: RevisionSource,
  { nowMs, rest }: { readonly rest: Rest; readonly nowMs: number },
): Rest | ApplyDecision {
  const key = decisionKey(seen.resolved, sync, seen.found.inputs);
  switch (content.tag) {
    case "same":
      return { ...rest, isSame: true, decided: { key } };
    case "refused": {
      const hold = content.phase;
      // Until what runs is known again the commit is looked at soon, and again; so is what may be read another time.
      return content.isRestored && !isRetried(hold)
        ? { ...rest, decided: { key, hold } }
        : { ...rest, trouble: hold, isRetried: true };
    }
    case "waiting":
      return { ...rest, trouble: waitingPhase(content.wait) };
    case "planned": {
      const { composed, plan } = content;
      const { commit } = seen.found.revision;
      const excess = pruneBrake(plan, { commit, sync });
      if (excess !== undefined) {
        const hold = brakePhase(seen.text, { excess, commit });
        return content.isRestored === false
          ? { ...rest, trouble: hold, isRetried: true }
          : { ...rest, decided: { key, hold } };
      }
      const failures = refusals(plan);
      if (failures.length > 0) {
        const message = `Cannot apply ${seen.text}, nothing was changed: ${
          shownProblems(failures)
        }`;
        return { ...rest, trouble: refusedPhase("ApplyFailed", message, { isFinal: false }) };
      }
      const announcement = announcementOf({ plan, composed, seen, sync, nowMs });
      const said = announcement === undefined ? {} : { announcement };
      return { do: "apply", revision: seen, plan, composed, ...said };
    }
    default:
      return content satisfies never;
  }
}

function waitingPhase({ untilMs, verdict }: Wait): Phase {
  const { message, reason, stalled } = verdict;
  const until = untilMs === undefined ? {} : { untilMs };
  return { tag: "Waiting", reason, message, isFinal: stalled, ...until };
}

/** Objects that a plan writes or deletes because Git changed, by `entryKey`. */
function changedKeys({ objects, prune }: RevisionPlan): string[] {
  // What only undoes somebody's edit is no doing of this revision.
  const written = objects.flatMap((plan) => {
    if (plan.step === "unserved") return isDefinedBy(plan.target.id, objects) ? plan.target.id : [];
    return plan.step === "write" && plan.corrected.length === 0 ? plan.target.id : [];
  });
  return [...written, ...prune.toDelete.map(({ id }) => id)].map(entryKey);
}

/**
 * What stays a sync's while a revision is applied. What others want is let go before, where the revision waits for what
 * others have: two that swap objects would otherwise wait for each other for ever.
 */
function staying({ inventory, objects, prune }: RevisionPlan): RevisionPlan["inventory"] {
  const waits = objects.some((plan) => plan.step === "refused" && plan.failure.isConflict);
  if (!waits) return inventory;
  const moving = new Set(prune.moving.map(({ id }) => id));
  return inventory.filter(({ id }) => !moving.has(id));
}

/** What has to be written down before objects are; undefined where nothing has to. */
function announcementOf(
  { composed, nowMs, plan, seen, sync }: {
    readonly plan: RevisionPlan;
    readonly composed: Composition;
    readonly seen: RevisionSeen;
    readonly sync: MeshSync;
    readonly nowMs: number;
  },
): Announcement | undefined {
  const ids = plan.objects.map(({ target }) => target.id);
  const announced = inventoryOf(ids).map((entry) => {
    const from = plan.from.get(entry.id);
    return from === undefined ? entry : { ...entry, from };
  });
  const frozen = staying(plan).filter(({ id }) => composed.frozen.has(id));
  const before = mergedInventory(wantedEntries(frozen), leftEntries(staying(plan)));
  const inventory = mergedInventory(announced, before);
  const changed = changedKeys(plan);
  const known = new Set(plan.inventory.map(({ id }) => id));
  const isInventoryNew = inventory.length !== known.size ||
    inventory.some(({ id }) => !known.has(id));
  const news = changed.length === 0
    ? {}
    : rolloutCandidates(sync, { revision: seen.text, changed, composed }, nowMs);
  const isCandidateNew = news.trials !== undefined &&
    !sameJson(news.trials, sync.status?.trials ?? []);
  if (!isInventoryNew && !isCandidateNew) return undefined;
  const message = `Applying ${seen.text}: ${ids.length} objects`;
  const phase = applyingPhase("Progressing", message);
  return { phase, inventory, isInventoryNew, news };
}

/** What keeps a revision from being applied completely; undefined when nothing does. */
export function applyTrouble(revision: string, report: ApplyReport): Phase | undefined {
  const { applied, failures, isSuperseded } = report;
  if (isSuperseded) {
    const message =
      `Stopped applying ${revision} after ${applied.length} objects: there is something newer`;
    return applyingPhase("Superseded", message);
  }
  const untried = report.untried > 0 ? `; ${report.untried} more objects wait for that` : "";
  if (failures.length > 0) {
    const reason = failures.every(({ isConflict }) => isConflict) ? "FieldConflict" : "ApplyFailed";
    const message = `Cannot apply all of ${revision}: ${shownProblems(failures)}${untried}`;
    return applyingPhase(reason, message);
  }
  return undefined;
}

/** How long a kind may take to be served, once its objects were tried. */
const UNSERVED_MS_MAX = 120_000;

/** Objects that nobody serves; undefined where there are none. */
export function unservedTrouble(
  revision: string,
  { unserved }: ApplyReport,
  { isLate }: { readonly isLate: boolean },
): Phase | undefined {
  if (unserved.length === 0) return undefined;
  const kinds = unserved.map(({ id }) => `${id.apiVersion} ${id.kind}`);
  const names = [...new Set(kinds)].sort().join(", ");
  if (!isLate) {
    const message = `Applied the rest of ${revision}; waiting for ${names} to be served`;
    return applyingPhase("WaitingForKind", message);
  }
  const objects = unserved.map(({ id }) => idText(id)).sort();
  const rest = objects.length - SHOWN_MAX;
  const shown = `${objects.slice(0, SHOWN_MAX).join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`;
  const others = unserved.flatMap(({ id, servedAs }) =>
    servedAs === undefined ? [] : `${id.kind} as ${servedAs}`
  );
  const remedy = others.length === unserved.length
    ? "write that version in Git"
    : "install what defines it, or take it out of Git";
  const served = others.length === 0 ? "" : ` (but ${[...new Set(others)].sort().join(", ")})`;
  return applyingPhase(
    KIND_NOT_SERVED,
    `Applied the rest of ${revision}, but not ${shown}: ` +
      `the API server does not serve ${names}${served}; ${remedy}`,
  );
}

/** Whether a kind had its time to be served; a restart does not give it another one. */
export function isUnservedLate(
  { status }: MeshSync,
  { sinceMs, text, nowMs }: {
    /** Since when it is waited for, on the monotonic clock; absent where it was not yet. */
    readonly sinceMs: number | undefined;
    readonly text: string;
    readonly nowMs: number;
  },
): boolean {
  const isSaid = conditionOf(status?.conditions, "Ready")?.reason === KIND_NOT_SERVED &&
    status?.lastAttemptedRevision === text;
  return isSaid || (sinceMs !== undefined && nowMs - sinceMs >= UNSERVED_MS_MAX);
}

const SHOWN_MAX = 5;

/** What could not be deleted, or waits; undefined when nothing. */
export function pruneTrouble(
  revision: string,
  { failures }: PruneReport,
  { count, waitsFor }: { readonly count: number; readonly waitsFor: readonly string[] },
): Phase | undefined {
  if (failures.length > 0) {
    const shown = failures.slice(0, SHOWN_MAX).join("; ");
    return applyingPhase(
      "PruneFailed",
      `Applied ${revision}, but not all it dropped is deleted: ${shown}`,
    );
  }
  if (waitsFor.length === 0) return undefined;
  return applyingPhase(
    "PruneWaits",
    `Applied ${revision}; before ${count} object${count === 1 ? "" : "s"} that it dropped are ` +
      `deleted, MeshSync ${waitsFor.slice(0, SHOWN_MAX).join(", ")} may take them over`,
  );
}

/** What could not be put right; undefined when everything was. */
export function correctionTrouble({ failures }: ApplyReport): Phase | undefined {
  if (failures.length === 0) return undefined;
  const words = failures.slice(0, SHOWN_MAX)
    .map(({ kind = "", message, name = "" }) => `${kind} ${name}: ${message}`).join("; ");
  return applyingPhase("ApplyFailed", `Cannot correct what somebody changed: ${words}`);
}
