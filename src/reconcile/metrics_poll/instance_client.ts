import type { Clock } from "#base";
import { GRPC_PORT } from "#desired";
import { boundedBody, CallProblem, withDeadline } from "./call_problem.ts";
import { type InstanceNumbers, instanceNumbers } from "./instance_numbers.ts";

const METHOD = "/proto.InstanceControl/GetFunctionStatus";
/**
 * Ten exceptions of four origins with their stack traces are some hundred kilobytes at most. Whatever listens in a pod
 * may answer, and dozens of answers may come at once: together they must not take all the memory there is.
 */
const ANSWER_BYTES_MAX = 1024 * 1024;
/** Connections are not kept from one round to the next: pods come and go. */
const IDLE_MS = 5_000;
/** A flag and a length stand before each message of gRPC. */
const FRAME_BYTES = 5;

/** What an instance is asked with. */
export interface InstanceCall {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly clock?: Clock;
}

/**
 * Asks function instances how they are doing, over the control interface that the runners of Java, Python and Go have.
 *
 * gRPC without TLS is HTTP/2 with length-prefixed messages, which `fetch` speaks; the status of gRPC in the trailers is
 * not seen, and not needed: one message came, or none.
 */
export class InstanceClient implements Disposable {
  readonly #client = Deno.createHttpClient({ http1: false, http2: true, poolIdleTimeout: IDLE_MS });

  /**
   * What one instance says of itself.
   *
   * @param address the pod's IP
   * @throws {CallProblem} in words that are the same for the same cause
   */
  async ask(address: string, call: InstanceCall): Promise<InstanceNumbers> {
    const host = address.includes(":") ? `[${address}]` : address;
    const url = `http://${host}:${GRPC_PORT.port}${METHOD}`;
    return await withDeadline(async (signal) => {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/grpc", te: "trailers" },
        // An empty message.
        body: new Uint8Array(FRAME_BYTES),
        redirect: "manual",
        client: this.#client,
        signal,
      });
      const limit = { bytesMax: ANSWER_BYTES_MAX, signal };
      return numbersIn(response, await boundedBody(response, limit));
    }, call);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function numbersIn(response: Response, body: Uint8Array): InstanceNumbers {
  const status = response.headers.get("grpc-status");
  if (!response.ok || (status !== null && status !== "0")) {
    // The header is whatever somebody wrote there.
    const code = /^\d{1,3}$/.test(status ?? "") ? status : "unknown";
    const said = response.ok ? `gRPC status ${code}` : `HTTP status ${response.status}`;
    throw new CallProblem(`it does not tell: ${said}`, { isSilence: false });
  }
  if (body.length < FRAME_BYTES || body[0] !== 0) throw noInstance();
  const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
  if (body.length !== FRAME_BYTES + length) throw noInstance();
  try {
    return instanceNumbers(body.subarray(FRAME_BYTES));
  } catch (cause) {
    if (cause instanceof RangeError) throw noInstance(cause);
    throw cause;
  }
}

function noInstance(cause?: unknown): CallProblem {
  return new CallProblem("what answers is no function instance", { cause, isSilence: false });
}
