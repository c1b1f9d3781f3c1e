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
/**
 * What the replicas do that are there in this part of the time that is asked for may wait, and needs nobody else. It keeps
 * them busy: without anything that waits, whatever is not a whole number of replicas is rounded up, and so is each peak.
 */
const TOLERATED_PART = 0.2;
/** A look and the start of a pod take about as long: to plan for less only has replicas come and go. */
const PLANNED_SECONDS_MIN = 20;
/** Fewer where each would still work less than this part of the time: a peak as they mostly are has nobody come back. */
const BUSY_DOWN = 0.93;
/** Part of a replica that a partition which needs a whole one may share all the same. */
const SPARED_PART = 0.1;
/** Seconds over which arrivals are smoothed. */
const SMOOTHING_SECONDS = 60;
/** Of what came before, the part below which traffic has stopped. */
const STOPPED_PART = 0.25;
const STOPPED_SECONDS = 5;
/** Of all that instances took, the part below which more of them would fail as well. */
const SUCCESS_PART_MIN = 0.1;

/** What follows from a look and the one before. */
export interface Measured {
  readonly backlog: number;
  readonly rates: ScalingRates | undefined;
  readonly perReplica: number | undefined;
  /** Messages a second that come; undefined before the second look. */
  readonly arrivals: number | undefined;
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
    demands: {
      up: flow?.lasting ?? 0,
      down: flow === undefined ? 0 : meanOf(flow),
    },
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

/** Messages a second to be ready for. */
interface Demands {
  /** Who is not up to this gets more replicas: what lasts, as what waits says the rest. */
  readonly up: number;
  /** Who is up to more than this gets fewer: also what came only lately. */
  readonly down: number;
}

function flowAfter(before: Flow | undefined, latest: number, seconds: number): Flow {
  if (before === undefined) return { lasting: latest, knownPart: 1 };
  const mean = meanOf(before);
  // Traffic that stops is over soon; the window sees to it that a gap is no end.
  const hasStopped = latest < mean * STOPPED_PART;
  const part = 1 - Math.exp(-seconds / (hasStopped ? STOPPED_SECONDS : SMOOTHING_SECONDS));
  if (mean < latest * STOPPED_PART) return { lasting: latest * part, knownPart: part };
  return {
    lasting: before.lasting + (latest - before.lasting) * part,
    knownPart: before.knownPart + (1 - before.knownPart) * part,
  };
}

function meanOf({ knownPart, lasting }: Flow): number {
  return lasting / knownPart;
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
  return Math.min(replicas, wholeCount(demands.down / atLeast / BUSY_DOWN));
}

/** Replicas that the work takes, whole ones. */
interface Counts {
  readonly up: number;
  readonly down: number;
  readonly load: number;
}

function countsOf(
  { policy, replicas }: ScalingLook,
  sight: KnownSight,
  measured: Measured,
  perReplica: number,
): Counts {
  const hasWork = measured.backlog > 0 || (measured.arrivals ?? 0) > 0;
  // Smoothed arrivals never are quite nothing again.
  if (replicas === 0 && !hasWork) return fixedNeed(0);
  const catchUpSeconds = policy.catchUpMs / 1000;
  const workOffSeconds = Math.max(catchUpSeconds * CATCH_UP_PART, PLANNED_SECONDS_MIN);
  const waitSeconds = Math.max(
    catchUpSeconds * TOLERATED_PART,
    Math.min(catchUpSeconds, PLANNED_SECONDS_MIN),
  );
  const { maxBacklogPerReplica = Infinity } = policy;
  const plain = measured.backlog / maxBacklogPerReplica;
  const parts = partsOf(sight, measured);
  // Of what comes, the part that those who are there do.
  const donePart = Math.min(1, replicas * perReplica / Math.max(measured.demands.up, 1e-9));
  const loads = parts.map(({ part, backlog }) => {
    const arrivals = measured.demands.up * part;
    const tolerated = arrivals * donePart * waitSeconds;
    return Math.max(0, arrivals + (backlog - tolerated) / workOffSeconds) / perReplica;
  });
  const count = (loads: readonly number[], busy: number) =>
    sight.isOrdered ? dealtCount(loads, busy) : wholeCount(sumOf(loads) / busy);
  const up = Math.max(hasWork ? 1 : 0, count(loads, 1), wholeCount(plain));
  const steady = parts.map(({ part }) => measured.demands.down * part / perReplica);
  const down = count(steady, BUSY_DOWN);
  const load = sumOf(loads.map((one) => sight.isOrdered ? Math.min(1, one) : one));
  return { up, down: Math.max(up, down), load: Math.max(load, plain) };
}

/** What replicas can share at will: everything, or each topic and partition where order is kept; with its part of what comes. */
function partsOf(
  { isOrdered, numbers }: KnownSight,
  { backlog, rates }: Measured,
): readonly { readonly part: number; readonly backlog: number }[] {
  if (!isOrdered) return [{ part: 1, backlog }];
  const latest = sumOf(rates?.arrivals.values() ?? []);
  return numbers.topics.map(({ topic, backlog }) => ({
    part: latest > 0 ? (rates?.arrivals.get(topic) ?? 0) / latest : 0,
    backlog,
  }));
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
