import {
  lookup as lookUp,
  type LookupAddress,
  type LookupAllOptions,
  type LookupOptions,
} from "node:dns";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import { type AddressPolicy, boundedBytes, refusedAddress } from "#base";
import { isProxied } from "./proxy.ts";

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

/**
 * Calls addresses that somebody else chose.
 *
 * # Guarantees
 * - Every address that a name resolves to passes the policy, and one of those very addresses is connected to: a name that
 *   means something else a moment later gains nothing. By a proxy, only the name itself is checked, as the proxy resolves.
 * - No redirect is followed, and no more of an answer is kept than asked for.
 */
export class OutboundClient implements Disposable {
  readonly #options: OutboundOptions;
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;
  #proxied: Deno.HttpClient | undefined;

  /** @throws {InvalidAuthorityError} */
  constructor(options: OutboundOptions) {
    this.#options = options;
    const { caPem } = options;
    // At once: connecting would not tell what is wrong.
    if (caPem !== undefined) this.#proxied = proxiedClient(caPem);
    const ca = caPem === undefined ? {} : { ca: [...rootCertificates, caPem] };
    this.#https = new HttpsAgent({ keepAlive: true, ...ca });
  }

  /**
   * Calls once.
   *
   * @throws {RefusedAddressError} when the address is none that the policy lets through
   * @throws the signal's reason, and what the network failed with
   */
  async call(call: OutboundCall): Promise<OutboundAnswer> {
    const { policy, env = (name) => Deno.env.get(name) } = this.#options;
    call.signal.throwIfAborted();
    const refused = refusedAddress(call.url.hostname, policy);
    if (refused !== undefined) throw new RefusedAddressError(refused);
    return isProxied(call.url, env) ? await this.#byProxy(call) : await this.#directly(call);
  }

  [Symbol.dispose](): void {
    this.#http.destroy();
    this.#https.destroy();
    this.#proxied?.close();
  }

  async #byProxy(call: OutboundCall): Promise<OutboundAnswer> {
    const { url, method, headers, body, bytesMax, signal } = call;
    this.#proxied ??= proxiedClient();
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      client: this.#proxied,
      signal,
    });
    const stream = response.body ?? new Blob([]).stream();
    return {
      status: response.status,
      location: response.headers.get("location") ?? undefined,
      ...await boundedBytes(stream, { bytesMax, signal }),
    };
  }

  #directly(call: OutboundCall): Promise<OutboundAnswer> {
    const { url, method, headers, body, bytesMax, signal } = call;
    const isTls = url.protocol === "https:";
    const { promise, resolve, reject } = Promise.withResolvers<OutboundAnswer>();
    const request = (isTls ? httpsRequest : httpRequest)(url, {
      method,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { "content-length": String(lengthOf(body)) }),
      },
      agent: isTls ? this.#https : this.#http,
      lookup: checkedLookup(this.#options),
    });
    const abort = () => {
      reject(signal.reason);
      request.destroy();
    };
    signal.addEventListener("abort", abort, { once: true });
    request.on("error", reject);
    request.on("response", (response) => {
      answerOf(response, bytesMax).then((answer) => {
        // What was not read to its end is no connection to use again.
        if (!answer.isWhole) request.destroy();
        resolve(answer);
      }, reject);
    });
    request.end(body);
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }
}

/** @throws {InvalidAuthorityError} */
function proxiedClient(caPem?: string): Deno.HttpClient {
  try {
    return Deno.createHttpClient(caPem === undefined ? {} : { caCerts: [caPem] });
  } catch (cause) {
    throw new InvalidAuthorityError("its certificate authority is no certificate", { cause });
  }
}

function lengthOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

type Found = (
  error: Error | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Resolves a name, and hands on nothing where one of its addresses is refused. */
function checkedLookup({ policy, resolve = lookUp }: OutboundOptions) {
  return (host: string, options: LookupOptions, found: Found): void => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return found(error, []);
      const reason = addresses.map(({ address }) => refusedAddress(address, policy))
        .find((one) => one !== undefined);
      if (reason !== undefined) return found(new RefusedAddressError(reason), []);
      const [first] = addresses;
      if (options.all === true) return found(null, addresses);
      if (first === undefined) return found(new Error(`the name ${host} is not known`), []);
      found(null, first.address, first.family);
    });
  };
}

function answerOf(response: IncomingMessage, bytesMax: number): Promise<OutboundAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<OutboundAnswer>();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const end = (isWhole: boolean) =>
    resolve({
      status: response.statusCode ?? 0,
      location: response.headers.location,
      bytes: joined(chunks),
      isWhole,
    });
  response.on("data", (chunk: Uint8Array) => {
    if (length + chunk.length > bytesMax) return end(false);
    length += chunk.length;
    chunks.push(chunk);
  });
  response.on("end", () => end(true));
  response.on("error", reject);
  response.on("close", () => reject(new Error("connection closed before the answer ended")));
  return promise;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
