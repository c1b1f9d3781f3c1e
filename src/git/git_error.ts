import { MASK, redactedText, withoutEnd } from "#base";
import {
  answerText,
  type HttpAnswer,
  httpAnswers,
  isGitAnswer,
  type Redirect,
  redirectOf,
  withoutNotes,
} from "./http_answer.ts";

/** Why Git could not do what was asked: a closed set, because it becomes a condition's reason. */
export type GitErrorKind =
  | "not_found"
  | "no_access"
  | "no_ref"
  | "no_path"
  | "host_unknown"
  | "unverified"
  | "not_git"
  | "redirected"
  /** Its address is none that is asked: this machine, the API server. */
  | "refused_address"
  | "unreachable"
  | "timeout"
  | "too_large"
  | "moved"
  | "failed";

/** A failed Git command. The message never holds a credential, nor what an HTTP server said. */
export class GitError extends Error {
  override readonly name = "GitError";
  readonly kind: GitErrorKind;
  /** Where the repository is instead, when it may be asked for there. */
  readonly redirect?: Redirect;
  constructor(
    kind: GitErrorKind,
    message: string,
    { redirect, ...options }: ErrorOptions & { readonly redirect?: Redirect } = {},
  ) {
    super(message, options);
    this.kind = kind;
    if (redirect !== undefined) this.redirect = redirect;
  }
}

const NO_ACCESS =
  "repository not found or no access; check the url and the Secret named by secretRef";

const UNREACHABLE = "the server cannot be reached";

/** What Git's own words mean, first match wins. */
const MEANINGS: readonly (readonly [RegExp, GitErrorKind, string])[] = [
  [
    /Host key verification failed|host key is known|REMOTE HOST IDENTIFICATION HAS CHANGED/i,
    "host_unknown",
    "the server's host key is not among the known hosts; compare it and add it to known_hosts in the Secret",
  ],
  [
    /Permission denied \(|Authentication failed|could not read Username|could not read Password/i,
    "no_access",
    NO_ACCESS,
  ],
  [
    /Repository not found|does not appear to be a git repository|project you were looking for could not be found/i,
    "not_found",
    NO_ACCESS,
  ],
  [
    /not our ref|unadvertised object|couldn't find remote ref|bad object/i,
    "no_ref",
    "the commit is not in the repository (anymore)",
  ],
  [
    /dumb http transport does not support/i,
    "not_git",
    "the server only hands out files (Git's dumb protocol); use one that speaks the smart protocol",
  ],
  [
    /SSL certificate|certificate verif|CAfile|unable to get local issuer|self.signed/i,
    "unreachable",
    "the server's certificate is not trusted; put its authority as ca.crt in the Secret named by secretRef",
  ],
  [
    /Could not resolve host|Failed to connect|Couldn't connect|Connection (?:refused|reset)/i,
    "unreachable",
    UNREACHABLE,
  ],
  [
    /timed out|Operation too slow|Network is unreachable|No route to host/i,
    "unreachable",
    UNREACHABLE,
  ],
  [/attempting to allocate/i, "too_large", "it takes too much memory"],
  [/early EOF|hung up unexpectedly|Empty reply|unexpected disconnect/i, "unreachable", UNREACHABLE],
  [/' not allowed/i, "failed", "the url leads to a transport that is not allowed"],
];

/** A command that failed. */
export interface FailedCommand {
  /** What was tried, e.g. `Cannot fetch https://host/path`. */
  readonly action: string;
  /** What Git wrote on standard error. */
  readonly stderr: string;
  /** Texts that must not appear. */
  readonly secrets?: readonly string[] | undefined;
  /** The address that was asked; absent for a command that talks to nobody. */
  readonly url?: string | undefined;
}

/** What a failed command means. */
export function gitErrorFrom({ action, secrets = [], stderr, url = "" }: FailedCommand): GitError {
  const answers = httpAnswers(stderr);
  const answered = answerError(action, answers.at(-1), url);
  if (answered !== undefined) return answered;
  const isHttp = /^https?:/i.test(url);
  const words = withoutSecrets(withoutNotes(stderr), secrets);
  const own = isHttp
    ? words.split("\n").filter((line) => !/^remote:/.test(line)).join("\n")
    : words;
  const meaning = MEANINGS.find(([pattern]) => pattern.test(own));
  const cause = new Error(lastLines(isHttp ? own.split("\n").map(ownWords).join("\n") : own));
  if (meaning === undefined) return new GitError("failed", action, { cause });
  return new GitError(meaning[1], `${action}: ${meaning[2]}`, { cause });
}

/** The error in an HTTP answer; undefined where it is that of a Git server. */
export function answerError(
  action: string,
  answer: HttpAnswer | undefined,
  url: string,
): GitError | undefined {
  if (answer === undefined || isGitAnswer(answer)) return undefined;
  const { contentType, location, status } = answer;
  const said = `the server answered ${answerText(answer)}`;
  if (status >= 300 && status < 400) {
    const redirect = location === undefined ? undefined : redirectOf(url, location);
    const to = redirect === undefined ? "" : ` to ${redirect.place}`;
    const message =
      `${action}: the server redirects${to}, which is not followed to another host; give the url that it leads to`;
    return new GitError("redirected", message, redirect === undefined ? {} : { redirect });
  }
  if (status === 401 || status === 403) return new GitError("no_access", `${action}: ${NO_ACCESS}`);
  if (status === 404 || status === 410) return new GitError("not_found", `${action}: ${NO_ACCESS}`);
  if (status === 429 || status >= 500) {
    return new GitError("unreachable", `${action}: the server cannot be reached: ${said}`);
  }
  const kind = contentType === "text/html"
    ? "which is a web page, perhaps one to log in"
    : status === 200
    ? "which is none of Git's smart protocol"
    : "which no Git server does";
  const message = `${action}: ${said}, ${kind}; check the url and the Secret named by secretRef`;
  return new GitError("not_git", message);
}

/** A text without these secrets, and without what looks like one. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const cleaned = secrets.filter((secret) => secret !== "")
    .reduce((left, secret) => left.replaceAll(secret, MASK), text);
  return redactedText(cleaned);
}

/** Where a line of Git goes on with what a server said. */
const FOREIGN: readonly string[] = ["remote error:", "got '", "character:", "unexpected:"];

/** A line up to where it repeats a server. */
function ownWords(line: string): string {
  const ends = FOREIGN.map((mark) => line.indexOf(mark)).filter((index) => index >= 0);
  return ends.length === 0 ? line : withoutEnd(line.slice(0, Math.min(...ends)), " \t\r\n:;");
}

const CAUSE_LENGTH_MAX = 400;

function lastLines(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) =>
    line.replace(/^(fatal|error|remote): /, "").trim()
  );
  const said = lines.filter((line) => line !== "").slice(-3).join("; ");
  return said.length > CAUSE_LENGTH_MAX ? `…${said.slice(-CAUSE_LENGTH_MAX)}` : said;
}
