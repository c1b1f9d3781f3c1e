import { boundedBytes, type Clock, deadline, systemClock } from "#base";

/** The calls of Git services list commits: a push of thousands is a few megabytes. */
const BODY_BYTES_MAX = 5 * 1024 * 1024;
const BODY_LIMIT_MS = 10_000;

/** The body of a request; undefined when it is too large, or takes too long to arrive. */
export async function boundedBody(
  request: Request,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > BODY_BYTES_MAX) return undefined;
  if (request.body === null) return new Uint8Array();
  using limit = deadline(BODY_LIMIT_MS, { clock });
  const { signal } = limit;
  try {
    const body = await boundedBytes(request.body, { bytesMax: BODY_BYTES_MAX, signal });
    return body.isWhole ? body.bytes : undefined;
  } catch (error) {
    if (limit.isExpired) return undefined;
    throw error;
  }
}
