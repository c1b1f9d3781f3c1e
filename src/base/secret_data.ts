import { isPlainObject } from "./canonical.ts";
import type { KubeObject } from "./object.ts";

/**
 * The data of a Secret as bytes, by member. What is no base64 is left out: the API server stores nothing else.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { secretBytes } from "#base";
 * const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "db" }, data: { port: "ODA=" } };
 * assertEquals(secretBytes(secret), { port: new Uint8Array([56, 48]) });
 * ```
 */
export function secretBytes(secret: KubeObject | undefined): Record<string, Uint8Array> {
  const data = isPlainObject(secret?.["data"]) ? secret["data"] : {};
  return Object.fromEntries(
    Object.entries(data).flatMap(([name, value]) => {
      const bytes = typeof value === "string" ? decoded(value) : undefined;
      return bytes === undefined ? [] : [[name, bytes]];
    }),
  );
}

/** The data of a Secret as texts, by member. */
export function secretData(secret: KubeObject | undefined): Record<string, string> {
  const decoder = new TextDecoder();
  return Object.fromEntries(
    Object.entries(secretBytes(secret)).map(([name, bytes]) => [name, decoder.decode(bytes)]),
  );
}

/**
 * All values that a Secret holds, as text; none of other objects. Of what is no base64 it is the text itself, as that is what
 * was written where a value belongs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { secretTexts } from "#base";
 * const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "db" } };
 * assertEquals(secretTexts({ ...secret, data: { a: "ODA=", b: "s!" }, stringData: { c: "pw" } }), ["80", "s!", "pw"]);
 * ```
 */
export function secretTexts(object: KubeObject): string[] {
  if (object.kind !== "Secret" || object.apiVersion !== "v1") return [];
  const decoder = new TextDecoder();
  const values = (member: string) =>
    isPlainObject(object[member]) ? Object.values(object[member]) : [];
  const stored = values("data").map((value) => {
    const bytes = typeof value === "string" ? decoded(value) : undefined;
    return bytes === undefined ? String(value) : decoder.decode(bytes);
  });
  return [...stored, ...values("stringData").map(String)];
}

function decoded(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
