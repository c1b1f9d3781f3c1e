/** Endpoints that answer, or fail to answer, as running instances: for what real ones cannot be made to do at will. */
import { GRPC_PORT } from "#desired";
import samples from "../unit/reconcile/samples/function_status.json" with { type: "json" };

/** What real instances answered once, as messages of gRPC. */
export const ANSWERS = {
  javaFunction: framed(samples.java_function),
  pythonFunction: framed(samples.python_function),
  javaSource: framed(samples.java_source),
} as const;

/** Other addresses than 127.0.0.1, so that all listen on the port of an instance: only Linux has them by itself. */
export const HAS_LOOPBACK_NETWORK = Deno.build.os === "linux";

/** An endpoint on an address of its own. */
export interface InstanceDouble extends AsyncDisposable {
  /** How often it was asked. */
  readonly calls: number;
}

/** Listens on `address` and answers with what `answer` gives; a promise that stays open is an instance that hangs. */
export function instanceDouble(
  address: string,
  answer: (request: Request) => Response | Promise<Response>,
): InstanceDouble {
  let calls = 0;
  const stop = new AbortController();
  const server = Deno.serve({
    hostname: address,
    port: GRPC_PORT.port,
    signal: stop.signal,
    onListen() {},
  }, (request) => {
    calls++;
    return answer(request);
  });
  return {
    get calls() {
      return calls;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}

/** An answer of gRPC with these bytes. */
export function grpcAnswer(body: Uint8Array<ArrayBuffer>): Response {
  return new Response(body, { headers: { "content-type": "application/grpc" } });
}

function framed(base64: string): Uint8Array<ArrayBuffer> {
  const message = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const frame = new Uint8Array(5 + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  return frame;
}
