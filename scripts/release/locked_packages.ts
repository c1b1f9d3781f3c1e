import type { JsonObject } from "#base";

/** A package that deno.lock fixes. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** Of its archive, in hexadecimal; absent where the lock names another hash, or none. */
  readonly sha512: string | undefined;
  /** `name@version` of what it needs. */
  readonly needs: readonly string[];
}

/** The part of deno.lock that is read here. */
export interface Lock {
  readonly npm?: Readonly<Record<string, JsonObject>>;
}

/** How a package is named in lists: `name@version`. */
export function packageText({ name, version }: Pick<LockedPackage, "name" | "version">): string {
  return `${name}@${version}`;
}

/**
 * All packages of a lock, sorted, each once: what it was installed beside is no other package.
 *
 * @throws {Error} where the lock names something that is no package
 */
export function lockedPackages({ npm = {} }: Lock): LockedPackage[] {
  const versions = new Map<string, string[]>();
  for (const key of Object.keys(npm)) {
    const { name, version } = partsOf(key);
    versions.set(name, [...versions.get(name) ?? [], version]);
  }
  const found = new Map<string, LockedPackage>();
  for (const [key, entry] of Object.entries(npm)) {
    const { name, version } = partsOf(key);
    const needs = [entry["dependencies"], entry["optionalDependencies"]].flatMap((list) =>
      Array.isArray(list) ? list.map(String) : []
    );
    const one: LockedPackage = {
      name,
      version,
      sha512: sha512Of(entry["integrity"]),
      needs: [...new Set(needs.map((need) => neededText(need, versions)))].sort(),
    };
    found.set(packageText(one), one);
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([_, one]) => one);
}

/** `name@version_peer@version`, where the name may begin with `@`. */
function partsOf(key: string): { readonly name: string; readonly version: string } {
  const at = key.indexOf("@", 1);
  const [version = ""] = key.slice(at + 1).split("_");
  if (at < 1 || !/^\d/.test(version)) throw new Error(`Cannot read deno.lock: no package: ${key}`);
  return { name: key.slice(0, at), version };
}

/** The lock leaves a version out where there is only one. */
function neededText(need: string, versions: ReadonlyMap<string, readonly string[]>): string {
  if (need.indexOf("@", 1) > 0) return packageText(partsOf(need));
  const [version] = versions.get(need) ?? [];
  if (version === undefined) throw new Error(`Cannot read deno.lock: ${need} is not in it`);
  return packageText({ name: need, version });
}

function sha512Of(integrity: unknown): string | undefined {
  if (typeof integrity !== "string" || !integrity.startsWith("sha512-")) return undefined;
  return Uint8Array.fromBase64(integrity.slice("sha512-".length)).toHex();
}
