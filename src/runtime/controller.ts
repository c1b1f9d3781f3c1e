import {
  type Clock,
  deadline,
  keyFromText,
  keyText,
  type Next,
  type ObjectKey,
  Semaphore,
  TaskGroup,
  Turns,
} from "#base";
import { NotLeadingError } from "#kube";
import type { Logger, Metrics } from "#telemetry";
import { Backoff } from "./backoff.ts";
import { type Verdict, verdictOn } from "./error_policy.ts";
import { type Lane, WorkQueue } from "./work_queue.ts";

/** One kind's loop: what to do, how often at once, and whom to tell. */
export interface ControllerOptions {
  /** The kind, e.g. `Function`: label of metrics, fact of log lines. */
  readonly name: string;
  /**
   * Brings one object to where it should be. Throws `StalledError` (a person must act), `WaitingError` (look again
   * after a while) or anything else (try again with backoff). The signal aborts when the pass takes too long, or at
   * shutdown when it does not end by itself.
   */
  readonly reconcile: (key: ObjectKey, signal: AbortSignal) => Promise<Next>;
  /** How many objects are worked on at once. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** Between 0 and 1; `Math.random` when left out. */
  readonly random?: () => number;
  readonly metrics: Metrics;
  readonly log: Logger;
  /**
   * A pass that takes longer is aborted and counts as failed; 5 min when left out. For all objects, or for each its own;
   * `Infinity` where passes have a limit of their own.
   */
  readonly passMsMax?: number | ((key: ObjectKey) => number);
  /**
   * How long passes that are under way may go on after the signal aborted; 10 s when left out. None when it aborted
   * because the process does not lead any longer.
   */
  readonly drainMs?: number;
  readonly signal: AbortSignal;
}

interface Pass {
  readonly key: ObjectKey;
  readonly startMs: number;
  readonly limitMs: number;
  readonly stop: AbortController;
}

const PASS_MS_MAX = 300_000;
/** A pass that goes on for so long after it was aborted does not react. */
const ABORT_GRACE_MS = 60_000;

/** A place comes free when a pass ends, also at shutdown. */
const NEVER = new AbortController().signal;

/** A key that failed so often in a row is slowed down even when changes come: its own status may be the change. */
const FAILURES_TRUSTED_MAX = 5;
const DISTRUST_DELAY_MS = 1_000;

/**
 * Takes keys from a queue and reconciles them.
 *
 * # Guarantees
 * One pass at a time for a key; nothing that a pass throws ends the loop; every pass is measured and ends in one of
 * five results; an error is logged here, once, and nowhere else.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #backoff: Backoff;
  readonly #turns: Turns;
  readonly #passes = new Set<Pass>();
  /** What a stalled object was last said to suffer from, so that it is said once. */
  readonly #stalled = new Map<string, string>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { name, clock, metrics, random = Math.random } = options;
    this.#backoff = new Backoff({ random });
    this.#turns = new Turns(clock);
    let known = 0;
    this.#queue = new WorkQueue({
      clock,
      onDepth: (depth) => {
        metrics.changeQueueDepth(name, depth - known);
        known = depth;
      },
      onWait: (waitMs) => metrics.observeQueueWait(name, waitMs / 1000),
    });
  }

  /** Objects that are due and not being worked on. */
  get depth(): number {
    return this.#queue.depth;
  }

  /** Whether nothing is due or being worked on; what comes later (retries, periodic looks) does not count. */
  get idle(): boolean {
    return this.#queue.depth === 0 && this.#passes.size === 0;
  }

  /** An object changed, or it is time to look at it. Before `run` keys are kept for it. */
  enqueue(key: ObjectKey, lane: Lane = "change"): void {
    const text = keyText(key);
    if (this.#backoff.failures(text) >= FAILURES_TRUSTED_MAX) {
      this.#queue.addAfter(text, DISTRUST_DELAY_MS);
    } else {
      this.#queue.add(text, lane);
    }
  }

  /** An object wants to be looked at in a while, whatever its own passes said. */
  enqueueAfter(key: ObjectKey, delayMs: number): void {
    this.#queue.addAfter(keyText(key), delayMs);
  }

  /** What is wrong with the loop, for a liveness check: a pass that neither ends nor reacts to its abort. */
  problem(): string | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    const stuck = [...this.#passes].find((pass) =>
      nowMs - pass.startMs > pass.limitMs + ABORT_GRACE_MS
    );
    return stuck === undefined
      ? undefined
      : `${this.#options.name} ${keyText(stuck.key)} has been worked on for ${
        Math.round((nowMs - stuck.startMs) / 1000)
      } s`;
  }

  /** Works until the signal aborts; passes that are under way may end, for a while. */
  async run(): Promise<void> {
    const { signal, clock, drainMs = 10_000 } = this.#options;
    const finished = new AbortController();
    const patience = async () => {
      await whenAborted(signal);
      const isOver = signal.reason instanceof NotLeadingError;
      await clock.sleep(isOver ? 0 : drainMs, finished.signal);
      for (const pass of this.#passes) pass.stop.abort(signal.reason);
    };
    const drain = patience().catch((error) => {
      if (!finished.signal.aborted) throw error;
    });
    await this.#workers();
    finished.abort();
    await drain;
  }

  /** Works on what is due until the queue is closed. A worker comes with its object: a thousand that wait take memory. */
  async #workers(): Promise<void> {
    const group = new TaskGroup(this.#options.signal);
    const places = new Semaphore(this.#options.concurrency);
    const close = () => this.#queue.close();
    group.signal.addEventListener("abort", close, { once: true });
    if (group.signal.aborted) close();
    while (true) {
      const place = await places.acquire(NEVER);
      const key = await this.#queue.take();
      if (key === undefined) break;
      group.start(async () => {
        using _place = place;
        await this.#work(key);
      });
    }
    await group.ended();
  }

  async #work(key: string): Promise<void> {
    try {
      // One pass may wait for nothing; many of those in a row let everything else have turns.
      if (this.#queue.depth > 0) await this.#turns.next();
      if (!this.#options.signal.aborted) await this.#pass(key);
    } finally {
      this.#queue.done(key);
    }
  }

  async #pass(text: string): Promise<void> {
    const { name, metrics, clock, reconcile } = this.#options;
    const key = keyFromText(text);
    const limitMs = this.#limitMs(key);
    const pass = { key, startMs: clock.monotonicMs(), limitMs, stop: new AbortController() };
    this.#passes.add(pass);
    const reason = new DOMException(`no end after ${limitMs} ms`, "TimeoutError");
    using limit = deadline(limitMs, { clock, signal: pass.stop.signal, reason });
    using measure = metrics.measureReconcile(name, key);
    let verdict: Verdict;
    try {
      verdict = verdictOn({ next: await reconcile(key, limit.signal) });
    } catch (error) {
      verdict = verdictOn({ error });
    } finally {
      this.#passes.delete(pass);
    }
    measure.result = verdict.result;
    this.#settle(text, verdict);
  }

  #limitMs(key: ObjectKey): number {
    const { passMsMax = PASS_MS_MAX } = this.#options;
    return typeof passMsMax === "number" ? passMsMax : passMsMax(key);
  }

  /** Logs, and says when to come back. */
  #settle(text: string, verdict: Verdict): void {
    // At shutdown aborted passes fail; the next start looks at everything anyway.
    if (this.#options.signal.aborted && verdict.retry === "backoff") return;
    this.#say(text, verdict);
    if (verdict.retry === "backoff") {
      this.#queue.addAfter(text, this.#backoff.nextDelayMs(text));
      return;
    }
    this.#backoff.reset(text);
    if (verdict.retry !== "change") this.#queue.addAfter(text, verdict.retry.delayMs);
  }

  #say(text: string, verdict: Verdict): void {
    const log = this.#options.log;
    const facts = { kind: this.#options.name, object: text, error: verdict.error };
    const failures = this.#backoff.failures(text) + 1;
    if (verdict.result !== "stalled") this.#stalled.delete(text);
    switch (verdict.result) {
      case "success":
        return;
      case "requeue":
        if (verdict.error !== undefined) log.debug("Waiting", { ...facts, reason: verdict.reason });
        return;
      case "conflict":
        return failures <= FAILURES_TRUSTED_MAX
          ? log.debug("Somebody else was faster", facts)
          : log.warn("Somebody else goes on changing this object", { ...facts, failures });
      case "stalled": {
        const said = `${verdict.reason}: ${String(verdict.error)}`;
        if (this.#stalled.get(text) === said) return;
        this.#stalled.set(text, said);
        return log.warn("Stalled until it changes", { ...facts, reason: verdict.reason });
      }
      case "error":
        return log.error("Cannot reconcile", { ...facts, failures });
      default:
        verdict.result satisfies never;
    }
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}
