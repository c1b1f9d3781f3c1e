import type { IncomingMessage, ServerResponse } from "node:http";
import { certificateDelayMs, keepCertificates, KeyStaysReport } from "#admission";
import { type Clock, errorText, isAbort, pause } from "#base";
import { RateLimit } from "#receiver";
import { AccessReviews, type ClusterClient, type Transport } from "#kube";
import { answerPlainly, type Logger, type Metrics, TlsServer } from "#telemetry";

/** Service of the metrics, and the Secrets of their certificate and of what signs it: `install` gives rights for these. */
const SERVICE = "meshwright-metrics";
const SECRET = `${SERVICE}-tls`;
const AUTHORITY_SECRET = `${SERVICE}-ca`;

/** New tokens of one sender, and then one each interval: scrapers have one for hours. */
const NEW_TOKENS = { burst: 10, intervalMs: 1_000 };
/** Of all senders together. */
const ALL_NEW_TOKENS = { burst: 100, intervalMs: 100 };

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
 * `--metrics-secure`. The API server is asked about few tokens that were never good ones. The certificate is made, kept in a Secret and renewed as the webhook's: a scraper finds whom to
 * trust in the Secret's `ca.crt`.
 */
export class SecureMetrics implements AsyncDisposable {
  readonly #options: SecureMetricsOptions;
  readonly #reviews: AccessReviews;
  readonly #newTokens: RateLimit;
  readonly #allNewTokens: RateLimit;
  readonly #server: TlsServer;
  #problem = "";
  readonly #keyStays: KeyStaysReport;

  constructor(options: SecureMetricsOptions) {
    this.#options = options;
    const { address, clock, log, transport } = options;
    this.#keyStays = new KeyStaysReport(log);
    this.#reviews = new AccessReviews(transport, clock);
    this.#newTokens = new RateLimit({ ...NEW_TOKENS, clock });
    this.#allNewTokens = new RateLimit({ ...ALL_NEW_TOKENS, clock });
    this.#server = new TlsServer({
      address,
      log,
      name: "metrics",
      answer: (request, response) => this.#answer(request, response),
    });
  }

  /** The port that is listened on, once it is. */
  get port(): number | undefined {
    return this.#server.port;
  }

  /** Serves and looks after the certificate until the signal aborts. What fails is logged once and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      failures = await this.#tryOnce(signal) ? 0 : failures + 1;
      const delayMs = certificateDelayMs({ failures, random: Math.random() });
      await pause(delayMs, { clock: this.#options.clock, signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #tryOnce(signal: AbortSignal): Promise<boolean> {
    const { log } = this.#options;
    try {
      await this.#lookAfter(signal);
      this.#problem = "";
      return true;
    } catch (error) {
      if (isAbort(error, signal)) return false;
      const problem = errorText(error);
      if (problem !== this.#problem) log.warn("Cannot serve metrics over TLS", { error });
      this.#problem = problem;
      return false;
    }
  }

  async #lookAfter(signal: AbortSignal): Promise<void> {
    const { cluster, clock, log, namespace } = this.#options;
    const hosts = [`${SERVICE}.${namespace}.svc`, "127.0.0.1", "localhost"];
    const serving = { namespace, name: SECRET };
    const secrets = { serving, authority: { namespace, name: AUTHORITY_SECRET } };
    const nowMs = clock.now();
    const kept = await keepCertificates(cluster, secrets, { hosts, nowMs, signal });
    if (await this.#server.use(kept.certificates)) {
      log.info("Metrics are served over TLS", { port: this.#server.port, certificateIn: serving });
    }
    this.#keyStays.tell(kept);
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
    if (!await this.#reviews.isExpected(token) && !this.#mayBeNew(sender)) {
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

  /** A sender that has none left costs the others nothing. */
  #mayBeNew(sender: string): boolean {
    return this.#newTokens.take(sender) && this.#allNewTokens.take("");
  }
}
