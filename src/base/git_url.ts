/** How a repository is reached. */
export type GitTransport = "https" | "http" | "ssh" | "file";

/** The parts of a repository's address. */
export interface GitAddress {
  readonly transport: GitTransport;
  /** Who is to be at the host, as written; empty when nobody is named. */
  readonly user: string;
  readonly hasPassword: boolean;
  /** In small letters, without a port; empty for `file`. */
  readonly host: string;
  /** As written; empty when none is. */
  readonly port: string;
  /** As written, with what stands before it; without a query. */
  readonly path: string;
}

/**
 * The parts of a repository's address, or undefined when it is none that we take: `https://`, `http://`, `ssh://`,
 * `user@host:path` and `file://`. Anything that `git` could take for an option or a helper is refused.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gitAddress } from "#base";
 * const { host, path, port, transport, user } = gitAddress("https://bot@Git.example:8443/shop/a.git")!;
 * assertEquals([transport, user, host, port, path], ["https", "bot", "git.example", "8443", "/shop/a.git"]);
 * assertEquals(gitAddress("git@git.example:shop/a.git")?.path, "shop/a.git");
 * assertEquals(gitAddress("ext::sh -c id"), undefined);
 * ```
 */
export function gitAddress(url: string): GitAddress | undefined {
  if (/^-|[\s\p{Cc}]/u.test(url)) return undefined;
  const scheme = /^(https|http|ssh|file):\/\//i.exec(url);
  if (scheme === null) return shortAddress(url);
  const transport = (scheme[1] ?? "").toLowerCase() as GitTransport;
  const rest = url.slice(scheme[0].length);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const path = end < 0 ? "" : rest.slice(end).split(/[?#]/, 1).join("");
  if (transport === "file") {
    return { transport, user: "", hasPassword: false, host: "", port: "", path };
  }
  const at = authority.lastIndexOf("@");
  const [user, ...password] = at < 0 ? [""] : authority.slice(0, at).split(":");
  const place = hostAndPort(authority.slice(at + 1));
  if (place === undefined) return undefined;
  return { transport, user: user ?? "", hasPassword: password.join(":") !== "", ...place, path };
}

/** How the repository of a URL is reached; undefined when it is none that we take. */
export function gitTransport(url: string): GitTransport | undefined {
  return gitAddress(url)?.transport;
}

/**
 * Host and path of a repository, the same for all ways to write its address; empty for a `file:` one and for what is no
 * address.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { repositoryPlace } from "#base";
 * const urls = ["https://bot:s3cret@Git.example:8443/shop/a.git", "ssh://git@git.example:22/shop/a", "git@git.example:shop/a.git"];
 * assertEquals(urls.map(repositoryPlace), Array(3).fill({ host: "git.example", path: "shop/a" }));
 * ```
 */
export function repositoryPlace(url: string): { readonly host: string; readonly path: string } {
  const address = gitAddress(url);
  if (address === undefined || address.host === "") return { host: "", path: "" };
  const parts = address.path.split("/").filter((part) => part !== "");
  return { host: address.host, path: parts.join("/").replace(/\.git$/, "") };
}

/** `user@host:path`: ssh, as `git` and people write it. */
function shortAddress(url: string): GitAddress | undefined {
  const [, user = "", host = "", path = ""] =
    /^([A-Za-z0-9_.][\w.-]*)@([A-Za-z0-9_.][\w.-]*):([^:].*)$/.exec(url) ?? [];
  if (host === "") return undefined;
  return { transport: "ssh", user, hasPassword: false, host: host.toLowerCase(), port: "", path };
}

function hostAndPort(text: string): { readonly host: string; readonly port: string } | undefined {
  const [, host = "", port = ""] = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d*))?$/.exec(text) ?? [];
  return host === "" || host.startsWith("-") ? undefined : { host: host.toLowerCase(), port };
}
