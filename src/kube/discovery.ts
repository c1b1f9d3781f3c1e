import { isPlainObject } from "#base";
import { isNotFound } from "./api_error.ts";
import type { ResourceType } from "./resource_type.ts";
import type { Transport } from "./transport.ts";

/** A group and version that did not hold a kind is not asked again sooner: somebody may ask for it in a loop. */
const MISS_KEPT_MS = 500;

interface Known {
  readonly types: ReadonlyMap<string, ResourceType>;
  readonly atMs: number;
}

/** Which kinds a server serves, asked by group and version and kept. */
export class Discovery {
  readonly #transport: Transport;
  readonly #nowMs: () => number;
  readonly #known = new Map<string, Promise<Known>>();

  constructor(transport: Transport, nowMs: () => number) {
    this.#transport = transport;
    this.#nowMs = nowMs;
  }

  /** The type of a kind; a miss is asked again, because definitions come and go. */
  async resourceType(apiVersion: string, kind: string): Promise<ResourceType | undefined> {
    const known = await this.#typesOf(apiVersion);
    const found = known.types.get(kind);
    if (found !== undefined || this.#nowMs() - known.atMs < MISS_KEPT_MS) return found;
    this.forget(apiVersion);
    return (await this.#typesOf(apiVersion)).types.get(kind);
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
    // A failure is not knowledge.
    asked.catch(() => {
      if (this.#known.get(apiVersion) === asked) this.#known.delete(apiVersion);
    });
    return asked;
  }

  async #ask(apiVersion: string): Promise<Known> {
    const atMs = this.#nowMs();
    try {
      const answer = await this.#transport.request({
        path: `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}`,
        ask: { verb: "discover", kind: apiVersion },
      });
      return { types: typesFrom(apiVersion, answer["resources"]), atMs };
    } catch (error) {
      if (isNotFound(error)) return { types: new Map(), atMs };
      throw error;
    }
  }
}

function typesFrom(apiVersion: string, resources: unknown): Map<string, ResourceType> {
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
