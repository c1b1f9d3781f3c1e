import { isPlainObject } from "#base";
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
  const { transport, type, namespace, labelSelector, fieldSelector, signal } = request;
  let token: string | undefined;
  do {
    const answer = await transport.request({
      path: resourcePath(type, { namespace }),
      query: { limit: String(PAGE_SIZE), labelSelector, fieldSelector, continue: token },
      ask: { verb: "list", kind: type.kind },
      signal,
    });
    const metadata = isPlainObject(answer["metadata"]) ? answer["metadata"] : {};
    const items = answer["items"];
    yield {
      objects: Array.isArray(items) ? items : [],
      resourceVersion: String(metadata["resourceVersion"] ?? ""),
    };
    token = typeof metadata["continue"] === "string" ? metadata["continue"] : undefined;
  } while (token !== undefined && token !== "");
}
