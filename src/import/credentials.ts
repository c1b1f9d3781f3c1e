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
const SECRET_TEXT =
  /(?:password|passwd|passphrase|pwd|secret|accountkey|accesskey|accesskeyid|token|api_?key)["']?[ \t]{0,4}[=:][ \t]{0,4}["']?[^\s"']/i;
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----/;
const ISSUED_KEY =
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[opsu]_[A-Za-z0-9]{20}|\bxox[abp]-[0-9A-Za-z]/;

/** Whether a member's name says that its value is a credential. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (HARMLESS_ENDS.some((end) => plain.endsWith(end))) return false;
  return SECRET_ENDS.some((end) => plain.endsWith(end)) ||
    SECRET_PARTS.some((part) => plain.includes(part));
}

/** Whether a text holds what looks like a credential. */
export function isSecretText(text: string): boolean {
  return redactedText(text) !== text || SECRET_TEXT.test(text) || PRIVATE_KEY.test(text) ||
    ISSUED_KEY.test(text);
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
