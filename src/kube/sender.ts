import type { ClientPair, Endpoint, OutgoingRequest, Sender } from "./endpoint.ts";
import { NodeSender } from "./node_sender.ts";

/**
 * `fetch` with a pool of its own. What it cannot do goes by Node's client, a connection a request: a server name that
 * is not the address, a server that nobody verifies, one header in several lines.
 */
export function senderTo(endpoint: Endpoint, pair: ClientPair | undefined): Sender {
  const isSimple = endpoint.tlsServerName === undefined && endpoint.isUnverified !== true &&
    (endpoint.actingHeaders ?? []).length === 0;
  return isSimple ? new FetchSender(endpoint, pair) : new NodeSender(endpoint, pair);
}

class FetchSender implements Sender {
  readonly #client: Deno.HttpClient;

  constructor({ certificateAuthority, proxyUrl }: Endpoint, pair: ClientPair | undefined) {
    this.#client = Deno.createHttpClient({
      ...(certificateAuthority === undefined ? {} : { caCerts: [certificateAuthority] }),
      ...(proxyUrl === undefined ? {} : { proxy: { url: proxyUrl } }),
      ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
    });
  }

  send({ url, method, headers, body, signal }: OutgoingRequest): Promise<Response> {
    const client = this.#client;
    const content = body === undefined ? {} : { body };
    return fetch(url, { client, method, headers, signal, redirect: "error", ...content });
  }

  close(): void {
    this.#client.close();
  }
}
