import { isPlainObject, type KubeObject } from "#base";
import { compareText } from "./json_text.ts";

/** A part of an object while it is built: members that are undefined are not there. */
export type Part = Readonly<Record<string, unknown>>;

/**
 * An object as it is sent: members sorted, those that are null or undefined left out. Equal inputs give equal bytes, and
 * a null in a resource is what it is in Kubernetes: a member that is not there.
 */
export function tidyObject(object: Part): KubeObject {
  return tidy(object) as KubeObject;
}

function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy);
  if (!isPlainObject(value)) return value;
  const names = Object.keys(value).filter((name) =>
    value[name] !== undefined && value[name] !== null
  );
  names.sort(compareText);
  return Object.fromEntries(names.map((name) => [name, tidy(value[name])]));
}

/** What a map holds under a name that a user chose: `constructor` is no member of an empty map. */
export function entryOf<T>(
  map: Readonly<Record<string, T>> | undefined,
  name: string | undefined,
): T | undefined {
  return map !== undefined && name !== undefined && Object.hasOwn(map, name)
    ? map[name]
    : undefined;
}

/** A list, or undefined when it is empty: an empty list in an object means nothing. */
export function someOf<T>(items: readonly T[] | undefined): readonly T[] | undefined {
  return items === undefined || items.length === 0 ? undefined : items;
}

/** A map, or undefined when it is empty. */
export function someIn<T>(
  map: Readonly<Record<string, T>> | undefined,
): Readonly<Record<string, T>> | undefined {
  return map === undefined || Object.keys(map).length === 0 ? undefined : map;
}
