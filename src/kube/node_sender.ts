import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import { isIP, type Socket } from "node:net";
import { Readable } from "node:stream";
import tls from "node:tls";
import type { ClientPair, Endpoint, OutgoingRequest, Sender } from "./endpoint.ts";

/**
 * Requests by Node's HTTP client, each over a connection of its own. Slower than `fetch`, and able to verify a server
 * by another name than its address, or not at all.
 */
export class NodeSender implements Sender {
  readonly #endpoint: Endpoint;
  readonly #pair: ClientPair | undefined;

  constructor(endpoint: Endpoint, pair: ClientPair | undefined) {
    this.#endpoint = endpoint;
    this.#pair = pair;
  }

  async send(request: OutgoingRequest): Promise<Response> {
    const url = new URL(request.url);
    const { signal } = request;
    const socket = await this.#socketTo(url, signal);
    const message = await answered(url, request, socket);
    return responseOf(message, signal);
  }

  close(): void {
    // Every request has closed its connection itself.
  }

  /** A connection that may be spoken on, by the proxy if there is one; `undefined` lets the client make a plain one. */
  async #socketTo(url: URL, signal: AbortSignal): Promise<Socket | undefined> {
    const { proxyUrl } = this.#endpoint;
    const tunnel = proxyUrl === undefined ? undefined : await this.#tunnel(proxyUrl, url, signal);
    if (url.protocol === "http:") return tunnel;
    const { certificateAuthority: ca, isUnverified, tlsServerName } = this.#endpoint;
    const host = hostOf(url);
    const servername = tlsServerName ?? (isIP(host) === 0 ? host : undefined);
    const pair = this.#pair;
    const socket = tls.connect({
      ...(tunnel === undefined ? { host, port: Number(url.port) || 443 } : { socket: tunnel }),
      ...(servername === undefined ? {} : { servername }),
      ...(ca === undefined ? {} : { ca }),
      ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
      rejectUnauthorized: isUnverified !== true,
    });
    return await unlessBroken<Socket>(socket, signal, (ready) => {
      socket.once("secureConnect", () => ready(socket));
    });
  }

  #tunnel(proxyUrl: string, to: URL, signal: AbortSignal): Promise<Socket> {
    const proxy = new URL(proxyUrl.includes("://") ? proxyUrl : `http://${proxyUrl}`);
    const isSecure = proxy.protocol === "https:";
    const { username, password } = proxy;
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const path = `${to.hostname}:${to.port || (to.protocol === "https:" ? 443 : 80)}`;
    const options = {
      host: hostOf(proxy),
      port: Number(proxy.port) || (isSecure ? 443 : 80),
      method: "CONNECT",
      path,
      headers: {
        host: path,
        ...(username === ""
          ? {}
          : { "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}` }),
      },
      agent: false,
    } as const;
    const ca = this.#endpoint.certificateAuthority;
    // The proxy is verified by the usual authorities, and by that of the cluster.
    const asking = isSecure
      ? https.request({
        ...options,
        ...(ca === undefined ? {} : { ca: [...tls.rootCertificates, ca] }),
      })
      : http.request(options);
    return unlessBroken<Socket>(asking, signal, (ready, failed) => {
      asking.once("connect", (message: http.IncomingMessage, socket: Socket) => {
        if (message.statusCode === 200) return ready(socket);
        socket.destroy();
        failed(new Error(`The proxy ${proxy.host} refuses to connect: ${message.statusCode}`));
      });
      asking.once("response", (message: http.IncomingMessage) => {
        message.destroy();
        failed(new Error(`The proxy ${proxy.host} refuses to connect: ${message.statusCode}`));
      });
      asking.end();
    });
  }
}

function answered(
  url: URL,
  { method, headers, lines, body, signal }: OutgoingRequest,
  socket: Socket | undefined,
): Promise<http.IncomingMessage> {
  const several: Record<string, string | string[]> = { ...Object.fromEntries(headers) };
  for (const [name, value] of lines) {
    const before = several[name] ?? [];
    several[name] = [...(typeof before === "string" ? [before] : before), value];
  }
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const connection = socket === undefined
    ? { host: hostOf(url), port: Number(url.port) || 80, agent: false }
    : { createConnection: () => socket };
  const { request } = url.protocol === "https:" ? https : http;
  const asking = request({
    ...connection,
    method,
    path: `${url.pathname}${url.search}`,
    headers: { ...several, ...length, host: url.host, connection: "close" },
  });
  return unlessBroken<http.IncomingMessage>(asking, signal, (ready) => {
    asking.once("response", ready);
    asking.end(body);
  });
}

/** The answer for readers of `fetch`: its body ends with the signal. */
function responseOf(message: http.IncomingMessage, signal: AbortSignal): Response {
  const status = message.statusCode ?? 0;
  const end = () => void message.destroy(reasonOf(signal));
  if (status >= 300 && status < 400) {
    end();
    throw new TypeError(`The server redirects (${status}), which is not followed`);
  }
  signal.addEventListener("abort", end, { once: true });
  message.once("close", () => signal.removeEventListener("abort", end));
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers.set(name, String(value));
  }
  const isEmpty = status === 204;
  if (isEmpty) message.resume();
  const body = isEmpty ? null : Readable.toWeb(message) as unknown as ReadableStream<Uint8Array>;
  return new Response(body, { status, headers });
}

/** Waits for what an emitter comes to; when it breaks, or the signal aborts, it is destroyed. */
function unlessBroken<T>(
  emitter: Socket | http.ClientRequest,
  signal: AbortSignal,
  begin: (ready: (value: T) => void, failed: (error: Error) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => {
    emitter.destroy();
    reject(reasonOf(signal));
  };
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  // Stays: what breaks later is told by the answer's body, and nobody else.
  emitter.on("error", reject);
  begin(resolve, reject);
  return promise.finally(() => signal.removeEventListener("abort", abort));
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("Aborted");
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
