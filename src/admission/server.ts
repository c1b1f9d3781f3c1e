import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, HTTP_BUDGETS, isPlainObject, systemClock } from "#base";
import {
  answerPlainly,
  Bodies,
  type BodyRefusal,
  type Logger,
  type ServingKeys,
  TlsServer,
} from "#telemetry";
import { NoReviewError, type ReviewAnswer, reviewAnswer, type ReviewOptions } from "./review.ts";
import { webhookAt } from "./webhook.ts";

/** What is read at the same time: anybody who reaches the port may send, and an API server sends many small ones. */
const BODIES = {
  bytesMax: HTTP_BUDGETS.reviewBytes,
  bytesAtOnce: HTTP_BUDGETS.reviewsBytes,
  atOnce: HTTP_BUDGETS.reviews,
  atOnceOfGroup: HTTP_BUDGETS.reviewsOfSender,
  limitMs: HTTP_BUDGETS.reviewMs,
};

const STATUSES: Readonly<Record<BodyRefusal, number>> = {
  "broken off": 400,
  busy: 503,
  "too large": 413,
  "too slow": 408,
};

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
  readonly #bodies: Bodies;

  constructor(options: AdmissionServerOptions) {
    this.#options = options;
    const { address, clock = systemClock, log } = options;
    this.#bodies = new Bodies({ ...BODIES, clock });
    this.#server = new TlsServer({
      address,
      log,
      clock,
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
    const webhook = webhookAt(URL.parse(request.url ?? "/", "https://webhook")?.pathname ?? "/");
    if (webhook === undefined) return answerPlainly(response, 404, "not found");
    if (request.method !== "POST") return answerPlainly(response, 405, "post an AdmissionReview");
    const body = await this.#bodies.read(request, [request.socket.remoteAddress ?? ""]);
    if ("refused" in body) return answerPlainly(response, STATUSES[body.refused], body.refused);
    using whole = body;
    let review: unknown;
    let answer: ReviewAnswer;
    try {
      review = JSON.parse(new TextDecoder().decode(whole.bytes));
      answer = reviewAnswer(review, webhook, this.#options);
    } catch (error) {
      // The words of a parser quote what was sent.
      if (error instanceof SyntaxError) return answerPlainly(response, 400, "no JSON");
      if (error instanceof NoReviewError) return answerPlainly(response, 400, error.message);
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
