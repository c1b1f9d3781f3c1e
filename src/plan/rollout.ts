import { ANNOTATIONS } from "#api";
import { contentHash, isPlainObject, type KubeObject } from "#base";
import { isApplied } from "./applied_mark.ts";

/** Who rendered what was there before this program came. */
const REFERENCE = "function-mesh";

/** Hashes of what a pod template is rendered from. */
export interface RenderedFrom {
  /** Version of the program. */
  readonly by: string;
  readonly resource: string;
  readonly settings: string;
  readonly backend: string;
  /** Whether a BackendConfig that counted then said `autoUpdate`: that holds for its last change, its deletion. */
  readonly backendRollsOut: boolean;
  /** The template itself. */
  readonly template: string;
}

/** What there is now to render from, and what is allowed to reach running pods. */
export interface RolloutInputs extends Omit<RenderedFrom, "template"> {
  /** The resource was edited since somebody last acted on it, or asks for a roll-out by annotation. */
  readonly isResourceNew: boolean;
  /** Only edits of the resource may reach running pods. */
  readonly isPaused: boolean;
  /** What a new version renders differently may reach running pods. */
  readonly upgradeRollsOut: boolean;
}

/** Why running pods keep their template although another one would be rendered. */
export type HoldReason = "Paused" | "BackendConfigChanged" | "ProgramChanged" | "TakenOver";

/** Whether a template may replace the live one. */
export type RolloutDecision =
  | { readonly action: "roll"; readonly record: RenderedFrom }
  | { readonly action: "hold"; readonly reason: HoldReason; readonly record: RenderedFrom };

/**
 * Decides whether running pods get a new template.
 *
 * - An edit of the resource always does; so do new settings of the program, unless paused.
 * - A BackendConfig does when it says `autoUpdate` before or after its change, and never otherwise (W-19).
 * - A new version of the program that renders differently does not, until the resource changes or its user asks for it (W-57).
 * - What the reference operator made stays as it is until the resource changes: nobody's pods restart by switching.
 *
 * @param live the StatefulSet as it is; undefined when there is none
 * @param template hash of the template that would be rendered now
 */
export function rolloutDecision(
  live: KubeObject | undefined,
  template: string,
  inputs: RolloutInputs,
): RolloutDecision {
  const { by, resource, settings, backend, backendRollsOut } = inputs;
  const now: RenderedFrom = { by, resource, settings, backend, backendRollsOut, template };
  if (live === undefined) return { action: "roll", record: now };
  const before = renderedFrom(live);
  if (before === undefined) {
    // Without its note, and yet applied by this program: somebody took the note away.
    return isApplied(live) ? { action: "roll", record: now } : takeover(now, inputs);
  }
  const isSame = before.resource === resource && before.settings === settings &&
    before.backend === backend && before.backendRollsOut === backendRollsOut &&
    before.template === template;
  // The version alone is no change: the record keeps who rendered what is there.
  if (isSame) return { action: "roll", record: before };
  if (before.resource !== resource) return { action: "roll", record: now };
  const hold = (reason: HoldReason): RolloutDecision => ({
    action: "hold",
    reason,
    record: before,
  });
  if (before.template === template) return { action: "roll", record: now };
  if (inputs.isPaused) return hold("Paused");
  if (before.settings !== settings) return { action: "roll", record: now };
  if (before.backend !== backend) {
    return backendRollsOut || before.backendRollsOut
      ? { action: "roll", record: now }
      : hold("BackendConfigChanged");
  }
  return inputs.upgradeRollsOut
    ? { action: "roll", record: now }
    : hold(before.by === REFERENCE ? "TakenOver" : "ProgramChanged");
}

/** What a StatefulSet says it was rendered from; undefined when this program did not make it. */
export function renderedFrom(statefulSet: KubeObject): RenderedFrom | undefined {
  const text = statefulSet.metadata.annotations?.[ANNOTATIONS.rendered];
  if (text === undefined) return undefined;
  const value = parsed(text);
  const member = (name: string) => typeof value[name] === "string" ? String(value[name]) : "";
  return {
    by: member("by"),
    resource: member("resource"),
    settings: member("settings"),
    backend: member("backend"),
    backendRollsOut: value["backendRollsOut"] === true,
    template: member("template"),
  };
}

/**
 * The hash of a resource as far as its pods depend on it: not of the number of replicas, which autoscalers change.
 * With `showPreciseParallelism` the number is part of the command, and counts.
 */
export function resourceHash(component: KubeObject, rolloutRequest: string | undefined): string {
  const spec = isPlainObject(component.spec) ? component.spec : {};
  const { replicas, minReplicas: _min, maxReplicas: _max, ...rest } = spec;
  const counted = spec["showPreciseParallelism"] === true ? { ...rest, replicas } : rest;
  return contentHash([counted, rolloutRequest]);
}

function takeover(now: RenderedFrom, inputs: RolloutInputs): RolloutDecision {
  if (inputs.isResourceNew || inputs.upgradeRollsOut) return { action: "roll", record: now };
  return { action: "hold", reason: "TakenOver", record: { ...now, by: REFERENCE, template: "" } };
}

/** An annotation that somebody broke counts as one that says nothing. */
function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : {};
  } catch {
    return {};
  }
}
