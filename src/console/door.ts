import type { IncomingMessage, ServerResponse } from "node:http";
import { CONSOLE_BUDGETS, Semaphore, textDigest } from "#base";
import { AccessReviews, type Transport } from "#kube";
import { RateLimit } from "#receiver";
import { answerPlainly, type Logger } from "#telemetry";
import { type Explained, explained, EXPLAINED_KINDS } from "./explained.ts";
import { NewTokens } from "./new_tokens.ts";
import { refusedOrigin } from "./origin.ts";
import { Page, type PageFiles, SAFE_HEADERS } from "./page_files.ts";
import { FULL_RIGHTS, type Rights, rightsOf, VERDICTS_MAX } from "./rights.ts";
import type { ConsoleSource } from "./source.ts";
import { type Looker, Viewers } from "./viewers.ts";

/** What a console is made from. */
export interface ConsoleOptions {
  readonly source: ConsoleSource;
  readonly page: PageFiles;
  /**
   * Asks who shows a token and what that one may. Absent on an address of this machine: there nobody shows one, and whoever
   * came that far sees all.
   */
  readonly reviewer?: Pick<Transport, "request">;
  readonly log: Logger;
}

/** How long it counts what somebody may: short enough that who lost a right sees it go, long enough to cost little. */
const REVIEWS = {
  allowedMs: 60_000,
  refusedMs: 90_000,
  // As many as all who may look at the same time need: with fewer, each look of one makes those of another be asked again.
  verdictsMax: CONSOLE_BUDGETS.viewers * VERDICTS_MAX,
};
/** Then one explanation each interval. */
const EXPLANATIONS = { burst: CONSOLE_BUDGETS.explanations, intervalMs: 100 };
/** Streams that one user takes up: the first event holds all there is, and costs the most. */
const STREAMS = { burst: CONSOLE_BUDGETS.viewers, intervalMs: 1_000 };

/** Whether a request is for the stream, whose answer has no end. */
export function isStream({ url }: Pick<IncomingMessage, "url">): boolean {
  return pathOf(url).pathname === "/api/stream";
}

/** Who is refused, and in which words. */
class RefusedError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Answers the requests of the console: the page to everybody, and what it shows to who may see it.
 *
 * # Guarantees
 * - Reads only: nothing but GET and HEAD is answered, nothing is written anywhere.
 * - What a browser was made to ask by another page is refused.
 * - Tokens are in no log and in no answer.
 */
export class ConsoleDoor implements AsyncDisposable {
  readonly #options: ConsoleOptions;
  readonly #page: Page;
  readonly #viewers: Viewers;
  readonly #reviews: AccessReviews | undefined;
  readonly #newTokens: NewTokens | undefined;
  readonly #turns = new Semaphore(CONSOLE_BUDGETS.rightsQuestions);
  readonly #explanations: RateLimit;
  readonly #streams: RateLimit;
  readonly #over = new AbortController();

  constructor(options: ConsoleOptions) {
    this.#options = options;
    const { page, reviewer, source: { clock } } = options;
    this.#page = new Page(page);
    this.#viewers = new Viewers(options);
    this.#explanations = new RateLimit({ ...EXPLANATIONS, clock });
    this.#streams = new RateLimit({ ...STREAMS, clock });
    if (reviewer !== undefined) {
      this.#reviews = new AccessReviews(reviewer, clock, REVIEWS);
      this.#newTokens = new NewTokens({ reviews: this.#reviews, clock });
    }
  }

  /** Who looks. */
  get viewers(): Viewers {
    return this.#viewers;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
    try {
      await this.#answer(request, response);
    } catch (error) {
      if (response.headersSent) throw error;
      if (error instanceof RefusedError) return refuse(response, error);
      this.#options.log.warn("Cannot answer a viewer of the console", { error });
      // The cause may name our rights.
      refuse(response, new RefusedError(500, "the API server cannot be asked what you may see"));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#viewers[Symbol.asyncDispose]();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isLoopback = this.#reviews === undefined;
    const { pathname, searchParams } = pathOf(request.url);
    const refused = refusedOrigin(request.headers, {
      isData: pathname.startsWith("/api/"),
      isLoopback,
      scheme: isLoopback ? "http" : "https",
    });
    if (refused !== undefined) throw new RefusedError(403, refused);
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new RefusedError(405, "method not allowed");
    }
    if (pathname === "/api/stream") return await this.#stream(request, response);
    if (pathname === "/api/explain") return await this.#explain(request, response, searchParams);
    if (!pathname.startsWith("/api/") && this.#page.answer(pathname, request, response)) return;
    throw new RefusedError(404, "not found");
  }

  async #stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const looker = await this.#looker(request);
    this.#assertShown();
    const refusal = this.#viewers.refusal(looker.user);
    if (refusal !== undefined) throw new RefusedError(...refusal);
    if (!this.#streams.take(looker.user || senderOf(request))) {
      throw new RefusedError(429, "you came too often: wait a moment");
    }
    if (request.method === "HEAD") return void response.writeHead(200).end();
    await this.#viewers.show(looker, response);
  }

  async #explain(
    request: IncomingMessage,
    response: ServerResponse,
    asked: URLSearchParams,
  ): Promise<void> {
    const looker = await this.#looker(request);
    const what = explainedOf(asked);
    if (!this.#explanations.take(looker.user || senderOf(request))) {
      throw new RefusedError(429, "too many questions");
    }
    this.#assertShown();
    const rights = await looker.rights() ?? refuseToken();
    const told = await explained(what, { rights, source: this.#options.source });
    const { kind, name, namespace } = what;
    if (told === "forbidden") {
      throw new RefusedError(403, `you may not get ${kind}s in namespace ${namespace}`);
    }
    if (told === "missing") {
      throw new RefusedError(404, `${kind} ${namespace}/${name} does not exist`);
    }
    response.writeHead(200, {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
    }).end(JSON.stringify(told));
  }

  #assertShown(): void {
    const obstacle = this.#options.source.obstacle();
    if (obstacle !== undefined) throw new RefusedError(503, obstacle);
  }

  /** Who asks. @throws {RefusedError} who is nobody */
  async #looker(request: IncomingMessage): Promise<Looker> {
    const [reviews, newTokens] = [this.#reviews, this.#newTokens];
    if (reviews === undefined || newTokens === undefined) {
      return { user: "", rights: () => Promise.resolve(FULL_RIGHTS) };
    }
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    if (token === undefined) throw new RefusedError(401, "show a bearer token");
    if (!await newTokens.mayAsk(token, senderOf(request))) {
      throw new RefusedError(429, "too many unknown tokens");
    }
    const user = await reviews.user(token) ?? refuseToken();
    return {
      user: textDigest(String(user["username"] ?? ""), String(user["uid"] ?? "")),
      rights: () => this.#rights(token, reviews),
    };
  }

  async #rights(token: string, reviews: AccessReviews): Promise<Rights | undefined> {
    const user = await reviews.user(token);
    const { signal } = this.#over;
    return user === undefined ? undefined : rightsOf(user, { reviews, turns: this.#turns, signal });
  }
}

function refuseToken(): never {
  throw new RefusedError(401, "unknown token");
}

function refuse(response: ServerResponse, { message, status }: RefusedError): void {
  const isSoon = status === 429 || status === 503;
  answerPlainly(response, status, message, {
    "cache-control": "no-store",
    ...(isSoon ? { "retry-after": "1" } : {}),
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
  });
}

/** @throws {RefusedError} for what names nothing */
function explainedOf(asked: URLSearchParams): Explained {
  const kind = EXPLAINED_KINDS.find((one) => one === asked.get("kind"));
  const [namespace = "", name = ""] = [asked.get("namespace"), asked.get("name")]
    .map((text) => text ?? "");
  if (kind === undefined || !/^[a-z0-9-]{1,63}$/.test(namespace)) {
    throw new RefusedError(400, `say kind (${EXPLAINED_KINDS.join(", ")}), namespace and name`);
  }
  if (!/^[a-z0-9.-]{1,253}$/.test(name)) throw new RefusedError(400, "say a name");
  return { kind, namespace, name };
}

function senderOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? "";
}

function pathOf(url: string | undefined): Pick<URL, "pathname" | "searchParams"> {
  return URL.parse(url ?? "/", "http://console") ?? NOWHERE;
}

/** What is no address. */
const NOWHERE = new URL("http://console/api/");
