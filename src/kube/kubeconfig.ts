/**
 * Kubeconfigs as kubectl reads them: several files are one, the first that has an entry wins, and paths start where
 * their file is. What cannot be used is refused by file and field, and nothing of its text is repeated: any of it may
 * be a token.
 *
 * @module
 */
import { isPlainObject, StalledError } from "#base";
import { dirname, isAbsolute, join } from "node:path";
import { parseDocument } from "yaml";

/** Members of an entry, none of which anybody has looked at. */
export type Fields = Readonly<Record<string, unknown>>;

/** A cluster, user or context, and where it stands. */
export interface KubeconfigEntry {
  readonly fields: Fields;
  readonly file: string;
  /** `clusters[0].cluster` */
  readonly path: string;
}

type Entries = ReadonlyMap<string, KubeconfigEntry>;

/** Of all files together. */
export interface Kubeconfig {
  readonly clusters: Entries;
  readonly users: Entries;
  readonly contexts: Entries;
  readonly currentContext: string;
}

/** What one context means. */
export interface ContextParts {
  readonly context: string;
  readonly namespace: string;
  readonly cluster: KubeconfigEntry;
  /** Who asks; nobody in particular when left out. */
  readonly user?: KubeconfigEntry & { readonly name: string };
}

/** The text of one file. */
export interface KubeconfigText {
  readonly path: string;
  readonly text: string;
}

/**
 * Several files as one: of entries with one name, and of current contexts, the first counts.
 *
 * @throws {StalledError} where one of them is none
 */
export function mergedKubeconfig(files: readonly KubeconfigText[]): Kubeconfig {
  const all = files.map(kubeconfigOf);
  const merged = (member: "clusters" | "users" | "contexts"): Entries =>
    new Map(all.toReversed().flatMap((one) => [...one[member]]));
  return {
    clusters: merged("clusters"),
    users: merged("users"),
    contexts: merged("contexts"),
    currentContext: all.map((one) => one.currentContext).find((name) => name !== "") ?? "",
  };
}

function kubeconfigOf({ path, text }: KubeconfigText): Kubeconfig {
  const root = rootOf(path, text);
  const current = root["current-context"] ?? "";
  if (typeof current !== "string") throw notUsable(path, "current-context is not text");
  return {
    clusters: entriesOf(root["clusters"], { file: path, list: "clusters", member: "cluster" }),
    users: entriesOf(root["users"], { file: path, list: "users", member: "user" }),
    contexts: entriesOf(root["contexts"], { file: path, list: "contexts", member: "context" }),
    currentContext: current,
  };
}

const NO_KUBECONFIG =
  "it is not a kubeconfig, whose members clusters, contexts and users are lists of named entries";

function rootOf(path: string, text: string): Fields {
  // What a parser says quotes lines.
  const document = parseDocument(text, { prettyErrors: true });
  // A tag or a directive that nobody knows is only a warning to it.
  const [error] = [...document.errors, ...document.warnings];
  if (error?.code === "MULTIPLE_DOCS") throw notUsable(path, NO_KUBECONFIG);
  if (error !== undefined) {
    throw notUsable(path, `it is not valid YAML, line ${error.linePos?.[0].line ?? 1}`);
  }
  let root: unknown;
  try {
    root = document.toJS({ maxAliasCount: 100 });
  } catch {
    throw notUsable(path, "it is not valid YAML: an alias of it leads nowhere, or too far");
  }
  // An empty file says nothing, as kubectl has it.
  if (root === null || root === undefined) return {};
  if (!isPlainObject(root)) throw notUsable(path, NO_KUBECONFIG);
  return root;
}

function entriesOf(
  list: unknown,
  at: { readonly file: string; readonly list: string; readonly member: string },
): Entries {
  const { file, member } = at;
  const entries = new Map<string, KubeconfigEntry>();
  if (list === undefined || list === null) return entries;
  if (!Array.isArray(list)) throw notUsable(file, NO_KUBECONFIG);
  for (const [index, entry] of list.entries()) {
    const path = `${at.list}[${index}]`;
    const name: unknown = isPlainObject(entry) ? entry["name"] : undefined;
    if (typeof name !== "string" || name === "") throw notUsable(file, `${path}.name is missing`);
    if (entries.has(name)) {
      throw notUsable(file, `${path}.name is that of another of its ${at.list}`);
    }
    const fields: unknown = entry[member] ?? (member === "user" ? {} : undefined);
    if (!isPlainObject(fields)) throw notUsable(file, `${path}.${member} is missing`);
    entries.set(name, { fields, file, path: `${path}.${member}` });
  }
  return entries;
}

/**
 * What a context means; the current one when none is named.
 *
 * @throws {StalledError} where there is none, or it names what is not there
 */
export function contextParts(config: Kubeconfig, named: string | undefined): ContextParts {
  const context = named ?? config.currentContext;
  const known = [...config.contexts.keys()].sort().join(", ") || "none";
  if (context === "") {
    throw unusable(
      `Cannot use the kubeconfig: it has no current-context; name one with --context (it has ${known})`,
    );
  }
  const entry = config.contexts.get(context);
  if (entry === undefined) {
    throw unusable(`Cannot use context ${context}: the kubeconfig has ${known}`);
  }
  const entryOf = (member: "cluster" | "user", entries: Entries) => {
    const name = textField(entry, member);
    const found = name === undefined ? undefined : entries.get(name);
    if (found !== undefined) return { ...found, name: name ?? "" };
    if (name === undefined && member === "user") return undefined;
    const has = [...entries.keys()].sort().join(", ") || "none";
    const what = name === undefined ? "is missing" : `is ${name}`;
    throw unusable(
      `Cannot use context ${context}: ${entry.path}.${member} ${what}, the ${member}s of the kubeconfig are: ${has}`,
    );
  };
  const cluster = entryOf("cluster", config.clusters) as KubeconfigEntry;
  const user = entryOf("user", config.users);
  return {
    context,
    namespace: textField(entry, "namespace") ?? "default",
    cluster,
    ...(user === undefined ? {} : { user }),
  };
}

/** A text of an entry; undefined when it is empty or not there. @throws {StalledError} when it is no text */
export function textField(entry: KubeconfigEntry, name: string): string | undefined {
  const value = entry.fields[name] ?? "";
  if (typeof value !== "string") throw fieldError(entry, name, "write text, in quotes");
  return value === "" ? undefined : value;
}

/** A yes or no of an entry. @throws {StalledError} when it is neither */
export function flagField(entry: KubeconfigEntry, name: string): boolean {
  const value = entry.fields[name] ?? false;
  if (typeof value !== "boolean") throw fieldError(entry, name, "write true or false");
  return value;
}

/** A path of an entry, which starts where its file is. */
export function pathField(entry: KubeconfigEntry, name: string): string | undefined {
  const path = textField(entry, name);
  return path === undefined ? undefined : absolutePath(entry, path);
}

/** Where a path of a kubeconfig leads. */
export function absolutePath({ file }: KubeconfigEntry, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

/** What a file holds that a kubeconfig names. @throws {StalledError} with the message and the path when it cannot be read */
export async function fileText(
  path: string,
  { message }: { readonly message: string },
): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw unusable(`${message}, ${path}`, error);
  }
}

/** What base64 says that stands in place of a file. */
export function dataField(entry: KubeconfigEntry, name: string): string | undefined {
  const text = textField(entry, name);
  if (text === undefined) return undefined;
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)));
  } catch {
    throw fieldError(entry, name, "write base64 of a PEM file");
  }
}

/** A field that cannot be used, and what to do about it. */
export function fieldError(
  entry: KubeconfigEntry,
  name: string,
  remedy: string,
  cause?: unknown,
): StalledError {
  return notUsable(entry.file, `${entry.path}.${name}: ${remedy}`, cause);
}

function notUsable(path: string, flaw: string, cause?: unknown): StalledError {
  return unusable(`Cannot use kubeconfig ${path}: ${flaw}`, cause);
}

/** No server can be reached in this way. */
export function unusable(message: string, cause?: unknown): StalledError {
  return new StalledError("NoConnection", message, cause === undefined ? undefined : { cause });
}
