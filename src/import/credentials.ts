import { isPlainObject, redactedText } from "#base";

/** Ends of names whose values are credentials, in small letters without what stands between words. */
const SECRET_ENDS = [
  ...["token", "tokens", "accesskey", "accesskeyid", "accountkey", "apikey", "sharedkey", "pwd"],
  ...["secretkey", "privatekey", "signingkey", "encryptionkey", "authorization", "jaasconfig"],
  ...["keytab", "connectionstring", "authparams", "authenticationparameters", "passcode", "auth"],
];
/** Parts of such names. */
const SECRET_PARTS = ["password", "passwd", "passphrase", "secret", "credential"];
/** Ends of names of what only stands near a credential. */
const HARMLESS_ENDS = [
  ...["file", "path", "location", "class", "classname", "enabled", "ms", "seconds", "timeout"],
  ...["ttl", "name", "ref", "type", "url", "length"],
];
/** Words before `=` or `:` in a text, after which a credential stands. */
const SECRET_WORDS = [
  ...["password", "passwd", "passphrase", "pwd", "secret", "accountkey", "accesskey"],
  ...["accesskeyid", "token", "apikey", "api_key"],
];
/** Longest stretch around `=` or `:` that is looked at. */
const STRETCH = 24;

/** Whether a member's name says that its value is a credential. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (HARMLESS_ENDS.some((end) => plain.endsWith(end))) return false;
  return SECRET_ENDS.some((end) => plain.endsWith(end)) ||
    SECRET_PARTS.some((part) => plain.includes(part));
}

/** Whether a text holds what looks like a credential. */
export function isSecretText(text: string): boolean {
  return redactedText(text) !== text || assignsSecret(text.toLowerCase()) || holdsKey(text);
}

/** Whether a text, in small letters, says `password=…`, `"token": "…"` or the like. */
function assignsSecret(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "=" && text[at] !== ":") continue;
    const before = withoutQuote(text.slice(Math.max(0, at - STRETCH), at).trimEnd());
    if (!SECRET_WORDS.some((word) => before.endsWith(word))) continue;
    const value = text.slice(at + 1, at + 1 + STRETCH).trimStart();
    if (value !== "" && value !== '"' && value !== "'") return true;
  }
  return false;
}

function withoutQuote(text: string): string {
  return text.endsWith('"') || text.endsWith("'") ? text.slice(0, -1) : text;
}

/** Whether a text holds a private key, or one that Amazon, GitHub or Slack gave out. */
function holdsKey(text: string): boolean {
  if (text.includes("-----BEGIN ") && text.includes("PRIVATE KEY-----")) return true;
  const isAmazons = (word: string) => /^(?:AKIA|ASIA)[0-9A-Z]{16}$/.test(word);
  const isOthers = (word: string) =>
    /^(?:gh[opsu]_[A-Za-z0-9]{20}|xox[abp]-[0-9A-Za-z])/.test(word);
  return text.split(/[^A-Za-z0-9]/).some(isAmazons) || text.split(/[^\w-]/).some(isOthers);
}

/** A value without what looks like a credential, and where that was. */
export interface WithoutCredentials {
  readonly value: unknown;
  /** Members that were taken out, by their names from the outside in. */
  readonly taken: readonly (readonly string[])[];
}

/**
 * Takes out of a JSON value every member that looks like a credential, by its name or by what it holds. Items of lists are
 * taken out as a whole list, so that no other item moves.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withoutCredentials } from "./credentials.ts";
 * const { taken, value } = withoutCredentials({ user: "a", db: { password: "b" }, url: "jdbc:x://u:p@h/" });
 * assertEquals([value, taken], [{ user: "a", db: {} }, [["db", "password"], ["url"]]]);
 * ```
 */
export function withoutCredentials(value: unknown): WithoutCredentials {
  if (!isPlainObject(value)) return { value, taken: [] };
  const taken: (readonly string[])[] = [];
  const kept: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    if (isCredential(name, member)) {
      taken.push([name]);
      continue;
    }
    const below = withoutCredentials(member);
    taken.push(...below.taken.map((path) => [name, ...path]));
    kept.push([name, below.value]);
  }
  return { value: Object.fromEntries(kept), taken };
}

function isCredential(name: string, value: unknown): boolean {
  if (value === null || value === undefined || value === "" || typeof value === "boolean") {
    return false;
  }
  return isSecretName(name) || isSecretText(name) || holdsSecret(value);
}

/** Of a map only what is in none of its own members: those are looked at one by one. */
function holdsSecret(value: unknown): boolean {
  if (typeof value === "string") return isSecretText(value);
  if (!Array.isArray(value)) return false;
  return value.some((item) => holdsSecret(item) || withoutCredentials(item).taken.length > 0);
}
