import { isPlainObject, type JsonObject } from "#base";
import { resourcePath, type ResourceType } from "./resource_type.ts";
import type { Transport } from "./transport.ts";

/** How many objects a page holds: large enough to be quick, small enough to bound memory and the server's work. */
const PAGE_SIZE = 500;

/** Which objects to list. */
export interface ListRequest {
  readonly transport: Transport;
  readonly type: ResourceType;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The version that the server is at, for the price of one object.
 *
 * @throws {ApiError} as a list
 */
export async function listVersion(request: ListRequest): Promise<string> {
  return versionIn(await listed(request, { limit: "1" }));
}

/** Some of the objects, as the server sent them. */
export interface ListPage {
  readonly objects: readonly unknown[];
  /** The version of the whole list: where a watch goes on. */
  readonly resourceVersion: string;
}

/**
 * The objects of a kind, page by page, all of one version.
 *
 * @throws {ApiError} 410 when the pages grew too old meanwhile: start over
 */
export async function* listPages(request: ListRequest): AsyncGenerator<ListPage, void, undefined> {
  let token: string | undefined;
  do {
    const answer = await listed(request, { limit: String(PAGE_SIZE), continue: token });
    const items = answer["items"];
    yield { objects: Array.isArray(items) ? items : [], resourceVersion: versionIn(answer) };
    const { continue: next } = metadataOf(answer);
    token = typeof next === "string" ? next : undefined;
  } while (token !== undefined && token !== "");
}

function listed(
  { transport, type, namespace, labelSelector, fieldSelector, signal }: ListRequest,
  query: Readonly<Record<string, string | undefined>>,
): Promise<JsonObject> {
  return transport.request({
    path: resourcePath(type, { namespace }),
    query: { ...query, labelSelector, fieldSelector },
    ask: { verb: "list", kind: type.kind },
    signal,
  });
}

function versionIn(answer: JsonObject): string {
  return String(metadataOf(answer)["resourceVersion"] ?? "");
}

function metadataOf({ metadata }: JsonObject): Readonly<Record<string, unknown>> {
  return isPlainObject(metadata) ? metadata : {};
}
