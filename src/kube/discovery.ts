import { type Clock, isPlainObject, type JsonObject } from "#base";
import { ApiError, isNotFound } from "./api_error.ts";
import { checkedApiVersion, type ResourceType } from "./resource_type.ts";
import type { Transport } from "./transport.ts";

/** A group and version that did not hold a kind is not asked again sooner: somebody may ask for it in a loop. */
const MISS_KEPT_MS = 500;
/** More than servers have; what asks for others, as words from Git may, makes the oldest be forgotten. */
const KNOWN_MAX = 256;

const UNANSWERED = "KindUnanswered";

interface Known {
  readonly types: ReadonlyMap<string, ResourceType>;
  readonly atMs: number;
}

/**
 * Which kinds a server serves, asked by group and version and kept.
 *
 * # Guarantees
 * "Not served" is only what the server itself says, freshly asked: a list of the version without the kind, or a list of
 * groups without the version. That it does not answer, or answers 404 for a version that it names (an aggregated API that
 * comes and goes), is an error.
 */
export class Discovery {
  readonly #transport: Transport;
  readonly #monotonicMs: () => number;
  readonly #known = new Map<string, Promise<Known>>();

  constructor(transport: Transport, monotonicMs: () => number) {
    this.#transport = transport;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * The type of a kind; a miss is asked again, because definitions come and go.
   *
   * @throws {StalledError} when the words are no version
   * @throws {ApiError} when the server does not say whether it serves the kind
   */
  async resourceType(apiVersion: string, kind: string): Promise<ResourceType | undefined> {
    checkedApiVersion(apiVersion);
    const known = await this.#typesOf(apiVersion);
    const found = known.types.get(kind);
    return found ?? await this.freshType(apiVersion, kind);
  }

  /** The same where something said that what is known may be wrong: what was asked a moment ago counts at most. */
  async freshType(apiVersion: string, kind: string): Promise<ResourceType | undefined> {
    checkedApiVersion(apiVersion);
    const known = await this.#typesOf(apiVersion);
    if (this.#monotonicMs() - known.atMs < MISS_KEPT_MS) return known.types.get(kind);
    this.forget(apiVersion);
    return (await this.#typesOf(apiVersion)).types.get(kind);
  }

  /** The type of a kind in whatever version of its group serves it, the one that the server prefers first. */
  async servedVersion(group: string, kind: string): Promise<ResourceType | undefined> {
    for (const apiVersion of await this.#versionsOf(group)) {
      const type = await this.freshType(apiVersion, kind);
      if (type !== undefined) return type;
    }
    return undefined;
  }

  /** Asks again next time: something said that what is known is wrong. */
  forget(apiVersion: string): void {
    this.#known.delete(apiVersion);
  }

  #typesOf(apiVersion: string): Promise<Known> {
    const known = this.#known.get(apiVersion);
    if (known !== undefined) return known;
    const asked = this.#ask(apiVersion);
    this.#known.set(apiVersion, asked);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
    // A failure is not knowledge.
    asked.catch(() => {
      if (this.#known.get(apiVersion) === asked) this.#known.delete(apiVersion);
    });
    return asked;
  }

  async #ask(apiVersion: string): Promise<Known> {
    const atMs = this.#monotonicMs();
    try {
      const answer = await this.#read(
        `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}`,
        apiVersion,
      );
      return { types: typesFrom(apiVersion, answer), atMs };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const [group = "", version] = apiVersion.split("/");
      const named = version === undefined
        ? await this.#versionsOf("")
        : await this.#versionsOf(group);
      if (named.includes(apiVersion)) throw unanswered(apiVersion, error);
      return { types: new Map(), atMs };
    }
  }

  /** The versions of a group that the server names, its preferred one first; none: there is no such group. */
  async #versionsOf(group: string): Promise<string[]> {
    if (group === "") {
      const { versions } = await this.#read("/api", "v1");
      return texts(Array.isArray(versions) ? versions : []);
    }
    const { groups } = await this.#read("/apis", group);
    const all: readonly unknown[] = Array.isArray(groups) ? groups : [];
    const found = all.filter(isPlainObject).find(({ name }) => name === group);
    if (found === undefined) return [];
    const { preferredVersion, versions } = found;
    const named = [preferredVersion, ...(Array.isArray(versions) ? versions : [])];
    return [...new Set(texts(named.filter(isPlainObject).map((one) => one["groupVersion"])))];
  }

  async #read(path: string, about: string): Promise<JsonObject> {
    // The words asked for are no label of a metric: they may come from anybody.
    const key = { namespace: "", name: about };
    return await this.#transport.request({
      path,
      ask: { verb: "discover", kind: "APIResourceList", key },
    });
  }
}

/** What a server has of kinds, for clients that share it: everybody who is known to it may read that. */
export function kindDiscovery(transport: Transport, clock: Pick<Clock, "monotonicMs">): Discovery {
  return new Discovery(transport, () => clock.monotonicMs());
}

/** A server names a version, and does not answer for it. */
export function unanswered(apiVersion: string, cause: unknown): ApiError {
  return new ApiError({
    ask: { verb: "discover", kind: "APIResourceList", key: { namespace: "", name: apiVersion } },
    status: 503,
    reason: UNANSWERED,
    text: `the server names ${apiVersion}, but does not answer for it now`,
    cause,
  });
}

/** Whether a server names a version, but did not answer for it when it was asked. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof ApiError && error.reason === UNANSWERED;
}

function typesFrom(apiVersion: string, { resources }: JsonObject): Map<string, ResourceType> {
  const types = new Map<string, ResourceType>();
  for (const resource of Array.isArray(resources) ? resources : []) {
    if (!isPlainObject(resource)) continue;
    const { name, kind, namespaced } = resource;
    // `pods/status` and the like are subresources.
    if (typeof name !== "string" || typeof kind !== "string" || name.includes("/")) continue;
    types.set(kind, { apiVersion, kind, plural: name, namespaced: namespaced === true });
  }
  return types;
}

function texts(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === "string");
}
