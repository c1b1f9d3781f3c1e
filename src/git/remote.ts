import { gitAddress, type GitTransport } from "#base";

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
export function remoteScheme({ fileAllowed, url }: Remote): GitTransport {
  const address = gitAddress(url);
  if (address === undefined) {
    throw new RemoteUrlError(
      "Cannot use the repository url: write https://host/path, ssh://git@host/path or git@host:path",
    );
  }
  if (address.hasPassword) {
    throw new RemoteUrlError(
      `Cannot use the url of ${address.host}: it holds a password; put it in a Secret and name that in secretRef`,
    );
  }
  if (address.transport === "file" && fileAllowed !== true) {
    throw new RemoteUrlError(
      "Cannot use a file: url: it is only allowed for a repository that a flag of the program names",
    );
  }
  return address.transport;
}

/** The URL for messages: without a user name, which some services use for tokens. */
export function placeText({ url }: Pick<Remote, "url">): string {
  const address = gitAddress(url);
  // Not repeated: nobody knows where a password would stand in it.
  if (address === undefined) return "the repository";
  if (address.transport === "file") return url;
  const start = url.indexOf("://");
  return start < 0 ? url : `${url.slice(0, start + 3)}${afterUser(url.slice(start + 3))}`;
}

/**
 * The URL that git is called with. Over HTTP it is without a user name: arguments are seen by every process, and who asks
 * is said by a header.
 */
export function commandUrl(remote: Pick<Remote, "url">): string {
  return gitAddress(remote.url)?.transport === "ssh" ? remote.url : placeText(remote);
}

function afterUser(text: string): string {
  const end = text.search(/[/?#]/);
  const authority = end < 0 ? text : text.slice(0, end);
  return text.slice(authority.lastIndexOf("@") + 1);
}
