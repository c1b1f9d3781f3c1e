import type {
  KnownSight,
  ScalingDecision,
  ScalingLook,
  ScalingPolicy,
  ScalingState,
} from "./scaling_look.ts";
import { countText, measure, type Measured, type Need, needOf, spanText } from "./scaling_need.ts";

/** How long a lower need has to last. */
const WINDOW_MIN_MS = 30_000;
const WINDOW_MAX_MS = 300_000;
/** Numbers that are older say nothing of now. */
const NUMBERS_MS_MAX = 60_000;

/** Of a component that was never looked at, or whose rate is all that outlived a restart. */
export function newScalingState(
  kept: { readonly perReplica?: number; readonly idleSinceMs?: number } = {},
): ScalingState {
  return {
    rate: { samples: kept.perReplica === undefined ? [] : [kept.perReplica] },
    needed: [],
    ...(kept.idleSinceMs === undefined ? {} : { idleSinceMs: kept.idleSinceMs }),
  };
}

/**
 * How many replicas a component should have now.
 *
 * # Guarantees
 * - Within the limits of the policy, unless nothing is known, or what is known is old: then the replicas stay as they are.
 * - Up at once; down only when every look of a whole window, without a gap, needed less.
 * - To zero only after `idleAfterMs` without backlog and traffic, and where no message would be lost.
 * - Same look, same decision; the state handed in is not changed.
 */
export function scalingDecision(look: ScalingLook): ScalingDecision {
  const { nowMs, sight } = look;
  if ("unknown" in sight) return unchanged(look, sight.unknown);
  const ageMs = nowMs - sight.numbers.atMs;
  if (ageMs > NUMBERS_MS_MAX) {
    return unchanged(look, `what the broker said is ${spanText(ageMs)} old`);
  }
  if (isTurnedOff(look)) return unchanged(look, "replicas: 0 turns it off");
  const measured = measure(look, sight);
  const need = needOf(look, sight, measured);
  return settled(look, { sight, measured, need });
}

/** Whether somebody turned a component off, as with every autoscaler. */
export function isTurnedOff(
  { policy, replicas, wasScaledToZero = false }: Pick<
    ScalingLook,
    "policy" | "replicas" | "wasScaledToZero"
  >,
): boolean {
  return replicas === 0 && policy.minReplicas > 0 && !wasScaledToZero;
}

/** What is still true after a time in which nothing was seen: what one replica does, and not since when all is quiet. */
export function stateAfterGap(state: ScalingState): ScalingState {
  const { last: _last, knownSinceMs: _known, idleSinceMs: _idle, ...kept } = state;
  return { ...kept, needed: [] };
}

function unchanged({ replicas, state }: ScalingLook, why: string): ScalingDecision {
  const reason = `${why}: stays at ${replicas}`;
  return { replicas, load: replicas, reason, limits: [], state: stateAfterGap(state) };
}

/** Everything that the last step needs. */
interface Reckoned {
  readonly sight: KnownSight;
  readonly measured: Measured;
  readonly need: Need;
}

/** The number that the need comes to, within the limits and not down too soon. */
function settled(look: ScalingLook, { sight, measured, need }: Reckoned): ScalingDecision {
  const { nowMs, policy, replicas } = look;
  const { words, isIdle = false } = need;
  const windowMs = Math.min(WINDOW_MAX_MS, Math.max(WINDOW_MIN_MS, policy.catchUpMs / 2));
  const { down, up } = need;
  const needed = [
    ...measured.state.needed.filter(({ atMs }) => atMs > nowMs - windowMs),
    { atMs: nowMs, replicas: down },
  ];
  const state: ScalingState = { ...measured.state, needed };
  const knownForMs = nowMs - (state.knownSinceMs ?? nowMs);
  const mostNeeded = Math.max(...needed.map((one) => one.replicas));
  const limited = (count: number) =>
    limitedCount(count, { ...look, sight, isAtRest: isIdle || isStill(look, measured) });
  const wantedUp = limited(up);
  if (wantedUp.replicas > replicas) return decision(wantedUp, { load: need.load, words, state });
  const wantedDown = limited(isIdle ? down : mostNeeded);
  const mayGoDown = isIdle || knownForMs >= windowMs;
  if (wantedDown.replicas < replicas && mayGoDown) {
    return decision(wantedDown, { load: need.load, words, state });
  }
  // Outside of limits that were changed, or not low enough for long enough.
  const stays = limited(replicas);
  const isWaiting = limited(down).replicas < replicas && stays.replicas === replicas;
  const limits = isWaiting ? [`fewer only after ${spanText(windowMs)} that need fewer`] : [];
  return decision(
    { replicas: stays.replicas, limits: [...wantedUp.limits, ...limits] },
    { load: need.load, words, state },
  );
}

function decision(
  { replicas, limits }: Limited,
  { load, words, state }: {
    readonly load: number;
    readonly words: string;
    readonly state: ScalingState;
  },
): ScalingDecision {
  return { replicas, load, reason: `${words}: ${replicas}`, limits: [...new Set(limits)], state };
}

interface Limited {
  readonly replicas: number;
  readonly limits: readonly string[];
}

/** Nobody is there, and nobody is needed. */
function isStill({ replicas }: ScalingLook, { backlog }: Measured): boolean {
  return replicas === 0 && backlog === 0;
}

function limitedCount(
  count: number,
  { policy, sight, isAtRest }: {
    readonly policy: ScalingPolicy;
    readonly sight: KnownSight;
    readonly isAtRest: boolean;
  },
): Limited {
  const limits: string[] = [];
  let replicas = count === 0 && !isAtRest ? 1 : count;
  const { topics } = sight.numbers;
  if (sight.isOrdered && replicas > topics.length && topics.length > 0) {
    replicas = topics.length;
    limits.push(
      topics.length === 1
        ? "1 topic or partition, whose order is kept"
        : `${countText(topics.length)} topics and partitions, whose order is kept`,
    );
  }
  if (replicas > policy.maxReplicas) {
    replicas = policy.maxReplicas;
    limits.push(`maxReplicas ${policy.maxReplicas}`);
  }
  if (replicas < policy.minReplicas) {
    replicas = policy.minReplicas;
    limits.push(`minReplicas ${policy.minReplicas}`);
  }
  if (replicas === 0 && sight.zeroHindrance !== undefined) {
    replicas = 1;
    limits.push(`not zero: ${sight.zeroHindrance.why}`);
  }
  return { replicas, limits };
}
