import { ApiError, type TransportRequest } from "#kube";
import type { FakeCluster } from "./fake_cluster.ts";

/** A {@linkcode FakeCluster} behind HTTP, for programs that connect by a kubeconfig. It has no watches. */
export interface FakeApiServer extends AsyncDisposable {
  /** Kubeconfig with a token, and `shop` as the namespace. */
  readonly kubeconfig: string;
  /** What the server says instead of doing what it is asked. */
  refuse: (request: TransportRequest) => Refusal | undefined;
}

/** An answer that is no success: a Kubernetes Status. */
export interface Refusal {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Starts it on the loopback. */
export function fakeApiServer(cluster: FakeCluster): FakeApiServer {
  const address = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(address, async (http) => {
    const request = await requestOf(http);
    const refusal = served.refuse(request);
    if (refusal !== undefined) return refused(refusal);
    try {
      return Response.json(cluster.answer(request, "user"));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { aboutKind: kind, aboutName: name, causes, reason, status, text } = error;
      return refused({ status, body: { reason, message: text, details: { kind, name, causes } } });
    }
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const served: FakeApiServer = {
    kubeconfig: JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "fake",
      clusters: [{ name: "fake", cluster: { server: url } }],
      users: [{ name: "fake", user: {} }],
      contexts: [{ name: "fake", context: { cluster: "fake", user: "fake", namespace: "shop" } }],
    }),
    refuse: () => undefined,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return served;
}

async function requestOf(http: Request): Promise<TransportRequest> {
  const { pathname: path, searchParams } = new URL(http.url);
  const text = await http.text();
  return {
    method: http.method as NonNullable<TransportRequest["method"]>,
    path,
    query: Object.fromEntries(searchParams),
    contentType: http.headers.get("content-type") ?? "application/json",
    ask: { verb: http.method.toLowerCase(), kind: "object" },
    ...(text === "" ? {} : { body: JSON.parse(text) }),
  };
}

function refused({ body, status }: Refusal): Response {
  const whole = { kind: "Status", apiVersion: "v1", status: "Failure", code: status, ...body };
  return Response.json(whole, { status });
}
