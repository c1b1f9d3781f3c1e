/** What ways to install the program come to, in a form in which they can be compared. */
import { canonicalJson, isPlainObject, type KubeObject } from "#base";
import { installObjects } from "#install";
import { parseAll } from "@std/yaml";
import { identity, installationOf } from "../../scripts/operator/installations.ts";

/** Objects by what tells them apart, without the order of lists, which says nothing in any of them. */
export type Comparable = Readonly<Record<string, unknown>>;

/** The objects of a stream of YAML. */
export function comparableText(text: string): Comparable {
  const documents = parseAll(text) as (KubeObject | null)[];
  return comparable(documents.filter((one) => one !== null));
}

/** What `install` prints for some flags. */
export function printedBy(flags: readonly string[]): Comparable {
  return comparable(installObjects(installationOf(flags)));
}

/** Without the definitions. */
export function withoutDefinitions(objects: Comparable): Comparable {
  const kept = Object.entries(objects).filter(([key]) => !key.includes("CustomResourceDefinition"));
  return Object.fromEntries(kept);
}

function comparable(objects: readonly KubeObject[]): Comparable {
  return Object.fromEntries(objects.map((object) => [identity(object), unordered(object)]));
}

function unordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(unordered).sort((one, other) =>
      canonicalJson(one) < canonicalJson(other) ? -1 : 1
    );
  }
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unordered(part)]));
}
