import { ANNOTATIONS, type MeshSync } from "#api";
import { isPlainObject, type KubeObject, withoutValues } from "#base";
import { ApiError, type ErrorCause } from "#kube";
import { differences, isMeant } from "#plan";
import { literalLength, NOT_ACCEPTED, safePath, safeText, safeWords } from "./refusal_words.ts";

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

/** What was refused, with what no message may repeat of it. */
export interface RefusedObject {
  readonly object: KubeObject;
  readonly secrets?: readonly string[];
}

/**
 * What a server has against an object, in words that repeat no value of it: an API server quotes whole templates, with the
 * passwords in them, and says at their end what is wrong. Of an object that holds secrets only words are shown that are known
 * to hold no value. Of fields that cannot be changed it is said what to do.
 */
export function refusalText(
  error: ApiError,
  write: RefusedWrite | undefined,
  refused: RefusedObject,
): string {
  const isSecret = holdsSecrets(refused);
  if (error.causes.length === 0) {
    const safe = safeText(error.text);
    if (isSecret) return safe ?? withheld(error);
    const end = error.text.indexOf(GOT);
    return end < 0 ? error.text : safe ?? error.text.slice(0, end);
  }
  const isImmutable = write !== undefined && error.causes.some(isImmutableCause) &&
    write.live !== undefined;
  const words = { isSecret, values: isSecret ? [] : valuesOf(refused.object) };
  const causes = [...new Set(error.causes.map((cause) => causeText(cause, write, words)))];
  const rest = causes.length - SHOWN_MAX;
  const shown = causes.slice(0, SHOWN_MAX).join("; ") + (rest > 0 ? `; and ${rest} more` : "");
  return isImmutable ? `${shown}; ${remedy(refused.object)}` : shown;
}

/** Where a server begins to print a value of another type than the field has. */
const GOT = ", got &value.";

function withheld({ reason, status }: ApiError): string {
  return `the API server does not accept it (${status} ${reason}); its words are left out, as they may repeat a ` +
    "secret value: ask it with kubectl apply --dry-run=server";
}

/** Whether an object holds values that nothing may repeat. */
function holdsSecrets({ object, secrets = [] }: RefusedObject): boolean {
  if (object.kind === "Secret") return true;
  const values = secrets.filter((value) => value !== "");
  if (values.length === 0) return false;
  const texts = [...valuesOf(object), ...keysOf(object)];
  return texts.some((text) => values.some((value) => text.includes(value)));
}

/** All texts and numbers in a value. */
function valuesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(valuesOf);
  if (isPlainObject(value)) return Object.values(value).flatMap(valuesOf);
  return typeof value === "string" || typeof value === "number" ? [String(value)] : [];
}

function keysOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  return isPlainObject(value)
    ? [...Object.keys(value), ...Object.values(value).flatMap(keysOf)]
    : [];
}

function remedy({ kind }: KubeObject): string {
  const holders: Readonly<Record<string, string>> = HELD_BY;
  const held = holders[kind];
  const asked = `annotate it with ${ANNOTATIONS.replace}: "true"`;
  return "take the change back, give the object another name, or have it deleted and made anew" +
    (held === undefined
      ? `: ${asked}, or name its kind in spec.replace of the MeshSync`
      : `, with ${held}: ${asked}`);
}

/** What goes where an object of a kind is deleted: such kinds cannot be named in `spec.replace`. */
const HELD_BY = {
  CustomResourceDefinition: "all objects of the kind that it defines, whoever made them",
  Namespace: "all that is in it, whoever made it",
};

/** How words about an object are shown. */
interface Words {
  /** Only those that are known to hold no value. */
  readonly isSecret: boolean;
  /** What is masked otherwise. */
  readonly values: readonly string[];
}

function causeText(
  cause: ErrorCause,
  write: RefusedWrite | undefined,
  { isSecret, values }: Words,
): string {
  const { message = "" } = cause;
  const field = cause.field === "<nil>" ? "" : cause.field ?? "";
  const words = safeWords(message) ??
    (isSecret ? NOT_ACCEPTED : withoutValues(withoutValue(message), values));
  const path = isSecret ? safePath(field) ?? "a field" : field;
  const text = field === "" ? words : `${path}: ${words}`;
  if (write?.live === undefined || !isImmutableCause(cause)) return text;
  const paths = changedPaths(field, message, { ...write, live: write.live })
    .flatMap((one) => isSecret ? safePath(one) ?? [] : one);
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

/** Words that a server puts before a value, which may be a whole part of an object. */
const VALUE_LABELS: readonly string[] = ["Invalid value: ", "Unsupported value: ", "Too many: "];

/**
 * What is wrong, without the value that a server prints before it, as far as can be told where that ends.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withoutValue } from "./refusal.ts";
 * assertEquals(withoutValue('Invalid value: core.X{Env:{"pw"}}: is odd'), "is odd");
 * assertEquals(withoutValue('Invalid value: "a \\": b": is odd'), "is odd");
 * assertEquals(withoutValue("Forbidden: is odd\n diff of it"), "Forbidden: is odd");
 * ```
 */
export function withoutValue(message: string): string {
  const label = VALUE_LABELS.find((words) => message.startsWith(words));
  if (label === undefined) return shortened(message.split("\n")[0] ?? "");
  const rest = message.slice(label.length);
  const length = literalLength(rest);
  if (length > 0) {
    return rest.startsWith(": ", length)
      ? shortened(rest.slice(length + 2).split("\n")[0] ?? "")
      : NOT_ACCEPTED;
  }
  // The value ends where the last bracket closes; then the server says what is wrong with it.
  const end = Math.max(...["}: ", "]: ", "): "].map((bracket) => rest.lastIndexOf(bracket)));
  if (end >= 0) return shortened(rest.slice(end + 3).split("\n")[0] ?? "");
  // What prints itself is a word; a webhook's own words may hold no value at all.
  const [word = "", ...words] = rest.split(": ");
  return shortened(
    (words.length === 0 || /\s/.test(word) ? rest : words.join(": ")).split("\n")[0] ?? "",
  );
}

function shortened(words: string): string {
  return words.length > WORDS_LENGTH_MAX ? `${words.slice(0, WORDS_LENGTH_MAX)}…` : words;
}

/** Whether the author of the sync or of the object said that it may be deleted and made anew. */
export function isReplaceable(object: KubeObject, sync: MeshSync): boolean {
  return object.metadata.annotations?.[ANNOTATIONS.replace] === "true" ||
    (sync.spec.replace ?? []).some((rule) => isMeant(object, rule));
}
