import type { Flow, KnownSight, ScalingLook, ScalingState } from "./scaling_look.ts";
import {
  learned,
  perReplica,
  ratesBetween,
  type ScalingRates,
  totalBacklog,
  WAITING_SECONDS,
} from "./scaling_rates.ts";

/** Pods take a while to start: a backlog is planned to be worked off in this part of the time that is asked for. */
const CATCH_UP_PART = 0.5;
/** More replicas where each would have to work more than this part of the time, */
const BUSY_UP = 0.95;
/** and fewer where each would still work less than this part of it. */
const BUSY_DOWN = 0.9;
/** Part of a replica that a partition which needs a whole one may share all the same. */
const SPARED_PART = 0.1;
/** Seconds over which arrivals are smoothed, and how far they mostly are from that. */
const SMOOTHING_SECONDS = 30;
const DEVIATION_SECONDS = 120;
/** Of what came before, the part below which traffic has stopped. */
const STOPPED_PART = 0.25;
const STOPPED_SECONDS = 5;
/** A burst is no deviation: that it is far off counts as no more than this part of the mean. */
const DEVIATION_MAX = 0.5;
const UP_DEVIATIONS = 1.3;
const DOWN_DEVIATIONS = 3;
/** Of all that instances took, the part below which more of them would fail as well. */
const SUCCESS_PART_MIN = 0.1;

/** What follows from a look and the one before. */
export interface Measured {
  readonly backlog: number;
  readonly rates: ScalingRates | undefined;
  readonly perReplica: number | undefined;
  /** Messages a second that come; undefined before the second look. */
  readonly arrivals: number | undefined;
  /** Messages a second to be ready for. */
  readonly demands: Demands;
  readonly idleSinceMs: number | undefined;
  readonly state: ScalingState;
}

/** What a look and the one before say. */
export function measure(
  { nowMs, state }: ScalingLook,
  { isOrdered, numbers }: KnownSight,
): Measured {
  const rates = state.last === undefined ? undefined : ratesBetween(state.last, numbers);
  const backlog = totalBacklog(numbers);
  const backlogMin = Math.min(backlog, state.last === undefined ? 0 : totalBacklog(state.last));
  const rate = rates === undefined
    ? state.rate
    : learned(state.rate, rates, { backlogMin, isOrdered });
  const latest = rates === undefined ? undefined : sumOf(rates.arrivals.values());
  const flow = latest === undefined
    ? state.flow
    : flowAfter(state.flow, latest, rates?.seconds ?? 0);
  const isIdle = backlog === 0 && (latest ?? 0) === 0;
  const idleSinceMs = isIdle ? state.idleSinceMs ?? nowMs : undefined;
  return {
    backlog,
    rates,
    perReplica: perReplica(rate),
    arrivals: latest,
    demands: demandsOf({ backlog, latest, rates, flow }),
    idleSinceMs,
    state: {
      last: numbers,
      rate,
      ...(flow === undefined ? {} : { flow }),
      needed: state.needed,
      knownSinceMs: state.knownSinceMs ?? nowMs,
      ...(idleSinceMs === undefined ? {} : { idleSinceMs }),
      ...(state.awaitsWork === true && isIdle ? { awaitsWork: true } : {}),
    },
  };
}

/** Two, so that a number between them neither goes up nor down. */
interface Demands {
  /** Who is not up to this gets more replicas. */
  readonly up: number;
  /** Who is up to more than this gets fewer. */
  readonly down: number;
}

/** A peak as they mostly are is not worth a change; what waits, and goes on coming, is. */
function demandsOf({ backlog, latest = 0, rates, flow }: {
  readonly backlog: number;
  readonly latest: number | undefined;
  readonly rates: ScalingRates | undefined;
  readonly flow: Flow | undefined;
}): Demands {
  const { mean, deviation } = flow ?? { mean: 0, deviation: 0 };
  const isBehind = rates === undefined ||
    backlog > WAITING_SECONDS * rates.processed / rates.seconds;
  const up = mean + UP_DEVIATIONS * deviation;
  return {
    up: isBehind ? Math.max(latest, up) : up,
    down: mean + DOWN_DEVIATIONS * deviation,
  };
}

function flowAfter(before: Flow | undefined, latest: number, seconds: number): Flow {
  if (before === undefined) return { mean: latest, deviation: 0 };
  // Traffic that stops is over soon; the window sees to it that a gap is no end.
  const hasStopped = latest < before.mean * STOPPED_PART;
  const part = 1 - Math.exp(-seconds / (hasStopped ? STOPPED_SECONDS : SMOOTHING_SECONDS));
  const deviationPart = 1 - Math.exp(-seconds / DEVIATION_SECONDS);
  const off = Math.min(Math.abs(latest - before.mean), DEVIATION_MAX * before.mean);
  return {
    mean: before.mean + (latest - before.mean) * part,
    deviation: before.deviation + (off - before.deviation) * deviationPart,
  };
}

/** What the work takes. */
export interface Need {
  /** As a fraction of replicas. */
  readonly load: number;
  /** With fewer than `up` it takes more, with more than `down` fewer. */
  readonly up: number;
  readonly down: number;
  /** Nothing has waited or come for long enough. */
  readonly isIdle?: boolean;
  /** What is known, in words without the number of replicas. */
  readonly words: string;
}

/** What the work takes, and in which words. */
export function needOf(look: ScalingLook, sight: KnownSight, measured: Measured): Need {
  const { replicas, policy, nowMs } = look;
  const { backlog, perReplica, rates, idleSinceMs } = measured;
  const isIdle = rates !== undefined && idleSinceMs !== undefined &&
    nowMs - idleSinceMs >= policy.idleAfterMs;
  if (isIdle) {
    const words = `nothing waits, nothing came for ${spanText(nowMs - idleSinceMs)}`;
    return { ...fixedNeed(0), isIdle: true, words };
  }
  const taken = (rates?.processed ?? 0) + (rates?.failed ?? 0);
  if (rates !== undefined && rates.failed > 0 && rates.processed < taken * SUCCESS_PART_MIN) {
    const words = `${countText(backlog)} wait, and ${countText(rates.failed)} of ` +
      `${countText(taken)} messages failed: more replicas would not help`;
    return { ...fixedNeed(replicas), words };
  }
  const words = flowText(measured);
  if (perReplica === undefined || perReplica <= 0) {
    const fixed = untilKnown(look, sight, measured);
    return { ...fixedNeed(fixed), words: `${words}, what one replica does is not known yet` };
  }
  const counts = countsOf(look, sight, measured, perReplica);
  return { ...counts, words: `${words}, one replica does ${rateText(perReplica)}` };
}

function fixedNeed(replicas: number): Counts {
  return { load: replicas, up: replicas, down: replicas };
}

/**
 * One; twice as many while the backlog grows although all that are there get something done; and fewer where the work is
 * less than what they were seen to do.
 */
function untilKnown(
  { replicas, state, policy }: ScalingLook,
  { readyReplicas }: KnownSight,
  { demands, backlog, rates, state: { rate } }: Measured,
): number {
  const { maxBacklogPerReplica } = policy;
  const plain = maxBacklogPerReplica === undefined ? 0 : Math.ceil(backlog / maxBacklogPerReplica);
  if (plain > 0) return plain;
  if (replicas === 0) return backlog > 0 ? 1 : 0;
  const before = state.last === undefined ? backlog : totalBacklog(state.last);
  const done = rates === undefined ? 0 : rates.processed / rates.seconds;
  // Some messages always are on their way.
  const isBehind = done > 0 && backlog > before && backlog > WAITING_SECONDS * done;
  if (isBehind && readyReplicas >= replicas) return replicas * 2;
  const { atLeast = 0 } = rate;
  if (atLeast === 0 || backlog > WAITING_SECONDS * done) return replicas;
  return Math.min(replicas, Math.ceil(demands.down / atLeast / BUSY_DOWN - 1e-9));
}

/** Replicas that the work takes, whole ones. */
interface Counts {
  readonly up: number;
  readonly down: number;
  readonly load: number;
}

function countsOf(
  { policy }: ScalingLook,
  { numbers, isOrdered }: KnownSight,
  { backlog, demands, rates }: Measured,
  perReplica: number,
): Counts {
  const seconds = policy.catchUpMs * CATCH_UP_PART / 1000;
  const { maxBacklogPerReplica = Infinity } = policy;
  const plain = backlog / maxBacklogPerReplica;
  const latest = sumOf(rates?.arrivals.values() ?? []);
  const loadsAt = (demand: number) =>
    isOrdered
      ? numbers.topics.map(({ topic, backlog }) => {
        const part = latest > 0 ? (rates?.arrivals.get(topic) ?? 0) / latest : 0;
        return (demand * part + backlog / seconds) / perReplica;
      })
      : [(demand + backlog / seconds) / perReplica];
  const count = (demand: number, busy: number) => {
    const loads = loadsAt(demand);
    const own = isOrdered ? dealtCount(loads, busy) : wholeCount(sumOf(loads) / busy);
    return Math.max(own, wholeCount(plain));
  };
  const load = sumOf(loadsAt(demands.up).map((one) => isOrdered ? Math.min(1, one) : one));
  return {
    up: count(demands.up, BUSY_UP),
    down: count(demands.down, BUSY_DOWN),
    load: Math.max(load, plain),
  };
}

function wholeCount(load: number): number {
  return Math.ceil(load - 1e-9);
}

/**
 * The replicas that partitions take whose order is kept, by what each takes. The broker deals them out in turn: the first
 * is read by the first consumer, and so on, and then from the first again. What a partition takes beyond one replica nobody
 * can give it, but it can be spared to share that one.
 */
function dealtCount(loads: readonly number[], busy: number): number {
  const least = wholeCount(sumOf(loads.map((load) => Math.min(1, load))));
  for (let count = Math.max(1, least); count < loads.length; count++) {
    const dealt = Array.from(
      { length: count },
      (_, first) => loads.filter((_, index) => index % count === first),
    );
    const isEnough = dealt.every((own) =>
      sumOf(own) <= Math.max(busy, Math.max(...own) + SPARED_PART)
    );
    if (isEnough) return count;
  }
  return least === 0 ? 0 : loads.length;
}

function flowText({ backlog, arrivals }: Measured): string {
  const waiting = backlog === 0 ? "nothing waits" : `${countText(backlog)} wait`;
  if (arrivals === undefined) return waiting;
  return `${waiting}, ${arrivals === 0 ? "nothing comes" : `${rateText(arrivals)} come`}`;
}

function sumOf(numbers: Iterable<number>): number {
  return [...numbers].reduce((sum, one) => sum + one, 0);
}

/** One for all: to make one for each number takes longer than all the rest of a decision. */
const COUNT = new Intl.NumberFormat("en-US");

/** A number of messages. */
export function countText(count: number): string {
  return COUNT.format(Math.round(count));
}

function rateText(perSecond: number): string {
  if (perSecond >= 10) return `${countText(perSecond)}/s`;
  return `${Number(perSecond.toPrecision(2))}/s`;
}

/** A time span in its largest unit. */
export function spanText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds}s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)}m` : `${Math.floor(seconds / 3600)}h`;
}
