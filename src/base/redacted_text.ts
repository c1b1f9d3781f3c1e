/** What stands where a secret stood. */
export const MASK = "***";

/**
 * A text without the credentials that URLs and headers carry: user and password of a URL, secret query parameters,
 * bearer and basic tokens, JSON web tokens anywhere.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { redactedText } from "#base";
 * assertEquals(redactedText("fetch https://bot:s3cret@git.example/a.git"), "fetch https://***@git.example/a.git");
 * assertEquals(redactedText("GET /a?token=abc&page=2"), "GET /a?token=***&page=2");
 * assertEquals(redactedText("authorization: Bearer abc.def"), "authorization: Bearer ***");
 * assertEquals(redactedText("refused eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"), "refused ***");
 * ```
 */
export function redactedText(text: string): string {
  return withoutUsers(text)
    .replace(
      /([?&](?:access_token|private_token|token|password|secret|api_?key|key|sig|signature)=)[^&\s"'#]+/gi,
      `$1${MASK}`,
    )
    .replace(/\b(bearer|basic)\s{1,20}[a-z0-9._~+/=-]+/gi, `$1 ${MASK}`)
    .replace(/\beyJ[\w-]{8,}[\w.-]*/g, MASK);
}

/** Masks what stands between `://` and `@`. */
function withoutUsers(text: string): string {
  const [head = "", ...rest] = text.split("://");
  const masked = rest.map((part) => {
    const end = part.search(/[/\s@"']/);
    return end > 0 && part[end] === "@" ? `${MASK}${part.slice(end)}` : part;
  });
  return [head, ...masked].join("://");
}
