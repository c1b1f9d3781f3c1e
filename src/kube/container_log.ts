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
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * The end of a container's log.
 *
 * @throws {ApiError} when there is none, or it may not be read
 * @throws when it does not come in time
 */
export async function readContainerLog(
  transport: Pick<Transport, "stream">,
  log: ContainerLog,
  { linesMax, bytesMax, deadlineMs, signal }: LogLimits,
): Promise<string> {
  const { namespace, pod, container, isPrevious } = log;
  // The deadline of a stream ends with its head; a node that hangs may do so in the middle.
  const either = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
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
    signal: either,
  });
  return await new Response(body).text();
}
