import { type Clock, isPlainObject, type JsonObject } from "#base";
import type { ResourceType } from "./resource_type.ts";
import { resourcePath } from "./resource_type.ts";
import type { Transport } from "./transport.ts";

/** What somebody may do who shows a bearer token. */
export type Access = "allowed" | "unknown token" | "not allowed";

/** How long verdicts are remembered: as the reference's secure metrics do. */
const TOKEN_MS = 60_000;
const ALLOWED_MS = 300_000;
const REFUSED_MS = 30_000;
/** How long it counts that a token was a good one: who made tokens up is not among those. */
const GOOD_MS = 3_600_000;
/** More than scrapers have, and an end to what guessers can make us remember. */
const REMEMBERED_MAX = 1_000;

const TOKEN_REVIEW: ResourceType = {
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  namespaced: false,
};
const ACCESS_REVIEW: ResourceType = {
  apiVersion: "authorization.k8s.io/v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  namespaced: false,
};

/** What somebody may want to do with objects. */
export interface ResourceAsk {
  readonly verb: "get" | "list";
  /** Empty of the core group. */
  readonly group: string;
  /** Plural, `functions`. */
  readonly resource: string;
  readonly subresource?: string;
  /** In all namespaces when left out. */
  readonly namespace?: string;
}

/** How long verdicts are remembered, and how many; as the reference's secure metrics do when left out. */
export interface AccessReviewsOptions {
  readonly allowedMs?: number;
  readonly refusedMs?: number;
  readonly verdictsMax?: number;
}

/** Who shows a token, as a TokenReview says it. */
export type TokenUser = JsonObject;

interface Remembered<T> {
  readonly value: T;
  readonly untilMs: number;
}

/**
 * Asks the API server who a bearer token is, and whether that one may `get` a path that is no resource, as `/metrics`, or
 * do something with objects.
 *
 * # Guarantees
 * Tokens are remembered by their hash only, for a minute; a failure to ask is thrown and not remembered. Tokens that nobody
 * knows never make one be forgotten that somebody does.
 */
export class AccessReviews {
  readonly #transport: Pick<Transport, "request">;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #users = new Map<string, Remembered<JsonObject>>();
  readonly #unknown = new Map<string, Remembered<true>>();
  /** Tokens that were good ones a while ago. */
  readonly #good = new Map<string, Remembered<true>>();
  readonly #verdicts = new Map<string, Remembered<boolean>>();
  readonly #options: Required<AccessReviewsOptions>;

  constructor(
    transport: Pick<Transport, "request">,
    clock: Pick<Clock, "monotonicMs">,
    options: AccessReviewsOptions = {},
  ) {
    this.#transport = transport;
    this.#clock = clock;
    this.#options = {
      allowedMs: ALLOWED_MS,
      refusedMs: REFUSED_MS,
      verdictsMax: REMEMBERED_MAX,
      ...options,
    };
  }

  /** Whether the bearer of a token may get a path. @throws {ApiError} when the server does not let us ask */
  async access(token: string, path: string): Promise<Access> {
    const user = await this.user(token);
    if (user === undefined) return "unknown token";
    const asked = { nonResourceAttributes: { path, verb: "get" } };
    return await this.#isAllowed(user, asked) ? "allowed" : "not allowed";
  }

  /** Whether somebody may do something with objects. @throws {ApiError} when the server does not let us ask */
  async may(user: TokenUser, ask: ResourceAsk): Promise<boolean> {
    return await this.#isAllowed(user, { resourceAttributes: { ...ask } });
  }

  /** Whether a token costs no question, or is one of somebody: of guesses there can be any number. */
  async isExpected(token: string): Promise<boolean> {
    const key = await hashOf(token);
    return [this.#users, this.#unknown, this.#good].some((memory) =>
      this.#recall<unknown>(memory, key) !== undefined
    );
  }

  /** Who shows a token; undefined where nobody knows it. @throws {ApiError} when the server does not let us ask */
  async user(token: string): Promise<TokenUser | undefined> {
    const key = await hashOf(token);
    const known = this.#recall(this.#users, key);
    if (known !== undefined) return known.value;
    if (this.#recall(this.#unknown, key) !== undefined) return undefined;
    const status = await this.#ask(TOKEN_REVIEW, { token });
    if (status["authenticated"] !== true || !isPlainObject(status["user"])) {
      this.#remember(this.#unknown, key, { value: true, forMs: TOKEN_MS });
      return undefined;
    }
    const value = status["user"] as JsonObject;
    this.#remember(this.#users, key, { value, forMs: TOKEN_MS });
    this.#remember(this.#good, key, { value: true, forMs: GOOD_MS });
    return value;
  }

  async #isAllowed(user: TokenUser, asked: JsonObject): Promise<boolean> {
    const { username = "", uid = "", groups = [], extra = {} } = user;
    const key = await hashOf(JSON.stringify([username, uid, groups, extra, asked]));
    const known = this.#recall(this.#verdicts, key);
    if (known !== undefined) return known.value;
    const { allowedMs, refusedMs, verdictsMax } = this.#options;
    const spec = { user: username, uid, groups, extra, ...asked };
    const value = (await this.#ask(ACCESS_REVIEW, spec))["allowed"] === true;
    const forMs = value ? allowedMs : refusedMs;
    this.#remember(this.#verdicts, key, { value, forMs, max: verdictsMax });
    return value;
  }

  async #ask(type: ResourceType, spec: JsonObject): Promise<JsonObject> {
    const { apiVersion, kind } = type;
    const { status } = await this.#transport.request({
      method: "POST",
      path: resourcePath(type),
      body: { apiVersion, kind, spec },
      ask: { verb: "create", kind, key: { namespace: "", name: "" } },
      // A review stores nothing.
      idempotent: true,
    });
    return isPlainObject(status) ? status as JsonObject : {};
  }

  #recall<T>(memory: ReadonlyMap<string, Remembered<T>>, key: string): Remembered<T> | undefined {
    const known = memory.get(key);
    return known !== undefined && known.untilMs > this.#clock.monotonicMs() ? known : undefined;
  }

  #remember<T>(
    memory: Map<string, Remembered<T>>,
    key: string,
    { value, forMs, max = REMEMBERED_MAX }: {
      readonly value: T;
      readonly forMs: number;
      readonly max?: number;
    },
  ): void {
    memory.delete(key);
    const [oldest] = memory.keys();
    if (memory.size >= max && oldest !== undefined) memory.delete(oldest);
    memory.set(key, { value, untilMs: this.#clock.monotonicMs() + forMs });
  }
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}
