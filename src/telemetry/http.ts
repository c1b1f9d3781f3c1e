import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Clock, deadline, errorText, systemClock, unlessAborted } from "#base";
import { answerPlainly, CALLER_LIMITS, Listener, type ListenerOptions } from "./listener.ts";
import { type Logger, silentLogger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** Says what is wrong, or nothing when all is well. */
export type Check = () => string | undefined | Promise<string | undefined>;

/** Checks by name, e.g. `caches`, `definitions`, `controllers`. */
export type Checks = Readonly<Record<string, Check>>;

/** What a server shows; a part that is left out is not found (404). */
export interface ServerOptions {
  /** `:8443`, `127.0.0.1:0`, `[::1]:8080`; `0` for no server, as the reference's flags have it. */
  readonly address: string;
  readonly metrics?: Metrics;
  /** `/healthz`: is the process worth keeping? */
  readonly live?: Checks;
  /** `/readyz`: is it ready to do its work? */
  readonly ready?: Checks;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** A server that listens; disposing of it lets running answers end. */
export interface Server extends AsyncDisposable {
  /** `http://host:port`. */
  readonly url: string;
}

/** A check that takes longer than this has failed. */
const CHECK_LIMIT_MS = 3_000;

/**
 * Starts the server for metrics and health, or none when the address is `0`.
 *
 * `/healthz` and `/readyz` answer 200 `ok`, or 500 and the checks that failed; `?verbose` lists all checks, and a
 * single check has a path of its own (`/readyz/caches`), as in the reference.
 *
 * @throws {RangeError} when the address cannot be read
 * @throws when somebody else listens there
 */
export async function startServer(options: ServerOptions): Promise<Server | undefined> {
  const { address, clock, log = silentLogger } = options;
  return await startPlainServer({
    address,
    log,
    name: "metrics and health",
    answer: (request, response) => answer(request, response, options),
    clock,
  });
}

/** Where a server without TLS listens, and who answers. */
export interface PlainServerOptions extends ListenerOptions {
  /** See {@linkcode ServerOptions.address}. */
  readonly address: string;
}

/**
 * Starts a server without TLS, or none when the address is `0`.
 *
 * @throws {RangeError} when the address cannot be read
 */
export async function startPlainServer(options: PlainServerOptions): Promise<Server | undefined> {
  if (options.address === "0") return undefined;
  const at = parseAddress(options.address);
  const listener = new Listener(createServer(options.limits ?? CALLER_LIMITS), options);
  await listener.listen(at);
  const host = at.hostname.includes(":") ? `[${at.hostname}]` : at.hostname;
  return {
    url: `http://${host}:${listener.port}`,
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

/**
 * Host and port of a listen address; no host means all.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseAddress } from "#telemetry";
 * assertEquals(parseAddress(":8443"), { hostname: "0.0.0.0", port: 8443 });
 * assertEquals(parseAddress("[::1]:80"), { hostname: "::1", port: 80 });
 * ```
 * @throws {RangeError} when it is neither `:port` nor `host:port`
 */
export function parseAddress(address: string): { hostname: string; port: number } {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/i.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new RangeError(
      `Cannot listen on ${JSON.stringify(address)}: write host:port, :port, or 0 for none`,
    );
  }
  return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
): Promise<void> {
  const { method, url } = request;
  if (method !== "GET" && method !== "HEAD") {
    return answerPlainly(response, 405, "method not allowed", { allow: "GET, HEAD" });
  }
  const { pathname, searchParams } = URL.parse(url ?? "/", "http://server") ?? NOWHERE;
  const [, room = "", checkName] = pathname.split("/");
  if (room === "metrics" && checkName === undefined && options.metrics !== undefined) {
    const { text, contentType } = await options.metrics.exposition();
    response.writeHead(200, { "content-type": contentType }).end(text);
    return;
  }
  const checks = room === "healthz" ? options.live : room === "readyz" ? options.ready : undefined;
  const { clock = systemClock } = options;
  const verbose = searchParams.has("verbose");
  const report = await checked(checks, { room, checkName, verbose, clock });
  if (report === undefined) return answerPlainly(response, 404, "not found");
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
  };
  response.writeHead(report.failed ? 500 : 200, headers).end(report.text);
}

/** What is no address. */
const NOWHERE = new URL("http://server/");

/** What checks say; undefined when there are none of that name. */
async function checked(
  checks: Checks | undefined,
  ask: { room: string; checkName: string | undefined; verbose: boolean; clock: Clock },
): Promise<{ readonly failed: boolean; readonly text: string } | undefined> {
  if (checks === undefined) return undefined;
  const all = Object.entries(checks).sort(([a], [b]) => a < b ? -1 : 1);
  // The check named like its room is the room itself (`/healthz/healthz` exists in the reference).
  const asked = ask.checkName === undefined || ask.checkName === ask.room
    ? all
    : all.filter(([name]) => name === ask.checkName);
  if (asked.length === 0 && all.length > 0) return undefined;
  const results = await Promise.all(
    asked.map(async ([name, check]) => ({ name, problem: await problemOf(check, ask.clock) })),
  );
  const failed = results.some((result) => result.problem !== undefined);
  const lines = results
    .filter((result) => ask.verbose || result.problem !== undefined)
    .map(({ name, problem }) => problem === undefined ? `[+]${name} ok` : `[-]${name}: ${problem}`);
  const verdict = failed ? `${ask.room} check failed` : ask.verbose ? `${ask.room} ok` : "ok";
  return { failed, text: [...lines, verdict, ""].join("\n") };
}

async function problemOf(check: Check, clock: Clock): Promise<string | undefined> {
  const reason = new Error(`no answer in ${CHECK_LIMIT_MS} ms`);
  using limit = deadline(CHECK_LIMIT_MS, { clock, reason });
  try {
    return await unlessAborted(Promise.resolve(check()), limit.signal);
  } catch (error) {
    return errorText(error);
  }
}
