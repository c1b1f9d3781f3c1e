import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import { type Clock, deadline, systemClock } from "#base";
import { parseAddress } from "./http.ts";
import type { Logger } from "./log.ts";

/** Longer than anybody waits for a handshake. */
const HANDSHAKE_LIMIT_MS = 10_000;
/** How long answers may take that are under way at the end. */
const GRACE_MS = 2_000;

/** A certificate and its key, PEM texts. */
export interface ServingKeys {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Where to listen, and who answers. */
export interface TlsServerOptions {
  /** `:9443`, `127.0.0.1:0`. */
  readonly address: string;
  readonly log: Logger;
  /** What it serves, for the log. */
  readonly name: string;
  /** A failure ends the connection and is logged. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly clock?: Clock;
}

/**
 * An HTTPS server whose certificate is renewed. A new one takes effect with the next connection, on the same listener;
 * who is connected stays so. This is `node:https` because `Deno.serve` cannot change its certificate.
 */
export class TlsServer implements AsyncDisposable {
  readonly #options: TlsServerOptions;
  #server: Server | undefined;
  /** Everybody who is connected, before the handshake as well: those an orderly end would wait for. */
  readonly #sockets = new Set<Socket>();
  #keys: ServingKeys | undefined;

  constructor(options: TlsServerOptions) {
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
    using grace = deadline(GRACE_MS, { clock: this.#options.clock ?? systemClock });
    grace.signal.addEventListener("abort", () => {
      server.closeAllConnections();
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
  }

  async #listen(context: { readonly cert: string; readonly key: string }): Promise<Server> {
    const { address, answer, log, name } = this.#options;
    const { hostname, port } = parseAddress(address);
    const limits = { handshakeTimeout: HANDSHAKE_LIMIT_MS };
    const server = createServer({ ...limits, ...context }, (request, response) => {
      answer(request, response).catch((error) => {
        log.warn("Cannot answer a request", { server: name, error });
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
      (error) => log.debug("Refused a handshake", { server: name, error }),
    );
    server.on("error", (error) => log.warn("Server failed", { server: name, error }));
    return server;
  }
}

/** A short answer in plain text; what is left of the request's body is not read. */
export function answerPlainly(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  response.end(`${text}\n`);
}
