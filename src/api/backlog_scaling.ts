import { isPlainObject, type KubeObject, type Problem } from "#base";
import { Type } from "@sinclair/typebox";
import { DURATION_MS_MAX, durationMs } from "./duration.ts";
import { at, quoted, when } from "./rule.ts";
import { choice, duration, int32, list, optional, text, time, type Value } from "./schema.ts";

/** Schema of {@linkcode BacklogScaling}. */
export const BacklogScalingSchema = Type.Object({
  catchUp: optional(duration("A backlog is worked off in about this time (default 2m)")),
  idleAfter: optional(
    duration("No backlog and no traffic for so long: down to minReplicas (default 10m)"),
  ),
  mode: optional(
    choice("act scales; recommend only says in the status what it would do (default act)", [
      "act",
      "recommend",
    ]),
  ),
  maxBacklogPerReplica: optional(
    int32("No replica has to have more messages waiting than this", { minimum: 1 }),
  ),
}, { description: "As many replicas as the backlog needs; in place of an autoscaler by CPU" });

/** Schema of {@linkcode ScalingStatus}. */
export const ScalingStatusSchema = Type.Object({
  replicas: optional(int32("Replicas when this was decided")),
  wanted: optional(int32("Replicas that it should have")),
  mode: optional(text("act or recommend")),
  reason: optional(text("Why, with numbers")),
  limits: optional(list("What keeps the number from being what the work takes", Type.String())),
  since: optional(time("Since when so many are wanted")),
  perReplica: optional(text("Messages a second that one replica does, as far as it is known")),
  idleSince: optional(time("Since when nothing waits and nothing comes")),
  askedAs: optional(
    text("Hash of the broker and the credentials' version that an instance was ready with"),
  ),
}, { description: "How many replicas the backlog needs, and why" });

/** `spec.backlogScaling` of a Function or Sink. */
export type BacklogScaling = Value<typeof BacklogScalingSchema>;
/** `status.scaling` of a Function or Sink. */
export type ScalingStatus = Value<typeof ScalingStatusSchema>;

const CATCH_UP_MS = 2 * 60_000;
const IDLE_AFTER_MS = 10 * 60_000;
/** Most replicas where the author names no number. */
const MAX_REPLICAS = 10;

/** What the author of a component asks for, with every default; undefined where replicas do not follow the backlog. */
export interface ScalingTerms {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly catchUpMs: number;
  readonly idleAfterMs: number;
  readonly maxBacklogPerReplica?: number;
  readonly isRecommendation: boolean;
}

/** `spec.backlogScaling` of any object, undefined where it has none. */
export function backlogScalingOf({ spec }: Pick<KubeObject, "spec">): BacklogScaling | undefined {
  const found = isPlainObject(spec) ? spec["backlogScaling"] : undefined;
  return isPlainObject(found) ? found as BacklogScaling : undefined;
}

/**
 * How replicas follow the backlog.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scalingTerms } from "#api";
 * assertEquals(scalingTerms({ spec: { minReplicas: 0, backlogScaling: {} } }), {
 *   minReplicas: 0, maxReplicas: 10, catchUpMs: 120_000, idleAfterMs: 600_000, isRecommendation: false,
 * });
 * assertEquals(scalingTerms({ spec: {} }), undefined);
 * ```
 */
export function scalingTerms(component: Pick<KubeObject, "spec">): ScalingTerms | undefined {
  const scaling = backlogScalingOf(component);
  if (scaling === undefined) return undefined;
  const { maxReplicas, minReplicas = 1 } = component.spec as {
    readonly maxReplicas?: number;
    readonly minReplicas?: number;
  };
  const { catchUp = "", idleAfter = "", maxBacklogPerReplica, mode } = scaling;
  return {
    minReplicas,
    maxReplicas: maxReplicas ?? Math.max(MAX_REPLICAS, minReplicas),
    catchUpMs: durationMs(catchUp) ?? CATCH_UP_MS,
    idleAfterMs: durationMs(idleAfter) ?? IDLE_AFTER_MS,
    ...(maxBacklogPerReplica === undefined ? {} : { maxBacklogPerReplica }),
    isRecommendation: mode === "recommend",
  };
}

/** Members of `spec.pod` that have another one decide on replicas. */
const OTHER_SCALERS = [
  "builtinAutoscaler",
  "autoScalingMetrics",
  "autoScalingBehavior",
  "vpa",
] as const;

/** Only one decides on replicas, and in times that mean something. */
export function backlogScalingProblems(component: Pick<KubeObject, "spec">): Problem[] {
  const scaling = backlogScalingOf(component);
  if (scaling === undefined) return [];
  const pod = (component.spec as { readonly pod?: unknown }).pod;
  const others = OTHER_SCALERS.filter((name) => isPlainObject(pod) && pod[name] !== undefined);
  return [
    ...others.map((name) =>
      at("backlogScaling", `scales the component, and so does pod.${name}; keep one of them`)
    ),
    ...spanProblems("catchUp", scaling.catchUp),
    ...spanProblems("idleAfter", scaling.idleAfter),
  ];
}

function spanProblems(member: "catchUp" | "idleAfter", given: string | undefined): Problem[] {
  if (given === undefined) return [];
  const ms = durationMs(given);
  const path = `backlogScaling.${member}`;
  if (ms === undefined) {
    return [at(path, `${quoted(given)} is no duration; write e.g. 30s, 5m or 1h`)];
  }
  return [...when(
    ms < 1000 || ms > DURATION_MS_MAX,
    at(path, `${quoted(given)} is out of range; give a second or more, and at most ten years`),
  )];
}
