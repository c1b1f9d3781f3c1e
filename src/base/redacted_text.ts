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
  return text
    // From `://` on: looking for the scheme before it would take seconds in a text of one long word.
    .replace(/:\/\/[^/\s@"']+@/g, `://${MASK}@`)
    .replace(
      /([?&](?:access_token|private_token|token|password|secret|api_?key|key|sig|signature)=)[^&\s"'#]+/gi,
      `$1${MASK}`,
    )
    .replace(/\b(bearer|basic)\s+[a-z0-9._~+/=-]+/gi, `$1 ${MASK}`)
    .replace(/\beyJ[\w-]{8,}[\w.-]*/g, MASK);
}
