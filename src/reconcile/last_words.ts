import { isAbort } from "#base";
import type { ContainerLog } from "#kube";
import { causeLine, type Pod, type SilentEnd, silentEnds, withLastWords } from "#plan";
import type { Logger } from "#telemetry";

/** Reads the end of a container's log. */
export type LogReader = (log: ContainerLog, signal: AbortSignal) => Promise<string>;

/** Containers of one component whose logs are read in one pass: one cause is shown, not a hundred. */
const ENDS_A_PASS = 3;

/** Ends that are remembered; older ones are read again should somebody ask. */
const REMEMBERED_MAX = 1_000;

/**
 * What containers said before they failed, read once for each end of a container.
 *
 * # Guarantees
 * A pass waits as long as one reading may take, at most. A log that cannot be read leaves the status without a cause,
 * and is not asked for again.
 */
export class LastWords {
  readonly #read: LogReader;
  readonly #log: Logger;
  /** By id of the end; the empty text for a log that says nothing. */
  readonly #remembered = new Map<string, string>();

  constructor(read: LogReader, log: Logger) {
    this.#read = read;
    this.#log = log;
  }

  /** The pods, with the cause that its log names for each container that failed without a message. */
  async addedTo(pods: readonly Pod[], signal: AbortSignal): Promise<readonly Pod[]> {
    const silent = pods.flatMap((pod) => silentEnds(pod).map((end) => ({ pod, end })));
    if (silent.length === 0) return pods;
    const unread = silent.filter(({ end }) => !this.#remembered.has(end.id));
    await Promise.all(
      unread.slice(0, ENDS_A_PASS).map(({ pod, end }) => this.#remember(pod, end, signal)),
    );
    return pods.map((pod) => withLastWords(pod, this.#wordsOf(pod)));
  }

  #wordsOf(pod: Pod): Map<string, string> {
    const known = silentEnds(pod).map(({ container, id }) =>
      [container, this.#remembered.get(id) ?? ""] as const
    );
    return new Map(known.filter(([, words]) => words !== ""));
  }

  async #remember(pod: Pod, end: SilentEnd, signal: AbortSignal): Promise<void> {
    const { container, isPrevious } = end;
    const { name, namespace = "" } = pod.metadata;
    try {
      const text = await this.#read({ namespace, pod: name, container, isPrevious }, signal);
      this.#keep(end.id, causeLine(text) ?? "");
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      this.#keep(end.id, "");
      this.#log.warn("Cannot read why a container failed", {
        pod: name,
        namespace,
        container,
        error,
      });
    }
  }

  #keep(id: string, words: string): void {
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size >= REMEMBERED_MAX && oldest !== undefined) {
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(id, words);
  }
}
