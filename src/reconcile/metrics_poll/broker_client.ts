import type { BrokerAccess } from "./broker_access.ts";
import { boundedBody, CallProblem, withDeadline } from "./call_problem.ts";

/** Stats of a topic with a thousand subscriptions; not all the memory there is, whoever answers. */
const ANSWER_BYTES_MAX = 2 * 1024 * 1024;
/** A broker sends on to the one that owns the topic. */
const REDIRECTS_MAX = 4;

/** Asks the admin API of one Pulsar cluster. Never changes anything there. */
export class BrokerClient implements Disposable {
  readonly #access: BrokerAccess;
  readonly #limits: { readonly signal: AbortSignal; readonly deadlineMs: number };
  readonly #client: Deno.HttpClient;

  /** @throws {CallProblem} when the authority is no certificate */
  constructor(
    access: BrokerAccess,
    limits: { readonly signal: AbortSignal; readonly deadlineMs: number },
  ) {
    this.#access = access;
    this.#limits = limits;
    this.#client = clientFor(access);
  }

  /**
   * The JSON at a path, or undefined where the broker says that there is nothing (404).
   *
   * @param path from `/admin/v2` on, each segment encoded
   * @throws {CallProblem} in words that hold neither address nor credentials
   */
  async get(path: string): Promise<unknown> {
    return await withDeadline(async (signal) => {
      const response = await this.#send(new URL(`${this.#access.url}/admin/v2${path}`), signal);
      const body = await boundedBody(response, ANSWER_BYTES_MAX);
      if (response.status === 404) return undefined;
      if (!response.ok) {
        throw new CallProblem(`HTTP status ${response.status}`, { isSilence: false });
      }
      return JSON.parse(new TextDecoder().decode(body));
    }, this.#limits);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  /** Follows redirects itself: `fetch` would leave out the credentials, which brokers of a cluster share. */
  async #send(start: URL, signal: AbortSignal): Promise<Response> {
    const { authorization } = this.#access;
    let url = start;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const response = await fetch(url, {
        headers: {
          accept: "application/json",
          ...(authorization === undefined ? {} : { authorization }),
        },
        redirect: "manual",
        client: this.#client,
        signal,
      });
      const location = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || location === null) return response;
      await response.body?.cancel();
      url = nextUrl(location, url);
    }
    throw new CallProblem("too many redirects", { isSilence: false });
  }
}

function clientFor({ caPem }: BrokerAccess): Deno.HttpClient {
  try {
    return Deno.createHttpClient(caPem === undefined ? {} : { caCerts: [caPem] });
  } catch (cause) {
    throw new CallProblem("its certificate authority is no certificate", {
      cause,
      isSilence: true,
    });
  }
}

/** Credentials go from https to https only. */
function nextUrl(location: string, from: URL): URL {
  const url = URL.parse(location, from);
  const isUsable = url !== null && (url.protocol === from.protocol || url.protocol === "https:") &&
    /^https?:$/.test(url.protocol);
  if (!isUsable) throw new CallProblem("a redirect that cannot be followed", { isSilence: false });
  return url;
}
