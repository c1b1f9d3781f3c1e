import type { ClusterAccess } from "./control_plane.ts";

/** Stands before an API server and notes who asks for what: the program behind it needs no credentials. */
export interface RecordingProxy extends AsyncDisposable {
  readonly url: string;
  /** `METHOD /path` of everything that came, in order. */
  readonly seen: readonly string[];
}

/** Starts a proxy on the loopback that passes everything on as the administrator. */
export function recordingProxy(access: ClusterAccess): RecordingProxy {
  const seen: string[] = [];
  const client = Deno.createHttpClient({ caCerts: [access.caPem] });
  const stop = new AbortController();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    seen.push(`${request.method} ${pathname}`);
    const headers = new Headers(request.headers);
    headers.delete("host");
    headers.set("authorization", `Bearer ${access.token}`);
    const body = request.body === null ? null : await request.bytes();
    const answer = await fetch(`${access.serverUrl}${pathname}${search}`, {
      client,
      method: request.method,
      headers,
      body,
      // Who goes away cancels the body, and with it this request.
      signal: stop.signal,
    });
    return new Response(answer.body, { status: answer.status, headers: answer.headers });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    seen,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.shutdown();
      client.close();
    },
  };
}

/** A kubeconfig for the proxy. */
export function proxyKubeconfig(proxy: RecordingProxy): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "proxy",
    clusters: [{ name: "proxy", cluster: { server: proxy.url } }],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: "proxy", context: { cluster: "proxy", user: "nobody" } }],
  });
}
