import { MASK, redactedText } from "#base";

/** Why Git could not do what was asked: a closed set, because it becomes a condition's reason. */
export type GitErrorKind =
  | "not_found"
  | "no_access"
  | "no_ref"
  | "no_path"
  | "host_unknown"
  | "unverified"
  | "unreachable"
  | "timeout"
  | "too_large"
  | "moved"
  | "failed";

/** A failed Git command. The message never holds a credential. */
export class GitError extends Error {
  override readonly name = "GitError";
  readonly kind: GitErrorKind;
  constructor(kind: GitErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** What Git's own words mean, first match wins. */
const MEANINGS: readonly (readonly [RegExp, GitErrorKind, string])[] = [
  [
    /Host key verification failed|No \S+ host key is known|REMOTE HOST IDENTIFICATION HAS CHANGED/i,
    "host_unknown",
    "the server's host key is not among the known hosts; compare it and add it to known_hosts in the Secret",
  ],
  [
    /Permission denied \(|Authentication failed|could not read Username|could not read Password|HTTP Basic: Access denied|returned error: 40[13]/i,
    "no_access",
    "repository not found or no access; check the url and the Secret named by secretRef",
  ],
  [
    /repository '.*' not found|Repository not found|does not appear to be a git repository|returned error: 404|project you were looking for could not be found/i,
    "not_found",
    "repository not found or no access; check the url and the Secret named by secretRef",
  ],
  [
    /unable to update url base from redirection|returned error: 30\d/i,
    "unreachable",
    "the server answers with a redirect, which is not followed; use the url that it redirects to",
  ],
  [
    /not our ref|unadvertised object|couldn't find remote ref|bad object/i,
    "no_ref",
    "the commit is not in the repository (anymore)",
  ],
  [
    /SSL certificate|certificate verif|CAfile|unable to get local issuer|self.signed/i,
    "unreachable",
    "the server's certificate is not trusted; put its authority as ca.crt in the Secret named by secretRef",
  ],
  [
    /Could not resolve host|Could not resolve hostname|Failed to connect|Connection refused|Connection reset|Connection timed out|Network is unreachable|No route to host|Operation too slow|timed out|early EOF|hung up unexpectedly|returned error: 5\d\d|returned error: 429/i,
    "unreachable",
    "the server cannot be reached",
  ],
  [/transport '.*' not allowed/i, "failed", "the url leads to a transport that is not allowed"],
];

/**
 * What a failed command means.
 *
 * @param action what was tried, e.g. `Cannot fetch https://host/path`
 * @param words what Git wrote on standard error
 * @param secrets texts that must not appear
 */
export function gitErrorFrom(
  action: string,
  words: string,
  secrets: readonly string[] = [],
): GitError {
  const cleaned = withoutSecrets(words, secrets);
  const meaning = MEANINGS.find(([pattern]) => pattern.test(cleaned));
  const cause = new Error(lastLines(cleaned));
  if (meaning === undefined) return new GitError("failed", action, { cause });
  return new GitError(meaning[1], `${action}: ${meaning[2]}`, { cause });
}

/** A text without these secrets, and without what looks like one. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const cleaned = secrets.filter((secret) => secret !== "")
    .reduce((left, secret) => left.replaceAll(secret, MASK), text);
  return redactedText(cleaned);
}

const CAUSE_LENGTH_MAX = 400;

function lastLines(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) =>
    line.replace(/^(fatal|error|remote): /, "").trim()
  );
  const said = lines.filter((line) => line !== "").slice(-3).join("; ");
  return said.length > CAUSE_LENGTH_MAX ? `…${said.slice(-CAUSE_LENGTH_MAX)}` : said;
}
