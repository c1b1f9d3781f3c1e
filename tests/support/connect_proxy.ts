/** Proxies on loopback that count what they let through. */
import http from "node:http";
import https from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** What a server proves itself with, PEM. */
export interface ServerKey {
  readonly cert: string;
  readonly key: string;
}

/** A proxy, and how often somebody went through. */
export interface TestProxy extends AsyncDisposable {
  readonly port: number;
  readonly passed: () => number;
  /** The `proxy-authorization` of the last one. */
  readonly login: () => string | undefined;
}

/** Passes on what CONNECT asks for; over TLS with a key. */
export async function connectProxy(key?: ServerKey): Promise<TestProxy> {
  const server = key === undefined ? http.createServer() : https.createServer({ ...key });
  let passed = 0;
  let login: string | undefined;
  const sockets = new Set<Duplex>();
  server.on("connect", (request: http.IncomingMessage, socket: Duplex) => {
    passed++;
    login = request.headers["proxy-authorization"];
    const [host, port] = (request.url ?? "").split(":");
    const onward = connect(Number(port), host ?? "", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      join(socket, onward, sockets);
    });
  });
  return { ...await listening(server, sockets), passed: () => passed, login: () => login };
}

/** SOCKS 5 without a login, for IPv4 addresses. */
export async function socksProxy(): Promise<TestProxy> {
  let passed = 0;
  const sockets = new Set<Duplex>();
  const server = createServer((socket: Socket) => {
    socket.once("data", () => {
      socket.write(new Uint8Array([5, 0]));
      socket.once("data", (request: Uint8Array) => {
        passed++;
        const host = [...request.slice(4, 8)].join(".");
        const port = (request[8] ?? 0) * 256 + (request[9] ?? 0);
        const onward = connect(port, host, () => {
          socket.write(new Uint8Array([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          join(socket, onward, sockets);
        });
      });
    });
  });
  return { ...await listening(server, sockets), passed: () => passed, login: () => undefined };
}

function join(one: Duplex, other: Duplex, sockets: Set<Duplex>): void {
  for (const [from, to] of [[one, other], [other, one]] as const) {
    sockets.add(from);
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }
}

async function listening(server: Server, sockets: ReadonlySet<Duplex>) {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", () => resolve());
  await promise;
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      sockets.forEach((socket) => socket.destroy());
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
