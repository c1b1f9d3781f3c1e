import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import { errorText, isPlainObject } from "#base";
import { type Logger, parseAddress } from "#telemetry";
import { NoReviewError, type ReviewAnswer, reviewAnswer, type ReviewOptions } from "./review.ts";
import { webhookAt } from "./webhook.ts";

/** An API server takes objects of 3 MB at most; a review holds two. */
const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** Longer than an API server waits. */
const BODY_LIMIT_MS = 10_000;
/** How long answers may take that are under way at the end. */
const GRACE_MS = 2_000;

/** A certificate and its key, PEM texts. */
export interface ServingKeys {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Where to listen, and what to say. */
export interface AdmissionServerOptions extends ReviewOptions {
  /** `:9443`, `127.0.0.1:0`. */
  readonly address: string;
  readonly log: Logger;
}

/**
 * The HTTPS server of the webhooks. A new certificate takes effect with the next connection, on the same listener; who is
 * connected stays so. This is `node:https` because `Deno.serve` cannot change its certificate.
 */
export class AdmissionServer implements AsyncDisposable {
  readonly #options: AdmissionServerOptions;
  #server: Server | undefined;
  /** Everybody who is connected, before the handshake as well: those an orderly end would wait for. */
  readonly #sockets = new Set<Socket>();
  #keys: ServingKeys | undefined;

  constructor(options: AdmissionServerOptions) {
    this.#options = options;
  }

  /** The port that is listened on, or undefined before {@linkcode use}. */
  get port(): number | undefined {
    const address = this.#server?.address();
    return typeof address === "object" && address !== null ? address.port : undefined;
  }

  /**
   * Serves with these keys from now on.
   *
   * @returns whether anything changed
   * @throws when the address is taken or the keys cannot be used
   */
  async use({ certificate, privateKey }: ServingKeys): Promise<boolean> {
    if (this.#keys?.certificate === certificate && this.#keys.privateKey === privateKey) {
      return false;
    }
    const context = { cert: certificate, key: privateKey };
    if (this.#server === undefined) this.#server = await this.#listen(context);
    else this.#server.setSecureContext(context);
    this.#keys = { certificate, privateKey };
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const timer = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of this.#sockets) socket.destroy();
    }, GRACE_MS);
    await closed;
    clearTimeout(timer);
  }

  async #listen(context: { readonly cert: string; readonly key: string }): Promise<Server> {
    const { hostname, port } = parseAddress(this.#options.address);
    const limits = { handshakeTimeout: BODY_LIMIT_MS };
    const server = createServer({ ...limits, ...context }, (request, response) => {
      this.#answer(request, response).catch((error) => {
        this.#options.log.warn("Cannot answer a review", { error });
        response.destroy();
      });
    });
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, hostname, () => {
        server.off("error", reject);
        resolve();
      });
    });
    // Handshakes that fail are the other side's business; without a listener they would end the process.
    server.on(
      "tlsClientError",
      (error) => this.#options.log.debug("Refused a handshake", { error }),
    );
    server.on("error", (error) => this.#options.log.warn("Webhook server failed", { error }));
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const webhook = webhookAt(new URL(request.url ?? "/", "https://webhook").pathname);
    if (webhook === undefined) return plain(response, 404, "not found");
    if (request.method !== "POST") return plain(response, 405, "post an AdmissionReview");
    const body = await readBody(request);
    if (body === undefined) return plain(response, 413, "too large, or too slow");
    let review: unknown;
    let answer: ReviewAnswer;
    try {
      review = JSON.parse(body);
      answer = reviewAnswer(review, webhook, this.#options);
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof NoReviewError) {
        return plain(response, 400, errorText(error));
      }
      throw error;
    }
    this.#report(answer, review);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  }

  /** Who is refused sees why; the log only says where, as values are none of its business. */
  #report({ response }: ReviewAnswer, review: unknown): void {
    const { status } = response;
    if (status === undefined) return;
    const request = isPlainObject(review) && isPlainObject(review["request"])
      ? review["request"]
      : {};
    this.#options.log.info("Refused a resource", {
      kind: status.details?.kind,
      namespace: request["namespace"],
      name: status.details?.name,
      operation: request["operation"],
      fields: status.details?.causes.map((cause) => cause.field),
    });
  }
}

/** Undefined when it is too large or does not end in time. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const timer = setTimeout(() => request.destroy(), BODY_LIMIT_MS);
  try {
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) return undefined;
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return request.complete ? Buffer.concat(chunks).toString("utf8") : undefined;
}

function plain(response: ServerResponse, status: number, text: string): void {
  // What is left of the body is not read.
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  response.end(`${text}\n`);
}
