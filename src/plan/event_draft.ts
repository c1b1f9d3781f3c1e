import { conditionOf, idText, type KubeObject, shortList } from "#base";
import type { Step } from "./children.ts";

/** What an Event on a resource says. */
export interface EventDraft {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

const SHOWN_MAX = 5;

/** Reasons for not being ready that are work in progress. */
const CALM_REASONS: readonly string[] = ["CacheBehind", "CleaningUp", "Progressing", "RollingOut"];

/**
 * The Events about writes that succeeded, in their order: one for all that were created, as they are a request each and come
 * by the thousand; one for each that was configured, corrected or deleted.
 */
export function stepEvents(steps: readonly Step[]): EventDraft[] {
  const names = steps.flatMap((step) => isCreation(step) ? nameOf(step.object) : []);
  const message = `Created ${shortList(names, SHOWN_MAX)}`;
  return [
    ...(names.length === 0 ? [] : [{ type: "Normal", reason: "Created", message } as const]),
    ...steps.filter((step) => !isCreation(step)).map(stepEvent),
  ];
}

/** The Event about a write that succeeded: created, configured, corrected or deleted. */
export function stepEvent(step: Step): EventDraft {
  if (step.action === "remove") {
    return step.propagation === "Orphan"
      ? { type: "Normal", reason: "Recreating", message: `Making ${idText(step.id)} anew` }
      : { type: "Normal", reason: "Deleted", message: `Deleted ${idText(step.id)}` };
  }
  const name = nameOf(step.object);
  switch (step.why) {
    case "absent":
      return { type: "Normal", reason: "Created", message: `Created ${name}` };
    case "changed":
      return {
        type: "Normal",
        reason: "Configured",
        message: `Configured ${name}${pathsText(step.paths)}`,
      };
    case "drifted":
      return {
        type: "Warning",
        reason: "DriftCorrected",
        message: `Corrected ${name}, which somebody changed${pathsText(step.paths)}`,
      };
    default:
      return step.why satisfies never;
  }
}

/**
 * The Event for a change of readiness or of its cause; undefined while nothing worth telling changed. Work in progress
 * is not: the events of the writes that started it have said so.
 */
export function readinessEvent(before: unknown, after: unknown): EventDraft | undefined {
  const [was, is] = [readyOf(before), readyOf(after)];
  if (was?.status === is?.status && was?.reason === is?.reason) return undefined;
  return conditionEvent(after);
}

/** The Event for what the Ready condition of a status says; undefined for work in progress. */
export function conditionEvent(status: unknown): EventDraft | undefined {
  const is = readyOf(status);
  if (is === undefined) return undefined;
  if (is.status === "True") return { type: "Normal", reason: is.reason, message: is.message };
  const isCalm = CALM_REASONS.includes(is.reason);
  return isCalm ? undefined : { type: "Warning", reason: is.reason, message: is.message };
}

function readyOf(status: unknown) {
  return conditionOf((status as { conditions?: unknown } | undefined)?.conditions, "Ready");
}

function pathsText(paths: readonly string[]): string {
  return paths.length === 0 ? "" : `: ${shortList(paths, SHOWN_MAX)}`;
}

function isCreation(step: Step): step is Extract<Step, { readonly action: "apply" }> {
  return step.action === "apply" && step.why === "absent";
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}
