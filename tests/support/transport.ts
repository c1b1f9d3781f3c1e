import { type ClusterClient, httpCluster, httpTransport, type Transport } from "#kube";
import type { ApiRequestSample } from "#telemetry";
import type { ClusterAccess } from "./control_plane.ts";

/** A client of a test's cluster, and what it asked. */
export interface TestClient extends AsyncDisposable {
  readonly transport: Transport;
  readonly cluster: ClusterClient;
  readonly requests: ApiRequestSample[];
}

/** What a watch of namespaces tells first. */
export async function firstWatched(transport: Transport): Promise<string> {
  const body = await transport.stream({
    path: "/api/v1/namespaces",
    query: { watch: "true" },
    ask: { verb: "watch", kind: "Namespace" },
  });
  const reader = body.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

/** A client with the administrator's rights. */
export function testClient(access: ClusterAccess): TestClient {
  const requests: ApiRequestSample[] = [];
  const transport = httpTransport({
    server: access.serverUrl,
    certificateAuthority: access.caPem,
    credentials: () => Promise.resolve({ authorization: `Bearer ${access.token}` }),
  }, { onRequest: (sample) => requests.push(sample) });
  return {
    transport,
    cluster: httpCluster(transport),
    requests,
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
