/** What waits and what came on one topic, or on one partition of it, for one subscription. */
export interface TopicNumbers {
  /** Name of the topic or partition. */
  readonly topic: string;
  /** Messages that are not acknowledged yet. */
  readonly backlog: number;
  /** Messages that came since the broker began to count; left out where it does not say. */
  readonly arrived?: number;
}

/** What one instance counted since its start. */
export interface InstanceCount {
  /** The same for the same instance in every look. */
  readonly id: string;
  readonly processed: number;
  readonly failed: number;
  /** Seconds that its code took for all of them; left out where it does not measure that. */
  readonly spentSeconds?: number;
}

/** What one look found. */
export interface ScalingNumbers {
  readonly atMs: number;
  readonly topics: readonly TopicNumbers[];
  readonly instances: readonly InstanceCount[];
}

/** What happened between two looks. */
export interface ScalingRates {
  readonly seconds: number;
  /** Messages a second that came, by topic; a topic that was not there before has none. */
  readonly arrivals: ReadonlyMap<string, number>;
  /** Messages that all instances processed, and that failed. */
  readonly processed: number;
  readonly failed: number;
  /** Messages a second of each instance that ran the whole time. */
  readonly instanceRates: readonly number[];
  /** Seconds that the code took for a message; undefined where nobody says. */
  readonly spentEach: number | undefined;
}

/** What is known of how much one replica does. */
export interface ReplicaRate {
  /** The last measurements, the newest last, in messages a second. */
  readonly samples: readonly number[];
  /** A measurement that is not finished, as a slow function does little between two looks. */
  readonly open?: { readonly seconds: number; readonly done: number };
  /** The most that an instance was seen to do, busy or not: it can do that at least. */
  readonly atLeast?: number;
  /** Of a second, the part that the code takes of a busy replica; more than 1 where it does several messages at once. */
  readonly busyPart?: number;
}

/** Measurements that are remembered: what fewer than half of them say is noise. */
const SAMPLES_MAX = 9;
/** A measurement is finished with so many messages of a replica, or after so many seconds with any. */
const DONE_MIN = 3;
const OPEN_SECONDS_MAX = 60;
/** An instance is busy when it is at least so fast as a part of the fastest: others may have nothing to do. */
const BUSY_PART = 0.5;
/** So much faster than known is what the code takes for a message, and no chance. */
const FASTER = 1.25;
/** So many seconds of work wait at both ends of a time in which instances are busy. */
export const WAITING_SECONDS = 2;

/** How much a counter went up; one that is lower than before began anew, and counted what it says since then. */
export function increase(before: number, after: number): number {
  return Math.max(0, after >= before ? after - before : after);
}

/**
 * What happened between two looks, or undefined where no time passed.
 *
 * Where a broker does not count what comes, it is what the backlog went up by and what was processed, in proportion to
 * the backlogs.
 */
export function ratesBetween(
  before: ScalingNumbers,
  after: ScalingNumbers,
): ScalingRates | undefined {
  const seconds = (after.atMs - before.atMs) / 1000;
  if (!(seconds > 0)) return undefined;
  const known = new Map(before.instances.map((instance) => [instance.id, instance]));
  // An instance that is new started between the looks: all that it counted happened since.
  const grown = after.instances.map(({ id, processed, failed, spentSeconds }) => ({
    processed: increase(known.get(id)?.processed ?? 0, processed),
    failed: increase(known.get(id)?.failed ?? 0, failed),
    isWhole: processed >= (known.get(id)?.processed ?? Infinity),
    spent: spentSeconds === undefined
      ? undefined
      : increase(known.get(id)?.spentSeconds ?? 0, spentSeconds),
  }));
  const timed = grown.filter(({ processed, spent = 0 }) => processed > 0 && spent > 0);
  const timedCount = timed.reduce((sum, one) => sum + one.processed, 0);
  const processed = grown.reduce((sum, one) => sum + one.processed, 0);
  return {
    seconds,
    arrivals: arrivalsBetween(before, after, { processed, seconds }),
    processed,
    failed: grown.reduce((sum, one) => sum + one.failed, 0),
    instanceRates: grown.filter((one) => one.isWhole).map((one) => one.processed / seconds),
    spentEach: timedCount === 0
      ? undefined
      : timed.reduce((sum, { spent = 0 }) => sum + spent, 0) / timedCount,
  };
}

function arrivalsBetween(
  before: ScalingNumbers,
  after: ScalingNumbers,
  { processed, seconds }: { readonly processed: number; readonly seconds: number },
): Map<string, number> {
  const known = new Map(before.topics.map((topic) => [topic.topic, topic]));
  const total = totalBacklog(after);
  return new Map(after.topics.flatMap(({ topic, arrived, backlog }): [string, number][] => {
    const last = known.get(topic);
    if (last === undefined) return [];
    if (arrived !== undefined && last.arrived !== undefined) {
      return [[topic, increase(last.arrived, arrived) / seconds]];
    }
    const part = total === 0 ? 1 / after.topics.length : backlog / total;
    return [[topic, Math.max(0, backlog - last.backlog + processed * part) / seconds]];
  }));
}

/** Messages that wait, on all topics. */
export function totalBacklog({ topics }: ScalingNumbers): number {
  return topics.reduce((sum, { backlog }) => sum + backlog, 0);
}

/**
 * What one replica does, as the looks so far say it: the median of the last measurements, undefined before the first.
 * Times without work measure nothing, so that it is not forgotten over a quiet night.
 */
export function perReplica({ samples }: ReplicaRate): number | undefined {
  if (samples.length === 0) return undefined;
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * What is known after another look. Instances count where they were busy: work waited at both ends of the time. One that
 * was faster than known without having been busy shows that it can, and so does one whose code takes clearly less time for
 * a message than it did while busy: else nobody would learn that a slow time is over, as so many have little to do.
 *
 * @param looks.backlogMin the lower backlog of both ends
 */
export function learned(
  known: ReplicaRate,
  rates: ScalingRates,
  { backlogMin, isOrdered }: { readonly backlogMin: number; readonly isOrdered: boolean },
): ReplicaRate {
  const fastest = Math.max(0, ...rates.instanceRates);
  // Where each reads partitions of its own, the others may have less to do.
  const part = isOrdered ? 1 : BUSY_PART;
  const busy = rates.instanceRates.filter((rate) => rate > 0 && rate >= fastest * part);
  const rate = busy.reduce((sum, one) => sum + one, 0) / Math.max(1, busy.length);
  const enough = rates.instanceRates.length + WAITING_SECONDS * rates.processed / rates.seconds;
  const isFailing = rates.failed > rates.processed;
  const isBusy = rates.instanceRates.length > 0 && backlogMin >= enough && !isFailing;
  const kept = { ...known, atLeast: Math.max(known.atLeast ?? 0, fastest) };
  if (!isBusy) {
    const { open: _open, ...closed } = kept;
    const shown = isFailing ? undefined : shownRate(known, rates, fastest);
    return shown === undefined ? closed : { ...closed, samples: added(known.samples, shown) };
  }
  const seconds = (known.open?.seconds ?? 0) + rates.seconds;
  const done = (known.open?.done ?? 0) + rate * rates.seconds;
  const isDone = done >= DONE_MIN || (done > 0 && seconds >= OPEN_SECONDS_MAX);
  if (!isDone) return { ...kept, open: { seconds, done } };
  const { open: _open, ...closed } = kept;
  const busyPart = rates.spentEach === undefined ? known.busyPart : rate * rates.spentEach;
  return {
    ...closed,
    samples: added(known.samples, done / seconds),
    ...(busyPart === undefined ? {} : { busyPart }),
  };
}

/** What replicas that were not busy show that one can do; undefined where that is nothing new. */
function shownRate(
  known: ReplicaRate,
  { spentEach }: ScalingRates,
  fastest: number,
): number | undefined {
  const now = perReplica(known);
  if (now === undefined) return undefined;
  const byTime = spentEach === undefined ? 0 : (known.busyPart ?? 0) / spentEach;
  const shown = byTime > now * FASTER ? Math.max(byTime, fastest) : fastest;
  return shown > now ? shown : undefined;
}

function added(samples: readonly number[], sample: number): readonly number[] {
  return [...samples, sample].slice(-SAMPLES_MAX);
}
