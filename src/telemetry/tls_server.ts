import { createServer, type Server } from "node:https";
import { parseAddress } from "./http.ts";
import { CALLER_LIMITS, Listener, type ListenerOptions } from "./listener.ts";

/** Longer than anybody waits for a handshake. */
const HANDSHAKE_LIMIT_MS = 10_000;

/** A certificate and its key, PEM texts. */
export interface ServingKeys {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Where to listen, and who answers. */
export interface TlsServerOptions extends ListenerOptions {
  /** `:9443`, `127.0.0.1:0`. */
  readonly address: string;
}

/**
 * An HTTPS server whose certificate is renewed. A new one takes effect with the next connection, on the same listener;
 * who is connected stays so. This is `node:https` because `Deno.serve` cannot change its certificate.
 */
export class TlsServer implements AsyncDisposable {
  readonly #options: TlsServerOptions;
  #server: Server | undefined;
  #listener: Listener | undefined;
  #keys: ServingKeys | undefined;

  constructor(options: TlsServerOptions) {
    this.#options = options;
  }

  /** The port that is listened on, or undefined before {@linkcode use}. */
  get port(): number | undefined {
    return this.#listener?.port;
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
    await this.#listener?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  async #listen(context: { readonly cert: string; readonly key: string }): Promise<Server> {
    const { address, limits = CALLER_LIMITS, log, name } = this.#options;
    const handshakeTimeout = HANDSHAKE_LIMIT_MS;
    const server = createServer({ ...limits, handshakeTimeout, ...context });
    const listener = new Listener(server, this.#options);
    await listener.listen(parseAddress(address));
    // Handshakes that fail are the other side's business; without a listener they would end the process.
    server.on(
      "tlsClientError",
      (error) => log.debug("Refused a handshake", { server: name, error }),
    );
    this.#listener = listener;
    return server;
  }
}
