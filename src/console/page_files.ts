import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { textDigest } from "#base";

/** The page as it was made at build time, texts by the name of the file. */
export type PageFiles = Readonly<Record<"index.html" | "page.css" | "page.js", string>>;

/** What a browser may do with the page: show it, and talk to where it came from. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Headers of everything that is answered. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": PAGE_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

const TYPES = {
  "index.html": "text/html; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
} as const satisfies Record<keyof PageFiles, string>;

interface StoredFile {
  readonly type: string;
  readonly plain: Uint8Array;
  readonly packed: Uint8Array;
  readonly tag: string;
}

/** The files of the page, packed once. */
export class Page {
  readonly #files: ReadonlyMap<string, StoredFile>;

  constructor(files: PageFiles) {
    const names = Object.keys(TYPES) as (keyof PageFiles)[];
    this.#files = new Map(names.map((name) => {
      const plain = new TextEncoder().encode(files[name]);
      const tag = `"${textDigest(files[name]).slice(0, 32)}"`;
      return [name, { type: TYPES[name], plain, packed: gzipSync(plain, { level: 9 }), tag }];
    }));
  }

  /** Answers with what a path leads to: `/assets/NAME`, or the page itself for a path of its own; false for any other. */
  answer(pathname: string, request: IncomingMessage, response: ServerResponse): boolean {
    const [, asset] = /^\/assets\/([a-z.]+)$/.exec(pathname) ?? [];
    const isPage = !pathname.includes(".") && !pathname.startsWith("/assets/");
    const name = asset ?? (isPage ? "index.html" : "");
    const file = name === "index.html" && !isPage ? undefined : this.#files.get(name);
    if (file === undefined) return false;
    const { packed, plain, tag, type } = file;
    const headers = { etag: tag, "cache-control": "no-cache", vary: "accept-encoding" };
    if (request.headers["if-none-match"] === tag) {
      response.writeHead(304, headers).end();
      return true;
    }
    const isPacked = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
    const body = isPacked ? packed : plain;
    response.writeHead(200, {
      ...headers,
      "content-type": type,
      "content-length": String(body.length),
      ...(isPacked ? { "content-encoding": "gzip" } : {}),
    }).end(body);
    return true;
  }
}
