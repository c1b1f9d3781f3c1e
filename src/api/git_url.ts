/** How a repository is reached. */
export type GitTransport = "https" | "http" | "ssh" | "file";

/**
 * How the repository of a URL is reached, or undefined when the URL is none that we take: `https://`, `http://`,
 * `ssh://`, `user@host:path` and `file://`. Anything that `git` could take for an option or a helper is refused.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gitTransport } from "#api";
 * assertEquals(gitTransport("git@example.org:shop/mesh.git"), "ssh");
 * assertEquals(gitTransport("ext::sh -c id"), undefined);
 * ```
 */
export function gitTransport(url: string): GitTransport | undefined {
  if (/^[\s-]|[\s\p{Cc}]/u.test(url)) return undefined;
  const scheme = /^(https|http|ssh|file):\/\/([^/]*)\//i.exec(`${url}/`);
  if (scheme !== null) {
    const [, name = "", host = ""] = scheme;
    const transport = name.toLowerCase() as GitTransport;
    const address = host.slice(host.lastIndexOf("@") + 1);
    if (transport === "file") return "file";
    return address === "" || address.startsWith("-") ? undefined : transport;
  }
  return /^[A-Za-z0-9_.][\w.-]*@[A-Za-z0-9_.][\w.-]*:[^:]/.test(url) ? "ssh" : undefined;
}
