import { isPlainObject, type KubeObject } from "#base";

/** Which objects are meant; a member that is not given fits all. */
export interface ObjectRule {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Which fields of which objects are left to others. */
export interface IgnoreRule extends ObjectRule {
  /** JSON pointers (RFC 6901). */
  readonly paths?: readonly string[];
}

/** The pointers that rules have for an object, sorted, each once. */
export function ignoredPaths(object: KubeObject, rules: readonly IgnoreRule[]): string[] {
  const fitting = rules.filter((rule) => isMeant(object, rule));
  return [...new Set(fitting.flatMap((rule) => rule.paths ?? []))].sort();
}

/** Whether a rule means an object: every member that is given fits. */
export function isMeant(object: KubeObject, rule: ObjectRule): boolean {
  const { apiVersion, kind, metadata: { name, namespace = "" } } = object;
  return [
    [rule.apiVersion, apiVersion],
    [rule.kind, kind],
    [rule.namespace, namespace],
    [rule.name, name],
  ].every(([wanted, actual]) => !wanted || wanted === actual);
}

/**
 * The desired object with the live values at these pointers, so that others may set them: what the live object does not
 * have there is left out. The live resource version comes along, so that a change in between is a conflict and not
 * undone.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withIgnored } from "#plan";
 * const object = (replicas: number) => ({ apiVersion: "apps/v1", kind: "Deployment",
 *   metadata: { name: "a" }, spec: { replicas } });
 * assertEquals(withIgnored(object(1), object(5), ["/spec/replicas"]).spec, { replicas: 5 });
 * ```
 */
export function withIgnored(
  desired: KubeObject,
  live: KubeObject,
  pointers: readonly string[],
): KubeObject {
  if (pointers.length === 0) return desired;
  const merged = pointers.reduce<unknown>(
    (object, pointer) => taken(object, live, tokensOf(pointer)),
    desired,
  ) as KubeObject;
  const { resourceVersion } = live.metadata;
  if (resourceVersion === undefined) return merged;
  return { ...merged, metadata: { ...merged.metadata, resourceVersion } };
}

function tokensOf(pointer: string): string[] {
  return pointer.split("/").slice(1).map((part) =>
    part.replaceAll("~1", "/").replaceAll("~0", "~")
  );
}

/** A value with the live one's value at a place; what neither has is not made up. */
function taken(desired: unknown, live: unknown, [token, ...rest]: readonly string[]): unknown {
  if (token === undefined) return live;
  if (Array.isArray(desired)) {
    const index = Number(token);
    const other = Array.isArray(live) ? live[index] : undefined;
    return desired.map((item, at) => at === index ? taken(item, other, rest) ?? item : item);
  }
  if (!isPlainObject(desired)) return desired;
  const other = isPlainObject(live) ? live[token] : undefined;
  const { [token]: own, ...others } = desired;
  if (own === undefined) return desired;
  const value = taken(own, other, rest);
  return value === undefined ? others : { ...others, [token]: value };
}
