import { StalledError } from "#base";

/** How a kind is addressed over REST. */
export interface ResourceType {
  /** `group/version`, or `v1` for the core group. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/**
 * The path of a kind, of its objects in a namespace, of one object, or of a subresource.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { resourcePath } from "#kube";
 * const type = { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments", namespaced: true };
 * const path = resourcePath(type, { namespace: "a", name: "b" });
 * assertEquals(path, "/apis/apps/v1/namespaces/a/deployments/b");
 * ```
 * @throws {StalledError} when a word would lead to another path than its own
 */
export function resourcePath(
  type: ResourceType,
  at: {
    readonly namespace?: string | undefined;
    readonly name?: string;
    readonly subresource?: string;
  } = {},
): string {
  const root = type.apiVersion.includes("/") ? "/apis" : "/api";
  const { namespace = "", name, subresource } = at;
  const scope = type.namespaced && namespace !== ""
    ? `/namespaces/${segment("namespace", namespace)}`
    : "";
  const object = name === undefined ? "" : `/${segment("name", name)}`;
  const part = subresource === undefined ? "" : `/${segment("subresource", subresource)}`;
  const plural = segment("plural", type.plural);
  return `${root}/${checkedApiVersion(type.apiVersion)}${scope}/${plural}${object}${part}`;
}

const API_VERSION = /^([a-z0-9.-]{1,254}\/)?v[a-z0-9]{1,63}$/;
const KIND = /^[A-Za-z0-9]+$/;
/** The longest name of a group is 253 characters long. */
const API_VERSION_LENGTH_MAX = 320;

/**
 * Whether words can be the version and kind of an object: anything else must not become part of a path.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isKindName } from "#kube";
 * assertEquals(isKindName("apps/v1", "Deployment"), true);
 * assertEquals(isKindName("../api/v1/namespaces/a/secrets/b?x=", "Deployment"), false);
 * ```
 */
export function isKindName(apiVersion: string, kind: string): boolean {
  return isApiVersion(apiVersion) && KIND.test(kind) && kind.length <= 63;
}

/** The same words. @throws {StalledError} when they can be no version of an API */
export function checkedApiVersion(apiVersion: string): string {
  if (isApiVersion(apiVersion)) return apiVersion;
  throw new StalledError(
    "InvalidAddress",
    `Cannot ask for apiVersion ${shown(apiVersion)}: write group/version, as apps/v1`,
  );
}

function isApiVersion(text: string): boolean {
  return text.length <= API_VERSION_LENGTH_MAX && API_VERSION.test(text) &&
    text.split("/").every((part) => !isDots(part));
}

/** One part of a path. The server decodes it once more than one would think: what is encoded does not stay one part. */
function segment(what: string, text: string): string {
  const isWhole = text !== "" && !isDots(text) && !/[/%\\]/.test(text);
  if (isWhole) return encodeURIComponent(text);
  throw new StalledError(
    "InvalidAddress",
    `Cannot ask for ${what} ${shown(text)}: it is empty, "." or "..", or holds "/", "%" or "\\"`,
  );
}

function isDots(text: string): boolean {
  return text === "." || text === "..";
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/**
 * Whether a custom resource definition may describe a kind: its group is a domain. Of the groups that every server has some
 * are domains, too.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mayBeDefined } from "#kube";
 * const isDefined = (apiVersion: string) => mayBeDefined({ apiVersion });
 * assertEquals(["v1", "apps/v1", "example.org/v1"].map(isDefined), [false, false, true]);
 * ```
 */
export function mayBeDefined({ apiVersion }: Pick<ResourceType, "apiVersion">): boolean {
  const [group = "", version] = apiVersion.split("/");
  return version !== undefined && group.includes(".");
}
