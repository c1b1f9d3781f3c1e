import { idText, isPlainObject, type ObjectKey } from "#base";
import { isSecretRead, secretReadText } from "./secret_words.ts";

/** What was asked when an error came back: the first words of its message. */
export interface Ask {
  /** get, list, watch, create, apply, patch, delete, … */
  readonly verb: string;
  readonly kind: string;
  /** The part of the object that is meant, e.g. `status`; the whole when left out. */
  readonly subresource?: string | undefined;
  /** Left out where all objects of a kind are meant. */
  readonly key?: ObjectKey | undefined;
}

/** One field that an API server refuses. */
export interface ErrorCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** What an `ApiError` is made of. */
export interface ApiErrorOptions extends ErrorOptions {
  readonly ask: Ask;
  /** HTTP status. */
  readonly status: number;
  /** The `reason` of the Kubernetes Status; made from the HTTP status when the answer held none. */
  readonly reason: string;
  /** The words of the server. */
  readonly text: string;
  readonly causes?: readonly ErrorCause[];
  /** Kind of the object that the server complains about (`details.kind`), e.g. `namespaces`. */
  readonly aboutKind?: string | undefined;
  readonly aboutName?: string | undefined;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs?: number | undefined;
}

/** An API server answered, and the answer was no. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly ask: Ask;
  readonly status: number;
  readonly reason: string;
  /** The words of the server alone. */
  readonly text: string;
  readonly causes: readonly ErrorCause[];
  readonly aboutKind: string | undefined;
  readonly aboutName: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(options: ApiErrorOptions) {
    super(
      `Cannot ${askText(options.ask)}: ${options.text} (${options.status} ${options.reason})`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.ask = options.ask;
    this.status = options.status;
    this.reason = options.reason;
    this.text = options.text;
    this.causes = options.causes ?? [];
    this.aboutKind = options.aboutKind;
    this.aboutName = options.aboutName;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** An API server did not answer: no connection, a broken one, or none within the deadline. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  readonly ask: Ask;
  /** Whether it was our own deadline that ended the wait. */
  readonly timedOut: boolean;

  constructor(
    ask: Ask,
    state: string,
    options: ErrorOptions & { readonly timedOut?: boolean } = {},
  ) {
    super(`Cannot ${askText(ask)}: ${state}`, options);
    this.ask = ask;
    this.timedOut = options.timedOut === true;
  }
}

/** The object, or what should hold it (its namespace, its kind), is not there: 404. */
export function isNotFound(error: unknown): boolean {
  return isStatus(error, 404);
}

/** The kind is not served, as before its definition is installed: 404 without a word about an object. */
export function isKindMissing(error: unknown): boolean {
  return isStatus(error, 404) &&
    (error.reason === "KindNotServed" || error.aboutName === undefined);
}

/** The object, or the namespace that should hold it, is not there; not that its kind is not served for now. */
export function isObjectMissing(error: unknown): boolean {
  return isNotFound(error) && !isKindMissing(error);
}

/** The namespace that should hold the object is not there. */
export function isNamespaceMissing(error: unknown): boolean {
  return isStatus(error, 404) && error.aboutKind === "namespaces";
}

/** Somebody else was faster, or owns a field: 409 that is not AlreadyExists. */
export function isConflict(error: unknown): boolean {
  return isStatus(error, 409) && error.reason !== "AlreadyExists";
}

/** The object to be created is there already. */
export function isAlreadyExists(error: unknown): boolean {
  return isStatus(error, 409) && error.reason === "AlreadyExists";
}

/** The namespace is being deleted and takes nothing new. */
export function isNamespaceTerminating(error: unknown): boolean {
  return isStatus(error, 403) &&
    error.causes.some((cause) => cause.reason === "NamespaceTerminating");
}

/**
 * What has become of the namespace that should hold an object, in words; undefined where that is not why a server refuses.
 * A cache may show what is in a namespace for a while after all of it is gone.
 */
export function namespaceEnd(error: unknown): "is being deleted" | "is gone" | undefined {
  if (isNamespaceTerminating(error)) return "is being deleted";
  return isNamespaceMissing(error) ? "is gone" : undefined;
}

/** The resource version or page token is too old: list again. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError &&
    (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}

/** Not allowed. */
export function isForbidden(error: unknown): boolean {
  return isStatus(error, 403);
}

/** Not known. */
export function isUnauthorized(error: unknown): boolean {
  return isStatus(error, 401);
}

/** How a server says that it cannot read what is applied. */
const UNREADABLE: readonly string[] = [
  "failed to create typed patch object",
  "failed to convert new object",
];

/**
 * The server refuses the content: a person has to change it. A server-side apply of a field that a built-in kind does
 * not have, or of another type, is answered with 500, which only its words tell from a fault of the server.
 */
export function isInvalid(error: unknown): boolean {
  return isStatus(error, 422) || isStatus(error, 400) ||
    (isStatus(error, 500) && UNREADABLE.some((words) => error.text.includes(words)));
}

/**
 * A policy of the cluster refuses the object: an admission webhook or an admission policy. What they refuse today they
 * may take tomorrow, whatever the code of the answer (a webhook that gives none is answered with 400).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { apiErrorFrom, isPolicyRefusal } from "#kube";
 * const isPolicy = (status: number, message: string) =>
 *   isPolicyRefusal(apiErrorFrom({ status, body: { message } }, { verb: "apply", kind: "StatefulSet" }));
 * assertEquals(isPolicy(400, 'admission webhook "a.example.com" denied the request: no'), true);
 * assertEquals(isPolicy(422, "statefulsets \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied " +
 *   "request: no"), true);
 * assertEquals(isPolicy(422, 'StatefulSet.apps "a" is invalid: spec.replicas: must not be negative'), false);
 * ```
 */
export function isPolicyRefusal(error: unknown): boolean {
  return error instanceof ApiError &&
    (/^admission webhook "/.test(error.text) || error.text.includes(" denied request: "));
}

/**
 * The error that an answer means.
 *
 * @param body the parsed answer, or its text where it was no JSON
 */
export function apiErrorFrom(
  answer: {
    readonly status: number;
    readonly body: unknown;
    readonly retryAfterMs?: number | undefined;
  },
  ask: Ask,
): ApiError {
  const body = isPlainObject(answer.body) ? answer.body : {};
  const details = isPlainObject(body["details"]) ? body["details"] : {};
  const text = textOf(body["message"]) ?? textOf(answer.body)?.trim().slice(0, 300);
  const words = text === undefined || text === "" ? "no reason given" : text;
  const isRead = isSecretRead(ask);
  const retryAfterSeconds = details["retryAfterSeconds"];
  return new ApiError({
    ask,
    status: typeof body["code"] === "number" ? body["code"] : answer.status,
    reason: textOf(body["reason"]) ?? reasonOf(answer.status),
    text: isRead ? secretReadText(words, ask.key) : words,
    causes: isRead ? [] : causesOf(details["causes"]),
    aboutKind: textOf(details["kind"]),
    aboutName: textOf(details["name"]),
    retryAfterMs: answer.retryAfterMs ??
      (typeof retryAfterSeconds === "number" ? retryAfterSeconds * 1000 : undefined),
  });
}

function askText(ask: Ask): string {
  const verb = ask.subresource === undefined ? ask.verb : `${ask.verb} ${ask.subresource} of`;
  return ask.key === undefined
    ? `${verb} ${ask.kind}`
    : `${verb} ${idText({ kind: ask.kind, ...ask.key })}`;
}

function isStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function causesOf(value: unknown): ErrorCause[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isPlainObject).map((cause) => {
    const [reason, message, field] = [cause["reason"], cause["message"], cause["field"]].map(
      textOf,
    );
    return {
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      ...(field === undefined ? {} : { field }),
    };
  });
}

/** Reasons for answers that are no Kubernetes Status, as a proxy in between gives them. */
function reasonOf(status: number): string {
  const reasons: Readonly<Record<number, string>> = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Gone",
    413: "RequestEntityTooLarge",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "Timeout",
  };
  return reasons[status] ?? "Unknown";
}
