/** How to show who asks; never part of a URL, an argument, a log line or a message. */
export type GitCredentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string }
  | { readonly kind: "ssh"; readonly privateKey: string; readonly knownHosts: string };

/** A repository somewhere else. */
export interface Remote {
  /** `https://…`, `http://…`, `ssh://…`, `git@host:path`, or `file:///…` where that is allowed. */
  readonly url: string;
  readonly credentials?: GitCredentials;
  /** Certificate authorities (PEM) to trust instead of the system's. */
  readonly caPem?: string;
  /** Whose access this is, e.g. `namespace/secret`: what one account fetched is not shown to another. */
  readonly account?: string;
  /** `file:` reads the disk of this process: only for repositories that its own flags name. */
  readonly fileAllowed?: boolean;
}

/** How a URL is reached. */
export type Scheme = "https" | "http" | "ssh" | "file";

/** A URL that cannot be used, and what to do. */
export class RemoteUrlError extends Error {
  override readonly name = "RemoteUrlError";
}

/**
 * How a remote is reached, after checking that its URL can be used at all.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { remoteScheme } from "#git";
 * assertEquals(remoteScheme({ url: "git@github.com:shop/meshes.git" }), "ssh");
 * assertThrows(() => remoteScheme({ url: "file:///etc" }), Error, "only allowed");
 * assertThrows(() => remoteScheme({ url: "https://bot:pw@git.example/a" }), Error, "secretRef");
 * ```
 * @throws {RemoteUrlError} when the scheme is unknown or not allowed, or when the URL holds a password
 */
export function remoteScheme(remote: Remote): Scheme {
  // `host:path` is ssh as well, and has no `//`.
  if (/^(?:[\w.-]+@)?[\w.-]+:(?!\/\/)[^\s]+$/.test(remote.url)) return "ssh";
  const url = URL.parse(remote.url);
  if (url === null) {
    throw new RemoteUrlError(
      "Cannot use the repository url: write https://host/path, ssh://git@host/path or git@host:path",
    );
  }
  if (url.password !== "") {
    throw new RemoteUrlError(
      `Cannot use the url of ${url.host}: it holds a password; put it in a Secret and name that in secretRef`,
    );
  }
  switch (url.protocol) {
    case "https:":
      return "https";
    case "http:":
      return "http";
    case "ssh:":
      return "ssh";
    case "file:":
      if (remote.fileAllowed === true) return "file";
      throw new RemoteUrlError(
        "Cannot use a file: url: it is only allowed for a repository that a flag of the program names",
      );
    default:
      throw new RemoteUrlError(
        `Cannot use the scheme ${url.protocol} of the url: use https or ssh`,
      );
  }
}

/** The URL for messages: without a user name, which some services use for tokens. */
export function placeText(remote: Remote): string {
  return remote.url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1");
}
