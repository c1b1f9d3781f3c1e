import { armor, Decrypter } from "age-encryption";
import { isPlainObject, MANIFEST_BUDGETS } from "#base";
import { createDecipheriv, createHash } from "node:crypto";
import { type Document, isAlias, isMap, isScalar, isSeq, type Scalar } from "yaml";
import { nodeValue } from "./node_value.ts";
import { parsedDocuments, type ParsedFile, type YamlProblem } from "./decode.ts";
import type { ManifestFile } from "./manifest.ts";

/** The data key of an encrypted file, or why there is none. */
export type SopsKey = { readonly dataKey: Uint8Array } | { readonly message: string };

/** What a SOPS file says about itself. */
interface Metadata {
  readonly age: readonly { readonly recipient: string; readonly enc: string }[];
  readonly hasKeyGroups: boolean;
  readonly lastModified: string;
  readonly mac: string;
  readonly isMacOverAll: boolean;
}

/** Whether a file can be encrypted with SOPS: cheap, and surely true for one that is. */
export function isSopsText(text: string): boolean {
  for (let at = text.indexOf("sops"); at >= 0; at = text.indexOf("sops", at + 1)) {
    const start = text[at - 1] === '"' ? at - 1 : at;
    const end = at + (text[at + 4] === '"' ? 5 : 4);
    if ((start === 0 || /[\s{,]/.test(text.charAt(start - 1))) && isColonNext(text, end)) {
      return true;
    }
  }
  return false;
}

function isColonNext(text: string, start: number): boolean {
  let at = start;
  while (/\s/.test(text.charAt(at))) at++;
  return text[at] === ":";
}

/** The age identities in texts, wherever they stand: `age-keygen` writes comments around them. */
export function ageIdentities(texts: readonly string[]): string[] {
  const found = texts.flatMap((text) => text.match(/AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+/g) ?? []);
  return [...new Set(found)].sort();
}

/**
 * The data key of an encrypted file, opened with the first identity that fits one of its recipients; undefined for a
 * file that is not encrypted.
 */
export async function sopsKey(
  text: string,
  identities: readonly string[],
): Promise<SopsKey | undefined> {
  const metadata = metadataOf(parsedDocuments(text).documents);
  if (metadata === undefined) return undefined;
  const keys = metadata.age;
  if (metadata.hasKeyGroups) {
    return { message: "is encrypted by SOPS for groups of keys; encrypt it for age keys alone" };
  }
  if (keys.length === 0) {
    return { message: "is encrypted by SOPS for no age key, and only those are known here" };
  }
  const decrypter = new Decrypter();
  for (const identity of identities) {
    if (!added(decrypter, identity)) {
      return { message: "cannot be decrypted: an age identity in the Secret is not valid" };
    }
  }
  for (const { enc } of keys) {
    const dataKey = await opened(decrypter, enc);
    if (dataKey !== undefined) return { dataKey };
  }
  const recipients = keys.map((key) => key.recipient).sort().join(", ");
  return {
    message:
      `is encrypted for ${recipients}; the Secret of spec.decryption holds none of their keys`,
  };
}

function added(decrypter: Decrypter, identity: string): boolean {
  try {
    decrypter.addIdentity(identity);
    return true;
  } catch {
    // Its message could repeat the key.
    return false;
  }
}

async function opened(decrypter: Decrypter, armored: string): Promise<Uint8Array | undefined> {
  try {
    return await decrypter.decrypt(armor.decode(armored.trim()));
  } catch {
    // Meant for somebody else, or damaged: the caller says for whom.
    return undefined;
  }
}

/**
 * Decrypts the values of a file in place and removes what SOPS wrote about itself.
 *
 * # Guarantees
 * Every value is authenticated with its place, and all of them together by the file's MAC: a value that was moved, changed,
 * added or left out is a problem.
 *
 * @returns problems, the values that were decrypted, and their texts, which no message may repeat
 */
export function decryptFile(
  file: ParsedFile,
  dataKey: Uint8Array,
): {
  readonly problems: YamlProblem[];
  readonly sealed: ReadonlySet<Scalar>;
  readonly secrets: readonly string[];
} {
  const metadata = metadataOf(file.documents);
  const walk = new Walk(file, { dataKey, isMacOverAll: metadata?.isMacOverAll ?? true });
  for (const document of file.documents) {
    if (isMap(document.contents)) document.delete("sops");
    walk.value(document.contents, []);
  }
  const { problems, sealed, secrets } = walk;
  const mac = decrypted(metadata?.mac ?? "", { dataKey, place: metadata?.lastModified ?? "" });
  if (problems.length === 0 && mac?.text !== walk.mac()) {
    const message = "was changed after SOPS encrypted it: its MAC does not fit; encrypt it again";
    problems.push({ line: 1, message });
  }
  return { problems, sealed, secrets };
}

/** First 32 bytes when only what is encrypted counts, so that the two kinds of MAC always differ: SHA-256 of `sops`. */
const ONLY_ENCRYPTED = createHash("sha256").update("sops").digest();

/** One way through all values of a file, in its order. */
class Walk {
  readonly problems: YamlProblem[] = [];
  readonly sealed = new Set<Scalar>();
  readonly secrets: string[] = [];
  readonly #file: ParsedFile;
  readonly #options: { readonly dataKey: Uint8Array; readonly isMacOverAll: boolean };
  readonly #hash = createHash("sha512");

  constructor(
    file: ParsedFile,
    options: { readonly dataKey: Uint8Array; readonly isMacOverAll: boolean },
  ) {
    this.#file = file;
    this.#options = options;
    if (!options.isMacOverAll) this.#hash.update(ONLY_ENCRYPTED);
  }

  mac(): string {
    return this.#hash.digest("hex").toUpperCase();
  }

  value(node: unknown, path: readonly string[]): void {
    if (isMap(node)) {
      for (const pair of node.items) {
        const key = isScalar(pair.key) ? String(pair.key.value) : "";
        this.value(pair.value, [...path, key]);
      }
    } else if (isSeq(node)) {
      for (const item of node.items) this.value(item, path);
    } else if (isAlias(node)) {
      const line = this.#file.lineAt(node.range?.[0] ?? 0);
      this.problems.push({
        line,
        message: "is an alias, which SOPS never writes; encrypt it again",
      });
    } else if (isScalar(node)) this.#scalar(node, path);
  }

  #scalar(node: Scalar, path: readonly string[]): void {
    const isEncrypted = typeof node.value === "string" && node.value.startsWith("ENC[");
    if (!isEncrypted) {
      const text = macText(node);
      if (this.#options.isMacOverAll && text !== undefined) this.#hash.update(text);
      return;
    }
    const place = `${path.join(":")}:`;
    const found = decrypted(String(node.value), { dataKey: this.#options.dataKey, place });
    if (found === undefined) {
      const line = this.#file.lineAt(node.range?.[0] ?? 0);
      const message = `cannot be decrypted: ${path.join(".")} was changed or moved`;
      this.problems.push({ line, message });
      return;
    }
    this.#hash.update(found.text);
    this.sealed.add(node);
    this.secrets.push(found.text);
    node.value = found.value;
    node.source = found.text;
    node.type = "QUOTE_DOUBLE";
  }
}

const ENCRYPTED =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]*),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:(\w+)\]$/;

/** One value; undefined when it is not what was encrypted at this place. */
function decrypted(
  text: string,
  { dataKey, place }: { readonly dataKey: Uint8Array; readonly place: string },
): { readonly text: string; readonly value: string | number | boolean } | undefined {
  const [whole, data = "", iv = "", tag = "", type = ""] = ENCRYPTED.exec(text) ?? [];
  if (whole === undefined) return undefined;
  try {
    const cipher = createDecipheriv("aes-256-gcm", dataKey, Uint8Array.fromBase64(iv), {
      authTagLength: 16,
    });
    cipher.setAAD(new TextEncoder().encode(place));
    cipher.setAuthTag(Uint8Array.fromBase64(tag));
    const head = cipher.update(Uint8Array.fromBase64(data));
    const plain = new TextDecoder().decode(new Uint8Array([...head, ...cipher.final()]));
    return { text: plain, value: typed(plain, type) };
  } catch {
    // Whatever is wrong with it, the answer is the same; the words of the library say no more.
    return undefined;
  }
}

function typed(text: string, type: string): string | number | boolean {
  switch (type) {
    case "int":
    case "float":
      return Number(text);
    case "bool":
      return text.toLowerCase() === "true";
    default:
      return text;
  }
}

function metadataOf(documents: readonly Document.Parsed[]): Metadata | undefined {
  for (const document of documents) {
    const found = isMap(document.contents) ? document.contents.get("sops") : undefined;
    const read = isMap(found) ? nodeValue(found) : undefined;
    if (read !== undefined && "value" in read && isPlainObject(read.value)) {
      return metadataFrom(read.value);
    }
  }
  return undefined;
}

/** Anybody may have written it: what is of another type than SOPS writes counts as not there. */
function metadataFrom(value: Readonly<Record<string, unknown>>): Metadata {
  const text = (member: unknown) => typeof member === "string" ? member : "";
  const { age, key_groups, lastmodified, mac, mac_only_encrypted } = value;
  return {
    age: (Array.isArray(age) ? age.filter(isPlainObject) : []).map(({ enc, recipient }) => ({
      enc: text(enc),
      recipient: text(recipient),
    })),
    hasKeyGroups: key_groups !== undefined,
    lastModified: text(lastmodified),
    mac: text(mac),
    isMacOverAll: mac_only_encrypted !== true,
  };
}

const NOTHING = /^(?:|~|null|Null|NULL)$/;
const TRUE = /^(?:true|True|TRUE)$/;
const FALSE = /^(?:false|False|FALSE)$/;
const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

/**
 * A readable value as SOPS counts it for a MAC; undefined for null, which does not count. SOPS reads YAML 1.2 as Go's
 * yaml.v3 does, and writes values back in one way each, whatever they look like in the file.
 */
export function macText(node: Scalar): string | undefined {
  if (node.type !== "PLAIN") return node.value === null ? undefined : String(node.value);
  const source = node.source ?? String(node.value ?? "");
  if (NOTHING.test(source)) return undefined;
  if (TRUE.test(source)) return "True";
  if (FALSE.test(source)) return "False";
  if (DATE.test(source)) return `${source}T00:00:00Z`;
  const digits = source.replaceAll("_", "");
  if (INTEGER.test(digits)) return integerText(digits);
  return FLOAT.test(digits) ? floatText(Number(digits)) : source;
}

function integerText(digits: string): string {
  const sign = /^[-+]/.exec(digits)?.[0] ?? "";
  const body = digits.slice(sign.length);
  // A leading zero alone means octal, as it did in YAML 1.1.
  const value = BigInt(/^0[0-7]+$/.test(body) ? `0o${body.slice(1)}` : body.toLowerCase());
  return String(sign === "-" ? -value : value);
}

/** Without an exponent, with as many digits as are needed. */
function floatText(value: number): string {
  const text = String(value);
  const [, sign = "", whole = "", rest = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?e([-+]\d+)$/.exec(text) ?? [];
  if (whole === "") return text;
  const shift = Number(exponent);
  const digits = whole + rest;
  if (shift < 0) return `${sign}0.${"0".repeat(-shift - 1)}${digits}`;
  return `${sign}${digits.padEnd(shift + 1, "0")}`;
}

/** The data keys of encrypted files; none where no key is named, so that such files are refused. */
export async function sopsKeys(
  files: readonly ManifestFile[],
  identities: readonly string[] | undefined,
  onStep: ((file: string) => void) | undefined,
): Promise<Map<string, SopsKey>> {
  const keys = new Map<string, SopsKey>();
  if (identities === undefined) return keys;
  const { fileBytes } = MANIFEST_BUDGETS;
  const mayBe = files.filter(({ text }) => text.length <= fileBytes && isSopsText(text));
  for (const { path, text } of mayBe) {
    onStep?.(path);
    const key = await sopsKey(text, identities);
    if (key !== undefined) keys.set(path, key);
  }
  return keys;
}
