import { lookup as lookUp, type LookupAddress, type LookupAllOptions } from "node:dns";
import { type AddressPolicy, boundedBytes, errorText, isProxied, refusedAddress } from "#base";

/** What an {@linkcode OutboundClient} is told. */
export interface OutboundOptions {
  readonly policy: AddressPolicy;
  /** Authority to trust besides the usual ones, PEM. */
  readonly caPem?: string;
  readonly env?: (name: string) => string | undefined;
  /** How names are resolved; as the system does it when left out. */
  readonly resolve?: (
    host: string,
    options: LookupAllOptions,
    found: (error: Error | null, addresses: LookupAddress[]) => void,
  ) => void;
}

/** One call. */
export interface OutboundCall {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How much of an answer is read. */
  readonly bytesMax: number;
  readonly signal: AbortSignal;
}

/** What came back. Redirects are not followed. */
export interface OutboundAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly bytes: Uint8Array;
  /** Whether that is the whole body. */
  readonly isWhole: boolean;
}

/** The program does not call that address. The text holds no address. */
export class RefusedAddressError extends Error {
  override readonly name = "RefusedAddressError";
  constructor(reason: string) {
    super(`its address is ${reason}, which is not called`);
  }
}

/** The authority to trust is no certificate. */
export class InvalidAuthorityError extends Error {
  override readonly name = "InvalidAuthorityError";
}

/** Addresses of one name that are tried; a broken family of addresses is one of two. */
const ADDRESSES_MAX = 3;

/** Connections to one host and port: each address of it that was checked, the one that answers first. */
interface Route {
  readonly clients: readonly Deno.HttpClient[];
}

/**
 * Calls addresses that somebody else chose.
 *
 * # Guarantees
 * - Every address that a name resolves to passes the policy. A name that means something else a moment later gains nothing:
 *   over http one of the checked addresses is connected to, over https whoever answers has to prove the name. By a proxy,
 *   only the name itself is checked, as the proxy resolves.
 * - No redirect is followed, and no more of an answer is kept than asked for.
 */
export class OutboundClient implements Disposable {
  readonly #options: OutboundOptions;
  readonly #routes = new Map<string, Promise<Route>>();
  readonly #clients = new Set<Deno.HttpClient>();

  /** @throws {InvalidAuthorityError} */
  constructor(options: OutboundOptions) {
    this.#options = options;
    // At once: calling would be too late to tell what is wrong.
    if (options.caPem !== undefined) this.#client();
  }

  /**
   * Calls once.
   *
   * @throws {RefusedAddressError} when the address is none that the policy lets through
   * @throws the signal's reason, and what the network failed with
   */
  async call(call: OutboundCall): Promise<OutboundAnswer> {
    call.signal.throwIfAborted();
    const refused = refusedAddress(call.url.hostname, this.#options.policy);
    if (refused !== undefined) throw new RefusedAddressError(refused);
    const { clients } = await this.#route(call.url);
    for (const [index, client] of clients.entries()) {
      try {
        return await send(call, client);
      } catch (error) {
        const isLast = index === clients.length - 1;
        if (isLast || call.signal.aborted || !isUnconnected(error)) throw error;
      }
    }
    throw new Error("the name is not known: it has no address");
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close();
    this.#clients.clear();
    this.#routes.clear();
  }

  /** Resolved once for a client, which lives for a call or a round of calls. */
  #route(url: URL): Promise<Route> {
    const known = this.#routes.get(url.origin);
    if (known !== undefined) return known;
    const found = this.#findRoute(url);
    this.#routes.set(url.origin, found);
    found.catch(() => this.#routes.delete(url.origin));
    return found;
  }

  async #findRoute(url: URL): Promise<Route> {
    const { env = (name: string) => Deno.env.get(name) } = this.#options;
    if (isProxied(url, env)) return { clients: [this.#client()] };
    const addresses = await this.#addressesOf(url.hostname.replace(/^\[|\]$/g, ""));
    // Deno speaks no TLS to an address that it is given, nor does it need to: a certificate is for a name.
    if (url.protocol === "https:") return { clients: [this.#client()] };
    const port = Number(url.port) || 80;
    return {
      clients: addresses.slice(0, ADDRESSES_MAX).map(({ address: hostname }) =>
        this.#client({ transport: "tcp", hostname, port })
      ),
    };
  }

  #addressesOf(host: string): Promise<readonly LookupAddress[]> {
    const { policy, resolve: lookUpAll = lookUp } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<readonly LookupAddress[]>();
    lookUpAll(host, { all: true }, (error, addresses) => {
      if (error !== null) return reject(error);
      const reason = addresses.map(({ address }) => refusedAddress(address, policy))
        .find((one) => one !== undefined);
      if (reason !== undefined) return reject(new RefusedAddressError(reason));
      // Most clusters have only the older kind of addresses to the outside.
      resolve([...addresses].sort((a, b) => a.family - b.family));
    });
    return promise;
  }

  /** @throws {InvalidAuthorityError} */
  #client(proxy?: Deno.Proxy): Deno.HttpClient {
    const { caPem } = this.#options;
    try {
      const client = Deno.createHttpClient({
        ...(caPem === undefined ? {} : { caCerts: [caPem] }),
        ...(proxy === undefined ? {} : { proxy }),
      });
      this.#clients.add(client);
      return client;
    } catch (cause) {
      throw new InvalidAuthorityError("its certificate authority is no certificate", { cause });
    }
  }
}

async function send(call: OutboundCall, client: Deno.HttpClient): Promise<OutboundAnswer> {
  const { url, method, headers, body, bytesMax, signal } = call;
  const response = await fetch(url, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    redirect: "manual",
    client,
    signal,
  });
  const stream = response.body ?? new Blob([]).stream();
  return {
    status: response.status,
    location: response.headers.get("location") ?? undefined,
    ...await boundedBytes(stream, { bytesMax, signal }),
  };
}

/** Whether nothing was sent, so that another address may be tried. */
function isUnconnected(error: unknown): boolean {
  return /\(Connect\)|tcp connect error/i.test(errorText(error));
}
