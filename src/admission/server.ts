import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, deadline, errorText, isPlainObject, systemClock } from "#base";
import { answerPlainly, type Logger, type ServingKeys, TlsServer } from "#telemetry";
import { NoReviewError, type ReviewAnswer, reviewAnswer, type ReviewOptions } from "./review.ts";
import { webhookAt } from "./webhook.ts";

/** An API server takes objects of 3 MB at most; a review holds two. */
const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** Longer than an API server waits. */
const BODY_LIMIT_MS = 10_000;

/** Where to listen, and what to say. */
export interface AdmissionServerOptions extends ReviewOptions {
  /** `:9443`, `127.0.0.1:0`. */
  readonly address: string;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** The HTTPS server of the webhooks. */
export class AdmissionServer implements AsyncDisposable {
  readonly #options: AdmissionServerOptions;
  readonly #server: TlsServer;

  constructor(options: AdmissionServerOptions) {
    this.#options = options;
    const { address, log } = options;
    this.#server = new TlsServer({
      address,
      log,
      name: "webhook",
      answer: (request, response) => this.#answer(request, response),
    });
  }

  /** The port that is listened on, or undefined before {@linkcode use}. */
  get port(): number | undefined {
    return this.#server.port;
  }

  /** Serves with these keys from now on: see `TlsServer.use`. */
  async use(keys: ServingKeys): Promise<boolean> {
    return await this.#server.use(keys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const webhook = webhookAt(new URL(request.url ?? "/", "https://webhook").pathname);
    if (webhook === undefined) return answerPlainly(response, 404, "not found");
    if (request.method !== "POST") return answerPlainly(response, 405, "post an AdmissionReview");
    const body = await readBody(request, this.#options.clock ?? systemClock);
    if (body === undefined) return answerPlainly(response, 413, "too large, or too slow");
    let review: unknown;
    let answer: ReviewAnswer;
    try {
      review = JSON.parse(body);
      answer = reviewAnswer(review, webhook, this.#options);
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof NoReviewError) {
        return answerPlainly(response, 400, errorText(error));
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
async function readBody(request: IncomingMessage, clock: Clock): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  using limit = deadline(BODY_LIMIT_MS, { clock });
  limit.signal.addEventListener("abort", () => request.destroy());
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return request.complete ? Buffer.concat(chunks).toString("utf8") : undefined;
}
