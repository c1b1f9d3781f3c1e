import { type Clock, deadline, errorText, keyOf, type ObjectKey, unlessAborted } from "#base";
import type { ContainerLog } from "#kube";
import type { Pod } from "#plan";
import type { Logger } from "#telemetry";
import {
  causeLine,
  type UnexplainedEnd,
  unexplainedEnds,
  withTerminationLog,
} from "./container_end.ts";
import type { PodsWithLogs, TerminationLogSource } from "./context.ts";
import type { WakeUp } from "./wake_up.ts";

/** Reads the end of a container's log. */
export type LogReader = (log: ContainerLog, signal: AbortSignal) => Promise<string>;

/** What reads logs, and whom it wakes. */
export interface TerminationLogOptions {
  readonly read: LogReader;
  readonly wake: (owner: WakeUp) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Containers of one component whose logs are read at a time: one cause is shown, not a hundred. */
const ENDS_A_PASS = 3;
/** Logs that are read at the same time, of all components. */
const READS_AT_ONCE = 4;
/** Ends whose logs wait to be read; further ones are asked for again by a later pass. */
const WAITING_MAX = 200;
/** However a node behaves, nobody waits longer for a log. */
const READ_MS = 5_000;
/** Ends that are remembered; older ones are read again should somebody ask. */
const REMEMBERED_MAX = 1_000;
/** A log that cannot be read is asked for so often, at passes that come anyway. */
const TRIES_MAX = 3;

/** What is known of one end of a container. */
interface Known {
  /** The cause that the log names; empty for a log that says nothing. */
  readonly text: string;
  readonly tries: number;
  isNews: boolean;
}

interface Wanted {
  readonly end: UnexplainedEnd;
  readonly pod: ObjectKey;
  readonly owner: WakeUp;
}

/**
 * What containers said before they failed, read beside the passes, once for each end of a container.
 *
 * # Guarantees
 * No pass waits for a log. A reading ends after some seconds, whatever the node does, and a few go on at a time. Who asked
 * is woken when there is an answer that says something.
 */
export class TerminationLogs implements TerminationLogSource, AsyncDisposable {
  readonly #options: TerminationLogOptions;
  /** By id of the end, the oldest first. */
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Map<string, Wanted>();
  readonly #reading = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: TerminationLogOptions) {
    this.#options = options;
  }

  addedTo(pods: readonly Pod[], owner: WakeUp): PodsWithLogs {
    const ends = pods.flatMap((pod) => unexplainedEnds(pod).map((end) => ({ pod, end })));
    if (ends.length === 0) return { pods, isNews: false };
    for (
      const { pod, end } of ends.filter(({ end }) => this.#isWanted(end)).slice(0, ENDS_A_PASS)
    ) {
      this.#want({ end, pod: keyOf(pod), owner });
    }
    const news = ends.flatMap(({ end }) => this.#known.get(end.id) ?? []).filter((one) =>
      one.isNews
    );
    for (const one of news) one.isNews = false;
    return {
      pods: pods.map((pod) => withTerminationLog(pod, this.#textsOf(pod))),
      isNews: news.length > 0,
    };
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting.clear();
    this.#stop.abort(new DOMException("the program ends", "AbortError"));
    await Promise.all(this.#reading.values());
  }

  #isWanted({ id }: UnexplainedEnd): boolean {
    const known = this.#known.get(id);
    const isRead = known !== undefined && (known.text !== "" || known.tries >= TRIES_MAX);
    return !isRead && !this.#waiting.has(id) && !this.#reading.has(id);
  }

  #want(wanted: Wanted): void {
    if (this.#stop.signal.aborted || this.#waiting.size >= WAITING_MAX) return;
    this.#waiting.set(wanted.end.id, wanted);
    this.#next();
  }

  /** Begins with the next one, if there is one and it may be begun. */
  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#reading.size >= READS_AT_ONCE) return;
    const [id, wanted] = first;
    this.#waiting.delete(id);
    const reading = this.#read(wanted).finally(() => {
      this.#reading.delete(id);
      this.#next();
    });
    this.#reading.set(id, reading);
  }

  async #read({ end, owner, pod }: Wanted): Promise<void> {
    const { clock, log, read, wake } = this.#options;
    const { container, isPrevious } = end;
    const which = { namespace: pod.namespace, pod: pod.name, container, isPrevious };
    using limit = deadline(READ_MS, { clock, signal: this.#stop.signal });
    try {
      const text = await unlessAborted(read(which, limit.signal), limit.signal);
      const cause = causeLine(text) ?? "";
      this.#remember(end.id, { text: cause, tries: TRIES_MAX, isNews: cause !== "" });
      if (cause !== "") wake(owner);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const tries = (this.#known.get(end.id)?.tries ?? 0) + 1;
      this.#remember(end.id, { text: "", tries, isNews: false });
      log.warn("Cannot read why a container failed", {
        pod: pod.name,
        namespace: pod.namespace,
        container,
        tries,
        error: limit.isExpired ? `no end within ${READ_MS} ms` : errorText(error),
      });
    }
  }

  #textsOf(pod: Pod): Map<string, string> {
    const known = unexplainedEnds(pod).map(({ container, id }) =>
      [container, this.#known.get(id)?.text ?? ""] as const
    );
    return new Map(known.filter(([, text]) => text !== ""));
  }

  #remember(id: string, known: Known): void {
    this.#known.delete(id);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= REMEMBERED_MAX && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(id, known);
  }
}
