/**
 * Components, pods and topics in memory, a second at a time: what scaling does to what waits.
 *
 * Messages are a fluid: parts of a message come and go. Everything is deterministic.
 *
 * @module
 */

/** One component of a trace. Times are seconds since its beginning. */
export interface ModelComponent {
  readonly name: string;
  /** Messages a second that come from outside; the first component of a chain only. */
  readonly arrivals: (second: number) => number;
  /** Messages a second that one replica does. */
  readonly rate: (second: number) => number;
  /** Part of a CPU that a busy replica uses of what it asks for: 1 for what computes, little for what waits. */
  readonly cpu: number;
  /** Part of all messages that each partition gets. */
  readonly partitions: readonly number[];
  /** Failover: a partition has one reader. */
  readonly isOrdered: boolean;
  readonly maxReplicas: number;
  readonly isFailing?: (second: number) => boolean;
}

/** What happens. */
export interface Trace {
  readonly name: string;
  /** It takes longer where messages still wait then. */
  readonly seconds: number;
  /** A chain: each writes what the next one reads. */
  readonly components: readonly ModelComponent[];
  /** Bursts: so many changes of direction are natural, there and back. */
  readonly bursts: number;
  readonly minReplicas: number;
  /** Pods that fit into the cluster; for ours the budget of the mesh. */
  readonly capacity?: number;
  /** Neither takes messages nor answers. */
  readonly isBrokerAway?: (second: number) => boolean;
  /** Seconds at which all counters of the broker and of the instances begin anew. */
  readonly resets?: readonly number[];
}

/** How long a pod takes from being placed to taking messages. */
export const START_SECONDS = 15;

interface Pod {
  readonly ordinal: number;
  /** Undefined while no node has room. */
  placedAt: number | undefined;
  processed: number;
  failed: number;
  /** Seconds that its code took for messages. */
  spent: number;
  /** Seconds of work in each of the last seconds. */
  busy: number[];
}

/** What a scaler may see of a component, and what the table is made from. */
export class ModelState {
  readonly component: ModelComponent;
  readonly pods: Pod[] = [];
  readonly backlog: number[];
  readonly arrived: number[];
  replicas: number;
  backlogSeconds = 0;
  replicaSeconds = 0;
  changes = 0;
  turns = 0;
  worstDelay = 0;
  #direction = 0;
  #held = 0;
  #taken = 0;
  #came: number[] = [];
  #oldest = 0;

  constructor(component: ModelComponent, replicas: number) {
    this.component = component;
    this.backlog = component.partitions.map(() => 0);
    this.arrived = component.partitions.map(() => 0);
    this.replicas = replicas;
    this.#resize();
    for (const pod of this.pods) pod.placedAt = -START_SECONDS;
  }

  get waiting(): number {
    return this.backlog.reduce((sum, one) => sum + one, 0);
  }

  ready(second: number): Pod[] {
    return this.pods.filter(({ placedAt }) =>
      placedAt !== undefined && second >= placedAt + START_SECONDS
    );
  }

  /** Part of the CPU that the ready pods used on average lately. */
  cpuUse(second: number, window: number): number {
    const ready = this.ready(second);
    if (ready.length === 0) return 0;
    const use = ready.map(({ busy }) => {
      const lately = busy.slice(-window);
      return lately.reduce((sum, one) => sum + one, 0) / Math.max(1, lately.length);
    });
    return use.reduce((sum, one) => sum + one, 0) / use.length * this.component.cpu;
  }

  scale(replicas: number): void {
    if (replicas === this.replicas) return;
    const direction = Math.sign(replicas - this.replicas);
    if (this.#direction !== 0 && direction !== this.#direction) this.turns++;
    this.#direction = direction;
    this.changes++;
    this.replicas = replicas;
    this.#resize();
  }

  resetCounters(): void {
    this.arrived.fill(0);
    for (const pod of this.pods) [pod.processed, pod.failed, pod.spent] = [0, 0, 0];
  }

  /** A second of messages and work. @returns what goes on to the next component */
  step(second: number, given: number, isBrokerAway: boolean): number {
    this.#held += given + this.component.arrivals(second);
    const isStill = isBrokerAway;
    if (!isStill) this.#take();
    const done = isStill ? 0 : this.#work(second);
    if (isStill) { for (const pod of this.pods) pod.busy.push(0); }
    this.#measure(second, done);
    return done;
  }

  #take(): void {
    const came = this.#held;
    this.#held = 0;
    for (const [index, part] of this.component.partitions.entries()) {
      this.backlog[index] = (this.backlog[index] ?? 0) + came * part;
      this.arrived[index] = (this.arrived[index] ?? 0) + came * part;
    }
  }

  #work(second: number): number {
    const ready = this.ready(second);
    const rate = this.component.rate(second);
    const isFailing = this.component.isFailing?.(second) ?? false;
    let total = 0;
    for (const [position, pod] of ready.entries()) {
      const own = this.component.isOrdered
        ? this.backlog.map((waits, index) => index % ready.length === position ? waits : 0)
        : this.backlog.map((waits) => waits / (ready.length - position));
      const waits = own.reduce((sum, one) => sum + one, 0);
      const does = Math.min(rate, waits);
      pod.busy.push(rate === 0 ? 0 : does / rate);
      if (pod.busy.length > 60) pod.busy.shift();
      pod.spent += rate === 0 ? 0 : does / rate;
      if (isFailing) {
        pod.failed += does;
        continue;
      }
      pod.processed += does;
      total += does;
      for (const [index, one] of own.entries()) {
        if (waits > 0) this.backlog[index] = (this.backlog[index] ?? 0) - does * one / waits;
      }
    }
    return total;
  }

  #measure(second: number, done: number): void {
    const waiting = this.waiting + this.#held;
    this.backlogSeconds += waiting;
    this.replicaSeconds += this.pods.filter(({ placedAt }) => placedAt !== undefined).length;
    this.#taken += done;
    this.#came.push(this.#taken + waiting);
    while ((this.#came[this.#oldest] ?? Infinity) <= this.#taken + 1) this.#oldest++;
    if (waiting > 1) this.worstDelay = Math.max(this.worstDelay, second - this.#oldest);
  }

  #resize(): void {
    this.pods.splice(this.replicas);
    while (this.pods.length < this.replicas) {
      const ordinal = this.pods.length;
      this.pods.push({ ordinal, placedAt: undefined, processed: 0, failed: 0, spent: 0, busy: [] });
    }
  }
}

/** Decides how many replicas each component has. */
export interface Scaler {
  readonly name: string;
  /** The seconds at which it looks. */
  readonly everySeconds: number;
  readonly minReplicas: number;
  decide(second: number, states: readonly ModelState[], isBrokerAway: boolean): readonly number[];
}

/** What a scaler made of a trace. */
export interface Result {
  readonly scaler: string;
  readonly backlogSeconds: number;
  readonly replicaSeconds: number;
  readonly changes: number;
  /** Changes of direction, of the component that has most of them. */
  readonly turns: number;
  readonly worstDelay: number;
  /** Ten a trace minute at most, for the picture. */
  readonly series: readonly {
    readonly second: number;
    readonly backlog: number;
    readonly replicas: number;
  }[];
}

const POINTS = 240;
/** Whoever has not done everything in so many times the time of a trace never will. */
const TIMES_MAX = 10;

/** Plays a trace to a scaler, and on until everything is done: work that is left undone would look like pods that are saved. */
export function played(trace: Trace, scaler: Scaler): Result {
  const states = trace.components.map((one) => new ModelState(one, scaler.minReplicas));
  const series: { second: number; backlog: number; replicas: number }[] = [];
  const every = Math.max(1, Math.floor(trace.seconds / POINTS));
  const isDone = () => states.every((state) => state.waiting < 1);
  for (let second = 0; second < trace.seconds || !isDone(); second++) {
    if (second >= trace.seconds * TIMES_MAX) break;
    const isAway = trace.isBrokerAway?.(second) ?? false;
    if (trace.resets?.includes(second)) { for (const state of states) state.resetCounters(); }
    if (second % scaler.everySeconds === 0) {
      const wanted = scaler.decide(second, states, isAway);
      for (const [index, state] of states.entries()) state.scale(wanted[index] ?? state.replicas);
    }
    place(states, second, trace.capacity ?? Infinity);
    let given = 0;
    for (const state of states) given = state.step(second, given, isAway);
    if (second % every === 0 && second < trace.seconds) series.push({ second, ...totals(states) });
  }
  const sum = (of: (state: ModelState) => number) =>
    Math.round(states.reduce((total, state) => total + of(state), 0));
  return {
    scaler: scaler.name,
    backlogSeconds: sum((state) => state.backlogSeconds),
    replicaSeconds: sum((state) => state.replicaSeconds),
    changes: sum((state) => state.changes),
    turns: Math.max(...states.map((state) => state.turns)),
    worstDelay: Math.max(...states.map((state) => state.worstDelay)),
    series,
  };
}

/** First come, first placed. */
function place(states: readonly ModelState[], second: number, capacity: number): void {
  const pods = states.flatMap((state) => state.pods);
  let room = capacity - pods.filter(({ placedAt }) => placedAt !== undefined).length;
  for (const pod of pods) {
    if (pod.placedAt !== undefined || room <= 0) continue;
    pod.placedAt = second;
    room--;
  }
}

function totals(states: readonly ModelState[]): { backlog: number; replicas: number } {
  return {
    backlog: Math.round(states.reduce((sum, state) => sum + state.waiting, 0)),
    replicas: states.reduce((sum, state) => sum + state.replicas, 0),
  };
}
