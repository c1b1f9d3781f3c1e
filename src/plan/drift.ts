import { compareQuantities, parseQuantity } from "#api";
import { canonicalJson, isPlainObject, type KubeObject } from "#base";
import { withIgnored } from "./ignored_fields.ts";
import { withScaledReplicas } from "./replicas.ts";

/**
 * Lists that Kubernetes merges item by item, with the members that tell items apart. Others may add items to these;
 * every other list is one value.
 */
const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  env: ["name"],
  imagePullSecrets: ["name"],
  initContainers: ["name"],
  ownerReferences: ["uid"],
  ports: ["containerPort", "port", "protocol"],
  volumeDevices: ["devicePath"],
  volumeMounts: ["mountPath"],
  volumes: ["name"],
};

/** Members whose values are quantities, or maps of quantities: `1000m` and `1` are the same there (W-6). */
const QUANTITIES: ReadonlySet<string> = new Set([
  "averageValue",
  "divisor",
  "limits",
  "maxAllowed",
  "minAllowed",
  "requests",
  "sizeLimit",
]);

/** Members that an API server fills in when they are left out, so that "absent" and the default are the same. */
const DEFAULTED: Readonly<Record<string, unknown>> = { protocol: "TCP" };

/**
 * The paths at which a live object lacks what is desired, sorted by appearance; empty when nothing has to be written.
 *
 * What the live object holds beyond the desired one is not a difference: it is a default of the API server or belongs
 * to somebody else (W-7, W-11, W-21). Empty desired values (`{}`, `[]`, `""`, `0`, `false`, null) need not be there,
 * as the API server drops them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { differences } from "#plan";
 * const live = { spec: { replicas: 2, strategy: "x", limits: { cpu: "1" } } };
 * assertEquals(differences(live, { spec: { replicas: 2, limits: { cpu: "1000m" } } }), []);
 * assertEquals(differences(live, { spec: { replicas: 3 } }), ["spec.replicas"]);
 * ```
 */
export function differences(live: unknown, desired: unknown): string[] {
  const paths: string[] = [];
  compare(live, desired, { path: "", member: "", quantity: false }, paths);
  return paths;
}

interface Place {
  readonly path: string;
  /** The name of the member that holds the value. */
  readonly member: string;
  readonly quantity: boolean;
}

function compare(live: unknown, desired: unknown, place: Place, paths: string[]): void {
  if (isPlainObject(desired)) return compareObject(live, desired, place, paths);
  if (Array.isArray(desired)) return compareList(live, desired, place, paths);
  const equal = live === desired || (live === undefined && isEmpty(desired)) ||
    (place.quantity && sameQuantity(live, desired)) ||
    (live === undefined && DEFAULTED[place.member] === desired);
  if (!equal) paths.push(place.path);
}

function compareObject(
  live: unknown,
  desired: Record<string, unknown>,
  place: Place,
  paths: string[],
): void {
  if (!isPlainObject(live)) {
    if (live !== undefined || !isEmpty(desired)) paths.push(place.path);
    return;
  }
  for (const member of Object.keys(desired)) {
    const path = joined(place.path, member);
    const quantity = QUANTITIES.has(member) || (place.quantity && QUANTITIES.has(place.member));
    compare(live[member], desired[member], { path, member, quantity }, paths);
  }
}

function compareList(
  live: unknown,
  desired: readonly unknown[],
  place: Place,
  paths: string[],
): void {
  if (!Array.isArray(live)) {
    if (live !== undefined || desired.length > 0) paths.push(place.path);
    return;
  }
  const keys = LIST_KEYS[place.member];
  if (keys !== undefined && desired.every(isPlainObject)) {
    const byKey = new Map(live.filter(isPlainObject).map((item) => [itemKey(item, keys), item]));
    for (const item of desired) {
      const key = itemKey(item, keys);
      compare(
        byKey.get(key),
        item,
        { ...place, path: `${place.path}[${itemName(item, keys)}]` },
        paths,
      );
    }
    return;
  }
  if (live.length !== desired.length) return void paths.push(place.path);
  desired.forEach((item, index) =>
    compare(live[index], item, { ...place, path: `${place.path}[${index}]` }, paths)
  );
}

function itemKey(item: Record<string, unknown>, keys: readonly string[]): string {
  return canonicalJson(keys.map((key) => item[key] ?? DEFAULTED[key]));
}

function itemName(item: Record<string, unknown>, keys: readonly string[]): string {
  const key = keys.find((name) => item[name] !== undefined);
  return key === undefined ? "?" : String(item[key]);
}

function sameQuantity(live: unknown, desired: unknown): boolean {
  const [a, b] = [live, desired].map((value) =>
    typeof value === "string" || typeof value === "number" ? parseQuantity(value) : undefined
  );
  return a !== undefined && b !== undefined && compareQuantities(a, b) === 0;
}

function isEmpty(value: unknown): boolean {
  if (isPlainObject(value)) return Object.values(value).every(isEmpty);
  return value === undefined || value === null || value === "" || value === 0 || value === false ||
    (Array.isArray(value) && value.length === 0);
}

/** Names with dots or slashes (labels, annotations) are put in brackets, as `kubectl` does. */
function joined(path: string, member: string): string {
  if (/[./]/.test(member)) return `${path}["${member}"]`;
  return path === "" ? member : `${path}.${member}`;
}

/**
 * Where a live object lacks what Git says; replicas that an autoscaler chose are no difference (W-17, U3), and neither are
 * fields that are left to others.
 *
 * @param ignored JSON pointers
 */
export function driftPaths(
  object: KubeObject,
  live: KubeObject,
  ignored: readonly string[] = [],
  scaling: { readonly isScaled: boolean } = { isScaled: false },
): string[] {
  const wanted = withIgnored(withScaledReplicas(object, live, scaling), live, ignored);
  const { resourceVersion: _lock, ...metadata } = wanted.metadata;
  return differences(live, { ...wanted, metadata });
}

/** The number of replicas that an object has. */
export function replicasOf(object: KubeObject | undefined): number | undefined {
  const replicas = isPlainObject(object?.spec) ? object.spec["replicas"] : undefined;
  return typeof replicas === "number" ? replicas : undefined;
}
