import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "#base";
import { NewTokens } from "#console";
import { AccessReviews, type ClusterClient, type Transport } from "#kube";
import { answerPlainly, type Logger, type Metrics } from "#telemetry";
import { OwnTlsServer } from "./own_tls_server.ts";

/** Service of the metrics: `install` gives rights for the Secrets that are named by it. */
const SERVICE = "meshwright-metrics";

/** What secure metrics are made from. */
export interface SecureMetricsOptions {
  readonly address: string;
  /** The program's own. */
  readonly namespace: string;
  readonly metrics: Metrics;
  readonly cluster: ClusterClient;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * `/metrics` over TLS, for bearers of a token who may `get` the path `/metrics` (W-52), as the reference's
 * `--metrics-secure`. The API server is asked about few tokens that were never good ones.
 */
export class SecureMetrics implements AsyncDisposable {
  readonly #options: SecureMetricsOptions;
  readonly #reviews: AccessReviews;
  readonly #newTokens: NewTokens;
  readonly #server: OwnTlsServer;

  constructor(options: SecureMetricsOptions) {
    this.#options = options;
    const { clock, metrics, transport } = options;
    this.#reviews = new AccessReviews(transport, clock);
    this.#newTokens = new NewTokens({ reviews: this.#reviews, clock });
    this.#server = new OwnTlsServer({
      ...options,
      name: "metrics",
      service: SERVICE,
      onCertificate: (endMs) => metrics.setCertificateEnd("metrics", endMs),
      answer: (request, response) => this.#answer(request, response),
    });
  }

  /** The port that is listened on, once it is. */
  get port(): number | undefined {
    return this.#server.port;
  }

  /** Serves and looks after the certificate until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#server.run(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pathname = URL.parse(request.url ?? "/", "https://metrics")?.pathname;
    if (pathname !== "/metrics") return answerPlainly(response, 404, "not found");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answerPlainly(response, 405, "method not allowed");
    }
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    if (token === undefined) return answerPlainly(response, 401, "show a bearer token");
    const refusal = await this.#refusal(token, request.socket.remoteAddress ?? "");
    if (refusal !== undefined) {
      const [status, text] = refusal;
      return answerPlainly(response, status, text, status === 429 ? { "retry-after": "1" } : {});
    }
    const { text, contentType } = await this.#options.metrics.exposition();
    response.writeHead(200, { "content-type": contentType });
    response.end(text);
  }

  async #refusal(
    token: string,
    sender: string,
  ): Promise<[status: number, text: string] | undefined> {
    if (!await this.#newTokens.mayAsk(token, sender)) {
      return [429, "too many unknown tokens"];
    }
    try {
      const access = await this.#reviews.access(token, "/metrics");
      if (access === "allowed") return undefined;
      return access === "not allowed"
        ? [403, "this account may not get /metrics"]
        : [401, "unknown token"];
    } catch (error) {
      // Whoever scrapes is told no more than that: the cause may name our rights.
      this.#options.log.warn("Cannot ask who scrapes metrics", { error });
      return [500, "cannot ask the API server about this token"];
    }
  }
}
