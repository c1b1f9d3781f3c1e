import { type Clock, deadline, errorText, systemClock, unlessAborted } from "#base";
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
 * @throws {Deno.errors.AddrInUse} when somebody else listens there
 */
export function startServer(options: ServerOptions): Server | undefined {
  if (options.address === "0") return undefined;
  const { hostname, port } = parseAddress(options.address);
  const server = Deno.serve(
    { hostname, port, onListen() {} },
    (request) => answer(request, options),
  );
  const { addr } = server;
  const host = addr.hostname.includes(":") ? `[${addr.hostname}]` : addr.hostname;
  return {
    url: `http://${host}:${addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
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

async function answer(request: Request, options: ServerOptions): Promise<Response> {
  const url = new URL(request.url);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("method not allowed\n", { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const [, room = "", checkName] = url.pathname.split("/");
  if (room === "metrics" && checkName === undefined && options.metrics !== undefined) {
    const { text, contentType } = await options.metrics.exposition();
    return new Response(text, { headers: { "content-type": contentType } });
  }
  const checks = room === "healthz" ? options.live : room === "readyz" ? options.ready : undefined;
  if (checks === undefined) return new Response("not found\n", { status: 404 });
  const verbose = url.searchParams.has("verbose");
  const { clock = systemClock } = options;
  return await answerChecks(checks, { room, checkName, verbose, clock });
}

async function answerChecks(
  checks: Checks,
  ask: { room: string; checkName: string | undefined; verbose: boolean; clock: Clock },
): Promise<Response> {
  const all = Object.entries(checks).sort(([a], [b]) => a < b ? -1 : 1);
  // The check named like its room is the room itself (`/healthz/healthz` exists in the reference).
  const asked = ask.checkName === undefined || ask.checkName === ask.room
    ? all
    : all.filter(([name]) => name === ask.checkName);
  if (asked.length === 0 && all.length > 0) return new Response("not found\n", { status: 404 });
  const results = await Promise.all(
    asked.map(async ([name, check]) => ({ name, problem: await problemOf(check, ask.clock) })),
  );
  const failed = results.some((result) => result.problem !== undefined);
  const lines = results
    .filter((result) => ask.verbose || result.problem !== undefined)
    .map(({ name, problem }) => problem === undefined ? `[+]${name} ok` : `[-]${name}: ${problem}`);
  const verdict = failed ? `${ask.room} check failed` : ask.verbose ? `${ask.room} ok` : "ok";
  return new Response([...lines, verdict, ""].join("\n"), {
    status: failed ? 500 : 200,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
  });
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
