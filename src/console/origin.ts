import type { IncomingHttpHeaders } from "node:http";

/** Names by which a browser on this machine calls it. */
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/**
 * Why a request is refused that a page elsewhere may have made a browser send; undefined where it is not.
 *
 * Who came by an address of this machine shows no token. So its name has to be one of this machine too: a page whose name was
 * made to lead here (DNS rebinding) says its own. The page itself, which tells nothing, may be reached by a link from anywhere.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { refusedOrigin } from "./origin.ts";
 * const local = { isData: true, isLoopback: true, scheme: "http" } as const;
 * assertEquals(refusedOrigin({ host: "localhost:8090" }, local), undefined);
 * assertEquals(refusedOrigin({ host: "evil.example:8090" }, local), "ask for localhost, not for evil.example:8090");
 * const linked = { host: "localhost:8090", "sec-fetch-site": "cross-site" };
 * assertEquals(refusedOrigin(linked, local), "ask from this page only");
 * assertEquals(refusedOrigin(linked, { ...local, isData: false }), undefined);
 * ```
 */
export function refusedOrigin(
  headers: IncomingHttpHeaders,
  { isData, isLoopback, scheme }: {
    /** Whether it asks for more than the page. */
    readonly isData: boolean;
    readonly isLoopback: boolean;
    readonly scheme: "http" | "https";
  },
): string | undefined {
  const { host = "", origin } = headers;
  const site = headers["sec-fetch-site"];
  if (isLoopback && !LOOPBACK_HOST.test(host)) {
    return `ask for localhost, not for ${host.slice(0, 100)}`;
  }
  if (!isData) return undefined;
  const isOwn = origin === undefined || origin === `${scheme}://${host}`;
  const isSame = site === undefined || site === "same-origin" || site === "none";
  return isOwn && isSame ? undefined : "ask from this page only";
}

/** Whether a listen address is one of this machine only: there nobody has to show a token. */
export function isLoopbackHost(hostname: string): boolean {
  return LOOPBACK_HOST.test(hostname.includes(":") ? `[${hostname}]` : hostname);
}
