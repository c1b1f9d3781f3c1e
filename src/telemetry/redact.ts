import { MASK, redactedText } from "#base";

/** Member names whose values are never written out. Names of references (`secretRef`, `secretName`) are harmless. */
const SECRET_NAMES = [
  ...["password", "passwd", "passphrase", "token", "credential", "authorization", "apikey"],
  ...["api_key", "privatekey", "private_key", "secretkey", "secret_key", "clientsecret"],
  "client_secret",
];

function isSecretName(name: string): boolean {
  const lower = name.toLowerCase();
  const single = lower.endsWith("s") ? lower.slice(0, -1) : lower;
  return lower === "secret" ||
    SECRET_NAMES.some((secret) => lower.endsWith(secret) || single.endsWith(secret));
}

/** How deep a fact is looked into before it is cut off: facts are small values, not trees. */
const DEPTH_MAX = 6;

/**
 * A value for a log line: texts redacted, members with secret names masked, errors as their text, bytes and functions
 * left out, cycles and great depth cut off.
 */
export function redactedValue(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactedText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) {
    return typeof value === "function" || typeof value === "symbol" ? undefined : value;
  }
  if (depth >= DEPTH_MAX) return "…";
  if (value instanceof Error) return redactedText(chainText(value));
  if (Array.isArray(value)) return value.map((item) => redactedValue(item, depth + 1));
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      isSecretName(name) && member !== undefined && member !== null
        ? MASK
        : redactedValue(member, depth + 1),
    ]),
  );
}

/** The text of an error and its causes, at most eight of them: a cycle of causes ends too. */
function chainText(error: Error): string {
  const texts: string[] = [];
  for (let at: unknown = error; at !== undefined && texts.length < 8;) {
    texts.push(at instanceof Error ? at.message || at.name : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return texts.join(": ");
}
