import { type Clock, Semaphore } from "#base";
import type { InstanceCount, Pod } from "#plan";
import { CallProblem } from "../metrics_poll/call_problem.ts";
import { InstanceClient } from "../metrics_poll/instance_client.ts";
import type { InstanceNumbers } from "../metrics_poll/instance_numbers.ts";
import { PollBackoff } from "../metrics_poll/poll_backoff.ts";

/** Whoever does not answer in this time is left alone for a while. */
const DEADLINE_MS = 3_000;
/** Instances that are asked together, of all components and of one. */
const INSTANCES_AT_ONCE = 128;
const OF_ONE_AT_ONCE = 16;

/** Asks the instances of components what they counted. */
export class Instances implements Disposable {
  readonly #client = new InstanceClient();
  readonly #clock: Clock;
  readonly #backoff: PollBackoff;
  readonly #turns = new Semaphore(INSTANCES_AT_ONCE, { shareMax: OF_ONE_AT_ONCE });

  constructor({ clock, intervalMs }: { readonly clock: Clock; readonly intervalMs: number }) {
    this.#clock = clock;
    this.#backoff = new PollBackoff(intervalMs);
  }

  /** The counts of the pods of one component that answer; the others count for nothing. */
  async counts(
    uid: string,
    pods: readonly Pod[],
    signal: AbortSignal,
  ): Promise<readonly InstanceCount[]> {
    const asked = askablePods(pods).map((pod) =>
      this.#turns.run(() => this.#count(pod, signal), signal, uid)
    );
    return (await Promise.all(asked)).flat();
  }

  /** Forgets pods that are gone. */
  forgetExcept(pods: readonly Pod[]): void {
    this.#backoff.forgetExcept(new Set(askablePods(pods).map(idOfPod)));
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async #count(pod: Pod, signal: AbortSignal): Promise<InstanceCount[]> {
    const id = idOfPod(pod);
    if (this.#backoff.problem(id, this.#clock.monotonicMs()) !== undefined) return [];
    try {
      const call = { signal, deadlineMs: DEADLINE_MS, clock: this.#clock };
      const numbers = await this.#client.ask(pod.status?.podIP ?? "", call);
      this.#backoff.answered(id);
      return [{ id, ...countsIn(numbers) }];
    } catch (error) {
      if (!(error instanceof CallProblem)) throw error;
      this.#backoff.failed(id, error.message, this.#clock.monotonicMs());
      return [];
    }
  }
}

function countsIn(numbers: InstanceNumbers): Omit<InstanceCount, "id"> {
  const { averageLatencyMs, processed, sinkExceptions, sourceExceptions } = numbers;
  const { systemExceptions, userExceptions } = numbers;
  return {
    processed,
    failed: userExceptions + systemExceptions + sourceExceptions + sinkExceptions,
    // Connectors do not measure it.
    ...(averageLatencyMs > 0 ? { spentSeconds: averageLatencyMs * processed / 1000 } : {}),
  };
}

function askablePods(pods: readonly Pod[]): Pod[] {
  return pods.filter(({ metadata, status }) =>
    metadata.deletionTimestamp === undefined && status?.phase === "Running" && status.podIP
  );
}

function idOfPod({ metadata, status }: Pod): string {
  return `${metadata.uid} ${status?.podIP}`;
}
