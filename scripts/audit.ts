/**
 * `deno task audit`: are vulnerabilities known of what deno.lock fixes? See `HELP`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { progressOnStderr } from "./control_plane/progress.ts";
import { exitWith } from "./exit.ts";
import { type Lock, lockedPackages } from "./release/locked_packages.ts";

const HELP = `Ask the npm registry which vulnerabilities are known of the packages in deno.lock.

Usage: deno task audit [--registry URL]

The registry is that of NPM_CONFIG_REGISTRY, or else https://registry.npmjs.org.
Exit codes: 0 none is known, 1 some are, 2 wrong usage, 3 the registry does not tell: nothing is known.
`;

const DEADLINE_MS = 60_000;
const ANSWER_CHARACTERS_MAX = 16 * 1024 * 1024;

/** What is known of one package. */
export interface Advisory {
  readonly name: string;
  readonly severity: string;
  readonly title: string;
  readonly versions: string;
  readonly url: string;
}

/** The registry does not tell what is known: neither that there is something, nor that there is nothing. */
export class NoAdvisoriesError extends Error {
  override readonly name = "NoAdvisoriesError";
}

/**
 * What the registry knows of the packages of a lock.
 *
 * @throws {NoAdvisoriesError}
 */
export async function knownAdvisories(lock: Lock, registry: string): Promise<Advisory[]> {
  const asked = new Map<string, string[]>();
  for (const { name, version } of lockedPackages(lock)) {
    asked.set(name, [...asked.get(name) ?? [], version]);
  }
  const url = new URL("-/npm/v1/security/advisories/bulk", `${registry.replace(/\/$/, "")}/`);
  const answer = await answerOf(url, JSON.stringify(Object.fromEntries(asked)));
  return Object.entries(answer).flatMap(([name, list]) => {
    if (!asked.has(name) || !Array.isArray(list)) {
      throw new NoAdvisoriesError(`${url.host} answers something else than advisories`);
    }
    return list.map((entry) => advisory(name, entry as Record<string, unknown>));
  });
}

async function answerOf(url: URL, body: string): Promise<Readonly<Record<string, unknown>>> {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const signal = AbortSignal.timeout(DEADLINE_MS);
  let text: string;
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal });
    text = await response.text();
    if (!response.ok) throw new NoAdvisoriesError(`${url.host} answers ${response.status}`);
  } catch (cause) {
    if (cause instanceof NoAdvisoriesError) throw cause;
    throw new NoAdvisoriesError(`${url.host} does not answer`, { cause });
  }
  const value = text.length > ANSWER_CHARACTERS_MAX ? undefined : jsonOf(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new NoAdvisoriesError(`${url.host} answers something else than advisories`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function advisory(name: string, entry: Record<string, unknown>): Advisory {
  const word = (member: string) => typeof entry[member] === "string" ? entry[member] : "unknown";
  return {
    name,
    severity: word("severity"),
    title: word("title"),
    versions: word("vulnerable_versions"),
    url: word("url"),
  };
}

/** What is known of this checkout's packages, in words, and whether any of it is a vulnerability. */
export interface AuditResult {
  readonly lines: readonly string[];
  readonly outcome: "none" | "some" | "unknown";
}

/** Asks a registry about a lock; that it does not tell is an outcome of its own. */
export async function audited(lock: Lock, registry: string): Promise<AuditResult> {
  try {
    const found = await knownAdvisories(lock, registry);
    const { length } = lockedPackages(lock);
    const lines = found.map(({ name, severity, title, versions, url }) =>
      `${severity}: ${name} ${versions}: ${title} (${url})`
    );
    const total = found.length === 0
      ? "no vulnerability is"
      : `vulnerabilities, ${found.length} of them, are`;
    return {
      lines: [...lines, `${total} known of ${length} packages`],
      outcome: found.length === 0 ? "none" : "some",
    };
  } catch (error) {
    if (!(error instanceof NoAdvisoriesError)) throw error;
    const line = `Cannot tell whether vulnerabilities are known: ${error.message}. Nothing was ` +
      "checked; deno task audit --registry URL asks another registry";
    return { lines: [line], outcome: "unknown" };
  }
}

/** The lock of this checkout. */
export async function ownLock(): Promise<Lock> {
  return JSON.parse(await Deno.readTextFile(new URL("../deno.lock", import.meta.url))) as Lock;
}

/** The registry that packages come from, unless somebody names another. */
export function configuredRegistry(): string {
  return Deno.env.get("NPM_CONFIG_REGISTRY") ?? "https://registry.npmjs.org";
}

const EXIT_CODES = { none: 0, some: 1, unknown: 3 } as const;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { registry: { type: "string" }, help: { type: "boolean" } },
    strict: false,
  });
  if (values["help"] === true) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  const { registry = configuredRegistry(), ...others } = values;
  const strange = [...Object.keys(others), ...positionals];
  const isUsable = typeof registry === "string" &&
    /^https?:$/.test(URL.parse(registry)?.protocol ?? "");
  if (strange.length > 0 || !isUsable) {
    progressOnStderr("the only flag is --registry, with the address of an npm registry");
    return 2;
  }
  const { lines, outcome } = await audited(await ownLock(), registry);
  for (const line of lines) progressOnStderr(line);
  return EXIT_CODES[outcome];
}

if (import.meta.main) await exitWith(main);
