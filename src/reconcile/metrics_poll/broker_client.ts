import { type AddressPolicy, type Clock, isPlainObject } from "#base";
import {
  InvalidAuthorityError,
  type OutboundAnswer,
  OutboundClient,
  type OutboundOptions,
  RefusedAddressError,
} from "#outbound";
import type { BrokerAccess } from "./broker_access.ts";
import { CallProblem, withDeadline } from "./call_problem.ts";

/** Stats of a topic with a thousand subscriptions; not all the memory there is, whoever answers. */
const ANSWER_BYTES_MAX = 2 * 1024 * 1024;
/** A broker sends on to the one that owns the topic. */
const REDIRECTS_MAX = 4;

/** How a broker is called. */
export interface BrokerLimits {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly clock?: Clock;
  /** Where components may say that their broker is. */
  readonly addresses: AddressPolicy;
  /** How names are resolved; as the system does it when left out. */
  readonly resolve?: NonNullable<OutboundOptions["resolve"]>;
}

/** Asks the admin API of one Pulsar cluster. Never changes anything there. */
export class BrokerClient implements Disposable {
  readonly #access: BrokerAccess;
  readonly #limits: BrokerLimits;
  readonly #client: OutboundClient;

  /** @throws {CallProblem} when the authority is no certificate */
  constructor(access: BrokerAccess, limits: BrokerLimits) {
    this.#access = access;
    this.#limits = limits;
    this.#client = clientFor(access, limits);
  }

  /**
   * The JSON at a path, or undefined where the broker says that there is nothing: 404 with its reason, as any server that
   * is none knows nothing of these paths.
   *
   * @param path from `/admin/v2` on, each segment encoded
   * @throws {CallProblem} in words that hold neither address nor credentials
   */
  async get(path: string): Promise<unknown> {
    return await withDeadline(async (signal) => {
      const start = new URL(`${this.#access.url}/admin/v2${path}`);
      const { answer, isLeft } = await this.#send(start, signal);
      const { bytes, isWhole, status } = answer;
      if (!isWhole) throw new CallProblem("the answer is too large", { isSilence: false });
      if (status === 404 && isOfBroker(bytes)) return undefined;
      if (isLeft && (status === 401 || status === 403)) {
        const problem = "it sends on to another host, which is not given the credentials; " +
          "name a Pulsar proxy as webServiceURL";
        throw new CallProblem(problem, { isSilence: false });
      }
      if (status < 200 || status >= 300) {
        throw new CallProblem(`HTTP status ${status}`, { isSilence: false });
      }
      return JSON.parse(new TextDecoder().decode(bytes));
    }, this.#limits);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  /**
   * Follows redirects itself. Credentials stay with the host and port that they were meant for: not even another Service of
   * its namespace gets them, as whoever may make a Service there need not be the broker. Who was sent on never gets them back.
   */
  async #send(
    start: URL,
    signal: AbortSignal,
  ): Promise<{ readonly answer: OutboundAnswer; readonly isLeft: boolean }> {
    const { authorization } = this.#access;
    let url = start;
    let isLeft = false;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      isLeft ||= authorization !== undefined && !isSameServer(start, url);
      const answer = await this.#call(url, {
        accept: "application/json",
        ...(authorization === undefined || isLeft ? {} : { authorization }),
      }, signal);
      const { location, status } = answer;
      if (status < 300 || status >= 400 || location === undefined) return { answer, isLeft };
      url = nextUrl(location, url);
    }
    throw new CallProblem("too many redirects", { isSilence: false });
  }

  async #call(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<OutboundAnswer> {
    const call = { url, method: "GET", headers, bytesMax: ANSWER_BYTES_MAX, signal } as const;
    try {
      return await this.#client.call(call);
    } catch (cause) {
      if (!(cause instanceof RefusedAddressError)) throw cause;
      throw new CallProblem(cause.message, { cause, isSilence: true });
    }
  }
}

/** Whether a refusal is one of Pulsar's admin API: JSON that gives the reason. */
function isOfBroker(bytes: Uint8Array): boolean {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isPlainObject(body) && typeof body["reason"] === "string";
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function clientFor(
  { caPem }: BrokerAccess,
  { addresses, resolve }: BrokerLimits,
): OutboundClient {
  try {
    return new OutboundClient({
      policy: addresses,
      ...(caPem === undefined ? {} : { caPem }),
      ...(resolve === undefined ? {} : { resolve }),
    });
  } catch (cause) {
    if (!(cause instanceof InvalidAuthorityError)) throw cause;
    throw new CallProblem(cause.message, { cause, isSilence: true });
  }
}

/** Whether two addresses are the same host and port, the second as secure as the first. */
function isSameServer(meant: URL, other: URL): boolean {
  return meant.hostname === other.hostname && portOf(meant) === portOf(other) &&
    (meant.protocol !== "https:" || other.protocol === "https:");
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}

/** Https stays https. */
function nextUrl(location: string, from: URL): URL {
  const url = URL.parse(location, from);
  const isUsable = url !== null && (url.protocol === from.protocol || url.protocol === "https:") &&
    /^https?:$/.test(url.protocol);
  if (!isUsable) throw new CallProblem("a redirect that cannot be followed", { isSilence: false });
  return url;
}
