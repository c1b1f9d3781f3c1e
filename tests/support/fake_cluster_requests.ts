/** What the path and the query of a request to an API server mean. */
import type { KubeObject } from "#base";

/** What a path leads to; empty parts are not there. */
export interface RequestPlace {
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** Parts below a namespace that are not kinds. */
const SUBRESOURCES: readonly string[] = ["finalize", "status"];

/**
 * Takes a path apart.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { requestPlace } from "./fake_cluster_requests.ts";
 * assertEquals(requestPlace("/apis/apps/v1/namespaces/shop/deployments/web/status"), {
 *   apiVersion: "apps/v1", plural: "deployments", namespace: "shop", name: "web", subresource: "status",
 * });
 * assertEquals(requestPlace("/api/v1/namespaces/shop").name, "shop");
 * ```
 */
export function requestPlace(path: string): RequestPlace {
  const known = PLACES.get(path);
  if (known !== undefined) return known;
  const place = newPlace(path);
  if (PLACES.size < PLACES_MAX) PLACES.set(path, place);
  return place;
}

/** Places of paths that were taken apart: in most worlds they are the same few. */
const PLACES = new Map<string, RequestPlace>();
const PLACES_MAX = 1_000;

function newPlace(path: string): RequestPlace {
  const [, root, ...parts] = path.split("/").map(decodeURIComponent);
  const rest = root === "api" ? parts.slice(1) : parts.slice(2);
  const apiVersion = root === "api" ? parts[0] ?? "" : parts.slice(0, 2).join("/");
  const isBelow = rest[0] === "namespaces" && rest.length > 2 &&
    !SUBRESOURCES.includes(rest[2] ?? "");
  const [plural = "", name = "", subresource = ""] = isBelow ? rest.slice(2) : rest;
  return { apiVersion, plural, namespace: isBelow ? rest[1] ?? "" : "", name, subresource };
}

/** Whether an object fits the selectors of a list. */
export function isSelected(
  object: KubeObject,
  { labelSelector, fieldSelector }: Readonly<Record<string, string | undefined>>,
): boolean {
  const labels = object.metadata.labels ?? {};
  const fitsLabels = (labelSelector ?? "").split(",").filter((term) => term !== "").every(
    (term) => isLabelled(labels, term),
  );
  const fitsFields = (fieldSelector ?? "").split(",").filter((term) => term !== "").every(
    (term) => isFieldOf(object, term),
  );
  return fitsLabels && fitsFields;
}

function isFieldOf(object: KubeObject, term: string): boolean {
  const [, name = "", isNot, value] = /^(.*?)(!?)=(.*)$/.exec(term) ?? [];
  // Of Events: what API servers call so.
  const path = name === "source" ? "source.component" : name;
  const found = path.split(".").reduce<unknown>(
    (part, member) => (part as Record<string, unknown> | undefined)?.[member],
    object,
  );
  return isNot === "!" ? found !== value : found === value;
}

function isLabelled(labels: Readonly<Record<string, string>>, term: string): boolean {
  if (term.startsWith("!")) return labels[term.slice(1)] === undefined;
  const [name = "", value] = term.split(/==?/);
  if (name.endsWith("!")) return labels[name.slice(0, -1)] !== value;
  return value === undefined ? labels[name] !== undefined : labels[name] === value;
}
