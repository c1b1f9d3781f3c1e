/** What an HTTP server answered: the head only, never what it said. */
export interface HttpAnswer {
  /** Path and query that were asked for. */
  readonly path: string;
  readonly status: number;
  /** E.g. `text/html`; empty when the server named none. */
  readonly contentType: string;
  /** Where it redirects to, as it wrote it. */
  readonly location?: string;
}

/** Variables that have git note the heads of what it sends and gets, credentials left out. */
export const TRACE_ENV: Readonly<Record<string, string>> = {
  GIT_TRACE_CURL: "1",
  GIT_TRACE_CURL_NO_DATA: "1",
  GIT_TRACE_REDACT: "1",
};

const NOTE = /^\d\d:\d\d:\d\d\.\d+ [\w.-]+:\d+ +/;
const SENT = "=> Send header: ";
const GOT = "<= Recv header: ";
const REQUEST = /^([A-Z]+) (\S+) HTTP\//;

/** The answers of HTTP servers, in order, from what git wrote on standard error. */
export function httpAnswers(stderr: string): HttpAnswer[] {
  const answers: HttpAnswer[] = [];
  let path = "";
  for (const line of stderr.split("\n")) {
    const [head = ""] = NOTE.exec(line) ?? [];
    const note = head === "" ? "" : line.slice(head.length);
    const [, method, target = ""] = note.startsWith(SENT)
      ? REQUEST.exec(note.slice(SENT.length)) ?? []
      : [];
    // What a proxy says of its tunnel is no answer of the server.
    if (method !== undefined) path = method === "CONNECT" ? "" : target;
    if (!note.startsWith(GOT)) continue;
    const field = note.slice(GOT.length).trim();
    const status = /^HTTP\/[\d.]+ (\d{3})/.exec(field)?.[1];
    if (status !== undefined) answers.push({ path, status: Number(status), contentType: "" });
    const last = answers.at(-1);
    const colon = field.indexOf(":");
    if (last === undefined || status !== undefined || colon < 0) continue;
    const value = field.slice(colon + 1).trim();
    const name = field.slice(0, colon).toLowerCase();
    if (name === "content-type") {
      answers[answers.length - 1] = { ...last, contentType: type(value) };
    }
    if (name === "location") answers[answers.length - 1] = { ...last, location: value };
  }
  // What comes before the answer proper is none.
  return answers.filter((answer) => answer.status >= 200 && answer.path !== "");
}

/** What git wrote on standard error, without its notes of the transport. */
export function withoutNotes(stderr: string): string {
  return stderr.split("\n").filter((line) => !NOTE.test(line)).join("\n");
}

/** A media type without parameters; what is no media type is not repeated. */
function type(value: string): string {
  return /^[a-z]+\/[\w.+-]{1,64}/i.exec(value)?.[0].toLowerCase() ?? "unknown";
}

const SMART_TYPES: readonly string[] = [
  "application/x-git-upload-pack-advertisement",
  "application/x-git-upload-pack-result",
];

/** Whether an answer is that of a Git server which understood the question. */
export function isGitAnswer({ contentType, status }: HttpAnswer): boolean {
  return status === 200 && SMART_TYPES.includes(contentType);
}

/** An answer in words: its code and its kind. */
export function answerText({ contentType, status }: HttpAnswer): string {
  return contentType === "" ? String(status) : `${status} with ${contentType}`;
}

/** Where a question about a repository is to be asked instead. */
export interface Redirect {
  /** For messages: without a user name and a query. */
  readonly place: string;
  /** The address of the repository; absent where it may not be followed: another host, or no longer encrypted. */
  readonly url?: string;
}

const QUESTION = "/info/refs";

/**
 * Where a redirect leads, or undefined where it leads nowhere. It is followed on the same host, and from `http` to
 * `https`: credentials go to nobody else.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { redirectOf } from "./http_answer.ts";
 * const asked = "https://git.example/old/a.git";
 * assertEquals(redirectOf(asked, "/new/a.git/info/refs?service=git-upload-pack")?.url, "https://git.example/new/a.git");
 * assertEquals(redirectOf(asked, "https://evil.example/a.git/info/refs"), { place: "https://evil.example/a.git" });
 * ```
 */
export function redirectOf(asked: string, location: string): Redirect | undefined {
  const [from, to] = [URL.parse(asked), URL.parse(location, `${asked}${QUESTION}`)];
  if (from === null || to === null || !["http:", "https:"].includes(to.protocol)) return undefined;
  const isQuestion = to.pathname.endsWith(QUESTION);
  const path = isQuestion ? to.pathname.slice(0, -QUESTION.length) : to.pathname;
  const url = `${to.protocol}//${to.host}${path}`;
  const place = url.length > PLACE_LENGTH_MAX ? `${url.slice(0, PLACE_LENGTH_MAX)}…` : url;
  const isSame = from.protocol === to.protocol && from.host === to.host;
  const isUpgrade = from.protocol === "http:" && to.protocol === "https:" &&
    from.hostname === to.hostname;
  return isQuestion && (isSame || isUpgrade) ? { place, url } : { place };
}

const PLACE_LENGTH_MAX = 200;
