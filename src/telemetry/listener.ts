import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { type Clock, deadline, HTTP_BUDGETS, systemClock } from "#base";
import type { Logger } from "./log.ts";

/** How long callers may take, as `createServer` of node has it: without, half a request stays for minutes or for ever. */
export const CALLER_LIMITS: Readonly<
  Record<"headersTimeout" | "requestTimeout" | "connectionsCheckingInterval", number>
> = {
  headersTimeout: HTTP_BUDGETS.headersMs,
  requestTimeout: HTTP_BUDGETS.requestMs,
  connectionsCheckingInterval: 1_000,
};

/** How long answers may take that are under way at the end. */
const GRACE_MS = 2_000;

/** Who answers a request. A failure ends the connection and is logged. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** What a {@linkcode Listener} needs. */
export interface ListenerOptions {
  readonly log: Logger;
  /** What it serves, for the log. */
  readonly name: string;
  readonly answer: Answer;
  readonly clock?: Clock | undefined;
  /** 256 when left out. */
  readonly connectionsMax?: number;
  /** Which answers have no end: whoever answers ends those that nobody reads. None when left out. */
  readonly isEndless?: (request: IncomingMessage) => boolean;
  /** {@linkcode CALLER_LIMITS} when left out. */
  readonly limits?: typeof CALLER_LIMITS;
}

interface Connection {
  readonly socket: Socket;
  /** Aborts when it closed. */
  readonly over: AbortController;
  /** Requests that are being answered. */
  answering: number;
  /** Whether it asked for too much: what else it asked in the same breath is not answered. */
  isClosed: boolean;
}

/**
 * The connections of a server of `node:http` or `node:https`, which `Deno.serve` cannot bound.
 *
 * # Guarantees
 * - Who is connected and asks nothing cannot keep others out: where there are too many, the oldest such connection goes.
 * - Who asks and does not read the answer, asks many times before reading one, or goes on with a body that nobody reads,
 *   is closed.
 *
 * Disposing lets answers end that are under way, for two seconds, and closes the rest.
 */
export class Listener implements AsyncDisposable {
  readonly #server: HttpServer | HttpsServer;
  readonly #options: ListenerOptions;
  /** By the other end; before the handshake as well: an orderly end would wait for those. */
  readonly #connections = new Map<string, Connection>();
  /** Whether the runtime tells of connections: older ones do not, and nothing can be bounded there. */
  #isTold = false;

  constructor(server: HttpServer | HttpsServer, options: ListenerOptions) {
    this.#server = server;
    this.#options = options;
    server.on("connection", (socket: Socket) => this.#connected(socket));
    server.on(
      "request",
      (request: IncomingMessage, response: ServerResponse) => this.#asked(request, response),
    );
  }

  /** Resolves when the server listens. @throws when the address is taken */
  async listen({ hostname, port }: { readonly hostname: string; readonly port: number }) {
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, hostname, () => {
        server.off("error", reject);
        resolve();
      });
    });
    const { log, name } = this.#options;
    server.on("error", (error: Error) => log.warn("Server failed", { server: name, error }));
  }

  /** The port that is listened on, once it is. */
  get port(): number | undefined {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    for (const { socket, answering } of this.#connections.values()) {
      if (answering === 0) socket.destroy();
    }
    using grace = deadline(GRACE_MS, { clock: this.#options.clock ?? systemClock });
    grace.signal.addEventListener("abort", () => {
      server.closeAllConnections();
      for (const { socket } of this.#connections.values()) socket.destroy();
    });
    await closed;
  }

  #connected(socket: Socket): void {
    this.#isTold = true;
    const { connectionsMax = HTTP_BUDGETS.connections } = this.#options;
    const key = otherEnd(socket);
    if (this.#connections.size >= connectionsMax) {
      const quiet = [...this.#connections].find(([, { answering }]) => answering === 0);
      // All of them are being answered: then it is the new one who is too many.
      if (quiet === undefined) return void socket.destroy();
      this.#connections.delete(quiet[0]);
      quiet[1].socket.destroy();
    }
    const connection = { socket, over: new AbortController(), answering: 0, isClosed: false };
    this.#connections.set(key, connection);
    socket.once("close", () => {
      // Answers that were to be sent after others are not told of it.
      connection.over.abort();
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    });
  }

  #asked(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isTold && !this.#admits(request, response)) return;
    const { answer, log, name } = this.#options;
    answer(request, response).catch((error) => {
      log.warn("Cannot answer a request", { server: name, error });
      response.destroy();
    });
  }

  /** Counts a request; not answered is that of a connection which asks for too much. */
  #admits(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.#connections.get(otherEnd(request.socket));
    // Who is forgotten already was closed.
    if (connection === undefined || connection.isClosed) {
      response.destroy();
      return false;
    }
    if (connection.answering >= HTTP_BUDGETS.requestsOfConnection) {
      connection.isClosed = true;
      connection.socket.destroy();
      return false;
    }
    connection.answering++;
    this.#limit(connection, request, response);
    return true;
  }

  /** Ends what does not end by itself: an answer that nobody reads, and a body that nobody asked for. */
  #limit(connection: Connection, request: IncomingMessage, response: ServerResponse): void {
    const { clock = systemClock, isEndless } = this.#options;
    const { over, socket } = connection;
    const limitMs = isEndless?.(request) === true ? Infinity : HTTP_BUDGETS.answerMs;
    const limit = deadline(limitMs, { clock, signal: over.signal });
    limit.signal.addEventListener("abort", () => socket.destroy());
    response.once("finish", () => {
      if (!request.complete) socket.destroySoon();
    });
    response.once("close", () => {
      limit[Symbol.dispose]();
      connection.answering--;
    });
  }
}

/** The same for a connection and for what is spoken over it, with TLS or without. */
function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** A short answer in plain text; what is left of the request's body is not read. */
export function answerPlainly(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    connection: "close",
    ...headers,
  });
  response.end(`${text}\n`);
}
