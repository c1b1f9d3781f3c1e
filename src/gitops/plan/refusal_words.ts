/**
 * What an API server has against a field, in words that repeat no value. Servers quote values in many spellings: quoted and
 * escaped, as numbers, as base64, as printed structs, within a sentence. So no value is looked for and taken out: only
 * sentences that are known to hold none are shown. Pure.
 *
 * @module
 */
import { customResourceDefinitions } from "#api";
import { isPlainObject } from "#base";
import { SENTENCES } from "./refusal_sentences.ts";

/** What is said where a server's words are not known. */
export const NOT_ACCEPTED = "is not accepted";

/** How Kubernetes begins the words about a field; what follows is a value only after some of them. */
const LABELS = {
  withValue: ["Invalid value", "Unsupported value", "Too many"],
  withoutValue: ["Required value", "Forbidden", "Too long", "Too few"],
  /** The value is all that they say. */
  onlyValue: [["Duplicate value", "is given twice"], ["Not found", "Not found"]],
} as const;

const SUPPORTED = ": supported values: ";
const SUFFIX_LENGTH_MAX = 500;

/**
 * The words about a field without any value; undefined where they are not known to hold none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { safeWords } from "./refusal_words.ts";
 * assertEquals(safeWords('Invalid value: "s3cret": must be no more than 63 bytes'), "must be no more than 63 bytes");
 * assertEquals(safeWords('Unsupported value: "s3cret": supported values: "A", "B"'), 'supported values: "A", "B"');
 * assertEquals(safeWords('Duplicate value: {"Name":"s3cret"}'), "is given twice");
 * assertEquals(safeWords('Invalid value: "x": s3cret is not what I like'), undefined);
 * ```
 */
export function safeWords(message: string): string | undefined {
  for (const [label, words] of LABELS.onlyValue) {
    if (message.startsWith(`${label}:`)) return words;
  }
  const bare = LABELS.withoutValue.find((label) =>
    message === label || message.startsWith(`${label}: `)
  );
  if (bare !== undefined) {
    const said = sentence(message.slice(bare.length + 2));
    return said === undefined ? (bare === "Required value" ? bare : undefined) : said;
  }
  const label = LABELS.withValue.find((one) => message.startsWith(`${one}: `));
  if (label === undefined) return sentence(message);
  const supported = supportedValues(message);
  if (supported !== undefined) return supported;
  const rest = message.slice(label.length + 2);
  const end = literalLength(rest);
  const isWhole = end > 0 && rest.startsWith(": ", end);
  if (isWhole) return wordsOf(rest.slice(end + 2));
  // Of a rule of a definition servers print no value.
  return ruleWords(rest) ?? safeEnd(rest);
}

/** What follows a value of which the end is certain: all of it is the server's, but it may repeat values. */
function wordsOf(detail: string): string | undefined {
  return sentence(detail) ?? schemaWords(detail) ?? ruleWords(detail);
}

/** What a rule of a definition says, where that is a constant. */
function ruleWords(detail: string): string | undefined {
  return detail.startsWith("failed rule: ") || ownMessages().has(detail) ? detail : undefined;
}

/** The longest end of a message that is a known sentence: where a value ends that is no literal nobody can tell. */
function safeEnd(rest: string): string | undefined {
  let at = rest.indexOf(": ", Math.max(0, rest.length - SUFFIX_LENGTH_MAX));
  for (; at >= 0; at = rest.indexOf(": ", at + 1)) {
    const said = sentence(rest.slice(at + 2));
    if (said !== undefined) return said;
  }
  return undefined;
}

/** A sentence of which only numbers are free, without its examples; undefined where it is not known. */
function sentence(text: string): string | undefined {
  const [line = ""] = text.split("\n");
  const [words = ""] = line.split(" (e.g. ");
  for (const one of new Set([line, words, words.replace(/,$/, "")])) {
    if (SENTENCES.exact.has(numberless(one))) return one;
  }
  const head = SENTENCES.heads.find(([start]) => line.startsWith(start));
  return head?.[1];
}

/** A text with `#` for each number. */
function numberless(text: string): string {
  return text.replace(/\d+/g, "#");
}

/** The end of a message that lists what is supported: constants of the server, or an enumeration of a schema. */
function supportedValues(message: string): string | undefined {
  const at = message.lastIndexOf(SUPPORTED);
  if (at < 0) return undefined;
  const list = message.slice(at + SUPPORTED.length);
  const isList = list.split(", ").every((one) => /^(?:"[\w./:+ -]*"|-?\d+)$/.test(one));
  return isList ? `supported values: ${list}` : undefined;
}

const TYPES = "array,boolean,integer,null,number,object,string".split(",");

/** What a schema demands of a value, without the path, which may hold keys of the object. */
function schemaWords(detail: string): string | undefined {
  const at = detail.lastIndexOf(" in body ");
  if (at < 0) return undefined;
  const words = detail.slice(at + " in body ".length);
  const said = sentence(words);
  if (said !== undefined) return said;
  if (words.startsWith("should match '") && words.endsWith("'")) return words;
  const [, type, value] = /^must be of type ([\w-]{1,30})(?:: "(\w*)")?/.exec(words) ?? [];
  if (type === undefined) return undefined;
  const isType = value !== undefined && TYPES.includes(value) && TYPES.includes(type);
  return `must be of type ${type}${isType ? `, but is ${value}` : ""}`;
}

/**
 * How long the value is with which a text begins, where its end is certain: a Go string in quotes, a number, a boolean, null,
 * or JSON; 0 where it is anything else.
 */
export function literalLength(text: string): number {
  const [first = ""] = text;
  if (first === '"') return stringLength(text, 0);
  if (first !== "{" && first !== "[") {
    return /^(?:-?\d[\d.e+]*|true|false|null)/.exec(text)?.[0].length ?? 0;
  }
  const length = bracketsLength(text);
  return isJson(text.slice(0, length)) ? length : 0;
}

function stringLength(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1 - start;
  }
  return 0;
}

function bracketsLength(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === '"') at += Math.max(0, stringLength(text, at) - 1);
    else if ("{[".includes(char)) depth++;
    else if ("}]".includes(char) && --depth === 0) return at + 1;
  }
  return 0;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

let known: ReadonlySet<string> | undefined;

/** What the rules of this program's own definitions say: they are constants. */
function ownMessages(): ReadonlySet<string> {
  known ??= new Set(customResourceDefinitions().flatMap(ruleMessages));
  return known;
}

function ruleMessages(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(ruleMessages);
  if (!isPlainObject(value)) return [];
  const { message, rule } = value;
  return typeof rule === "string" && typeof message === "string"
    ? [message]
    : Object.values(value).flatMap(ruleMessages);
}

/**
 * The path of a field, of which keys in brackets are shown only where they are indexes or plain words; undefined where it
 * may hold anything else.
 */
export function safePath(path: string): string | undefined {
  const isPlain = /^[\w.$/[\]-]{1,300}$/.test(path);
  if (isPlain) return path;
  const short = path.replace(/\[[^\][]{0,300}\]/g, "[…]");
  return /^[\w.$/[\]…-]{1,300}$/.test(short) ? short : undefined;
}

const PATCH_START = "failed to create typed patch object (";
const CONVERT_START = "failed to convert new object (";

/** What follows the first place of some words; nothing where they are not there. */
function after(text: string, words: string): string {
  const at = text.indexOf(words);
  return at < 0 ? "" : text.slice(at + words.length);
}

/** What a server has against an object as a whole, without any value; undefined where its words are not known. */
export function safeText(text: string): string | undefined {
  if (text.startsWith(PATCH_START)) return patchWords(text);
  if (text.startsWith(CONVERT_START)) return convertWords(text);
  const [, hook] =
    /^([\w.-]{1,200})" denied the request/.exec(after(text, 'admission webhook "')) ??
      [];
  if (hook !== undefined) return `admission webhook "${hook}" denied the request`;
  if (text.includes(" is forbidden: exceeded quota: ")) return "it exceeds a quota";
  if (text.includes(" is forbidden: failed quota: ")) return "a quota asks for more of it";
  const who = after(text, ' is forbidden: User "');
  return /^[\w.:@-]{1,200}" cannot \w{1,50} resource "/.test(who) ? text : undefined;
}

/** Words about the fields of an object that a server-side apply cannot read. */
function patchWords(text: string): string | undefined {
  const at = text.indexOf("): ");
  if (at < 0) return undefined;
  const lines = text.slice(at + 3).split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && line !== "errors:");
  const words = [...new Set(lines.flatMap((line) => fieldWords(line) ?? []))];
  return words.length === 0 ? undefined : words.slice(0, 5).join("; ");
}

function fieldWords(line: string): string | undefined {
  for (const said of ["field not declared in schema", "duplicate entries for key", "expected "]) {
    const at = line.lastIndexOf(`: ${said}`);
    if (at < 0) continue;
    const path = safePath(line.slice(0, at)) ?? "a field";
    const [, type] = /^: expected (numeric \(int or float\)|[a-z]{1,20})\b/.exec(line.slice(at)) ??
      [];
    if (said === "expected " && type === undefined) return undefined;
    return `${path}: ${type === undefined ? said : `expected ${type}`}`;
  }
  return undefined;
}

/** Words about values that do not fit the types of a kind. */
function convertWords(text: string): string | undefined {
  if (text.includes("illegal base64 data at input byte ")) return "a value is no base64";
  if (text.includes("quantities must match the regular expression ")) {
    return "a value is no quantity, such as 500m or 1Gi";
  }
  if (text.includes('parsing time "')) return "a value is no time, such as 2026-01-31T12:00:00Z";
  const [, field, type] =
    /^([\w.]{1,200}) of type ([\w.[\]*]{1,100})$/.exec(after(text, "into Go struct field ")) ?? [];
  return field === undefined ? undefined : `${field}: must be of type ${type}`;
}
