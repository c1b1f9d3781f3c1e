import { boundedBytes, type Clock, deadline, systemClock } from "#base";
import type { Transport } from "./transport.ts";

/** Which log. */
export interface ContainerLog {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The log of the run before the current one. */
  readonly isPrevious: boolean;
}

/** How much of it, and for how long to wait for it. */
export interface LogLimits {
  /** Last lines. */
  readonly linesMax: number;
  readonly bytesMax: number;
  /** For all of it: a node may stop answering in the middle. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * The end of a container's log.
 *
 * @throws {ApiError} when there is none, or it may not be read
 * @throws when it does not come in time, or the signal aborts
 */
export async function readContainerLog(
  transport: Pick<Transport, "stream">,
  log: ContainerLog,
  { linesMax, bytesMax, deadlineMs, signal, clock = systemClock }: LogLimits,
): Promise<string> {
  const { namespace, pod, container, isPrevious } = log;
  using limit = deadline(deadlineMs, { clock, signal });
  const body = await transport.stream({
    path: `/api/v1/namespaces/${namespace}/pods/${pod}/log`,
    query: {
      container,
      previous: String(isPrevious),
      tailLines: String(linesMax),
      limitBytes: String(bytesMax),
    },
    ask: { verb: "get", kind: "Pod", subresource: "log", key: { namespace, name: pod } },
    deadlineMs,
    signal: limit.signal,
  });
  // The limits of a stream end with its head.
  const { bytes } = await boundedBytes(body, { bytesMax, signal: limit.signal });
  return new TextDecoder().decode(bytes);
}
