import { COMPONENT_NAME_LENGTH_MAX } from "#api";
import { contentHash, withoutEnd } from "#base";

/** A component as Pulsar names it. */
export interface PulsarName {
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
}

/** Longest name that is believed. */
const NAME_MAX = 253;
const HASH_LENGTH = 10;

/**
 * Whether a text can be the name of a tenant, a namespace or a component: what Pulsar lets through, so that it is safe as a
 * part of a path and of a line.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isPulsarName } from "#import";
 * assertEquals(["orders-1.a", "..", "a/b", "a\u0007", ""].map(isPulsarName), [true, false, false, false, false]);
 * ```
 */
export function isPulsarName(text: string): boolean {
  return text.length <= NAME_MAX && /^[-=:.\w]+$/.test(text) && text !== "." && text !== "..";
}

/** `tenant/namespace/name`, which is also the name of a subscription that nobody named. */
export function qualifiedName({ tenant, namespace, name }: PulsarName): string {
  return `${tenant}/${namespace}/${name}`;
}

/**
 * Names for resources of one kind, as many as components: valid, short enough, different from each other, and the same ones
 * in whatever order the components come. A name that is taken twice gets tenant and namespace before it, one that is still
 * taken, or too long, a hash behind it.
 *
 * @param lengthMax how long a name may be
 */
export function resourceNames(
  components: readonly PulsarName[],
  lengthMax = COMPONENT_NAME_LENGTH_MAX,
): string[] {
  const short = components.map(({ name }) => valid(name));
  const shortUses = uses(short);
  const long = components.map(({ name, namespace, tenant }, index) => {
    const own = short[index] ?? "";
    return shortUses.get(own) === 1 ? own : valid(`${tenant}-${namespace}-${name}`);
  });
  const longUses = uses(long);
  return components.map((component, index) => {
    const name = long[index] ?? "";
    const isFree = longUses.get(name) === 1 && (name === short[index] || !shortUses.has(name));
    if (name !== "" && isFree && name.length <= lengthMax) return name;
    const hash = contentHash(qualifiedName(component)).slice(0, HASH_LENGTH);
    const start = withoutEnd(name.slice(0, lengthMax - HASH_LENGTH - 1), "-");
    return start === "" ? `x-${hash}` : `${start}-${hash}`;
  });
}

/** What of a text can be a name of a Service as well: small letters, digits and dashes, a letter first. */
function valid(text: string): string {
  const name = text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const trimmed = withoutEnd(name.replace(/^-/, ""), "-");
  return /^[0-9]/.test(trimmed) ? `x${trimmed}` : trimmed;
}

function uses(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
