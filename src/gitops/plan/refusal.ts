import { ANNOTATIONS, type MeshSync } from "#api";
import type { KubeObject } from "#base";
import { ApiError, type ErrorCause } from "#kube";
import { differences, isMeant } from "#plan";

/** A write that an API server refused, with what it was to change. */
export interface RefusedWrite {
  readonly wanted: KubeObject;
  readonly live: KubeObject | undefined;
}

/** How API servers, controllers' definitions and webhooks say that a field keeps the value that it was created with. */
const IMMUTABLE_WORDS: readonly string[] = [
  "immutable",
  "may not be changed",
  "may not change",
  "can not be changed",
  "can't be changed",
  "cannot be changed",
  "cannot be updated",
  "cannot change",
  "updates to ",
];

const WORDS_LENGTH_MAX = 200;
const SHOWN_MAX = 5;

/** Whether all that a server has against a write is that fields keep the values that they were created with. */
export function isImmutableRefusal(error: unknown, { live }: RefusedWrite): boolean {
  if (!(error instanceof ApiError) || live === undefined) return false;
  if (![400, 403, 422].includes(error.status)) return false;
  return error.causes.length === 0
    ? isImmutableText(error.text)
    : error.causes.every(isImmutableCause);
}

function isImmutableCause({ message = "" }: ErrorCause): boolean {
  return isImmutableText(message);
}

function isImmutableText(text: string): boolean {
  const lower = text.toLowerCase();
  return IMMUTABLE_WORDS.some((words) => lower.includes(words));
}

/**
 * What a server has against an object, in words that repeat no part of it: an API server quotes whole templates, with the
 * passwords in them, and says at their end what is wrong. Of fields that cannot be changed it is said what to do.
 */
export function refusalText(error: ApiError, write: RefusedWrite | undefined): string {
  if (error.causes.length === 0) return withoutQuotedValue(error.text);
  const isImmutable = write !== undefined && error.causes.some(isImmutableCause) &&
    write.live !== undefined;
  const causes = error.causes.map((cause) => causeText(cause, write));
  const rest = causes.length - SHOWN_MAX;
  const shown = causes.slice(0, SHOWN_MAX).join("; ") + (rest > 0 ? `; and ${rest} more` : "");
  if (isImmutable) return `${shown}; ${remedy()}`;
  return hasQuotedPart(error.causes) ? shown : error.text;
}

function remedy(): string {
  return `take the change back, give the object another name, or have it deleted and made anew: ` +
    `annotate it with ${ANNOTATIONS.replace}: "true", or name its kind in spec.replace of the MeshSync`;
}

function causeText(cause: ErrorCause, write: RefusedWrite | undefined): string {
  const { field = "", message = "" } = cause;
  const words = withoutValue(message);
  const text = field === "" ? words : `${field}: ${words}`;
  if (write?.live === undefined || !isImmutableCause(cause)) return text;
  const paths = changedPaths(field, message, { ...write, live: write.live });
  return paths.length === 0 ? text : `${text} (Git changes ${paths.join(", ")})`;
}

/** Which parts of a field Git changes; names only. */
function changedPaths(
  field: string,
  message: string,
  { live, wanted }: { readonly live: KubeObject; readonly wanted: KubeObject },
): string[] {
  // "updates to statefulset spec for fields other than 'replicas', …": these may be changed.
  const free = message.includes("other than")
    ? message.split("'").filter((_, index) => index % 2 === 1).map((name) => `${field}.${name}`)
    : [];
  const isBelow = (path: string, of: string) =>
    path === of || path.startsWith(`${of}.`) ||
    path.startsWith(`${of}[`);
  return differences(live, wanted)
    .filter((path) => path !== field && field !== "" && isBelow(path, field))
    .filter((path) => !free.some((name) => isBelow(path, name)))
    .slice(0, SHOWN_MAX);
}

function hasQuotedPart(causes: readonly ErrorCause[]): boolean {
  return causes.some(({ message = "" }) => withoutValue(message) !== message);
}

/** Words that a server puts before a value, which may be a whole part of an object. */
const VALUE_LABELS: readonly string[] = ["Invalid value: ", "Unsupported value: "];
const DUPLICATE = "Duplicate value: ";

/**
 * What is wrong, without the value that a server quotes before it, where that is more than one word.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withoutValue } from "./refusal.ts";
 * assertEquals(withoutValue('Invalid value: core.PodTemplateSpec{Env:{"pw"}}: field is immutable'), "field is immutable");
 * assertEquals(withoutValue('Invalid value: "a b": must be one word'), 'Invalid value: "a b": must be one word');
 * assertEquals(withoutValue("Forbidden: spec is immutable\n diff of it"), "Forbidden: spec is immutable");
 * ```
 */
export function withoutValue(message: string): string {
  const label = [...VALUE_LABELS, DUPLICATE].find((words) => message.startsWith(words));
  const [line = ""] = message.split("\n");
  const isPart = label !== undefined && /[{[(\n]/.test(message.slice(label.length));
  if (!isPart) return shortened(line);
  if (label === DUPLICATE) return "is given twice";
  // The value ends where the last bracket closes; then the server says what is wrong with it.
  const end = Math.max(...["}: ", "]: ", "): "].map((bracket) => message.lastIndexOf(bracket)));
  const [words = ""] = message.slice(end + 3).split("\n");
  return end < 0 ? "is not accepted" : shortened(words);
}

function shortened(words: string): string {
  return words.length > WORDS_LENGTH_MAX ? `${words.slice(0, WORDS_LENGTH_MAX)}…` : words;
}

/** Words about a value of another type than the field has, without the value. */
function withoutQuotedValue(text: string): string {
  const at = text.indexOf(", got &value.");
  return at < 0 ? text : text.slice(0, at);
}

/** Whether the author of the sync or of the object said that it may be deleted and made anew. */
export function isReplaceable(object: KubeObject, sync: MeshSync): boolean {
  return object.metadata.annotations?.[ANNOTATIONS.replace] === "true" ||
    (sync.spec.replace ?? []).some((rule) => isMeant(object, rule));
}
