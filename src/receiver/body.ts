/** The calls of Git services list commits: a push of thousands is a few megabytes. */
const BODY_BYTES_MAX = 5 * 1024 * 1024;
const BODY_LIMIT_MS = 10_000;

/** The body of a request; undefined when it is too large, or takes too long to arrive. */
export async function boundedBody(request: Request): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > BODY_BYTES_MAX) return undefined;
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void reader.cancel("too slow");
  }, BODY_LIMIT_MS);
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      bytes += read.value.length;
      if (bytes > BODY_BYTES_MAX) {
        await reader.cancel("too large");
        return undefined;
      }
      parts.push(read.value);
    }
  } finally {
    clearTimeout(timer);
  }
  return isLate ? undefined : joined(parts, bytes);
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const body = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}
