import type { IncomingHttpHeaders } from "node:http";

/** Names by which a browser on this machine calls it. */
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/**
 * Why a request is refused that a page elsewhere may have made a browser send; undefined where it is not.
 *
 * Who came by an address of this machine shows no token. So its name has to be one of this machine too: a page whose name was
 * made to lead here (DNS rebinding) says its own.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { refusedOrigin } from "./origin.ts";
 * const local = { isLoopback: true, scheme: "http" } as const;
 * assertEquals(refusedOrigin({ host: "localhost:8090" }, local), undefined);
 * assertEquals(refusedOrigin({ host: "evil.example:8090" }, local), "ask for localhost, not for evil.example:8090");
 * assertEquals(refusedOrigin({ host: "localhost:8090", origin: "https://evil.example" }, local), "ask from this page only");
 * ```
 */
export function refusedOrigin(
  headers: IncomingHttpHeaders,
  { isLoopback, scheme }: { readonly isLoopback: boolean; readonly scheme: "http" | "https" },
): string | undefined {
  const { host = "", origin } = headers;
  const site = headers["sec-fetch-site"];
  if (isLoopback && !LOOPBACK_HOST.test(host)) {
    return `ask for localhost, not for ${host.slice(0, 100)}`;
  }
  const isOwn = origin === undefined || origin === `${scheme}://${host}`;
  const isSame = site === undefined || site === "same-origin" || site === "none";
  return isOwn && isSame ? undefined : "ask from this page only";
}

/** Whether a listen address is one of this machine only: there nobody has to show a token. */
export function isLoopbackHost(hostname: string): boolean {
  return LOOPBACK_HOST.test(hostname.includes(":") ? `[${hostname}]` : hostname);
}
