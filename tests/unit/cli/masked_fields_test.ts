import { assertEquals } from "@std/assert";
import { maskedFields } from "../../../src/cli/masked_fields.ts";

const SECRETS = ["todays-word", "42"];

Deno.test("maskedFields() hides a changed field on both sides, as the old value may be an old secret", () => {
  const before = { data: { token: "yesterdays-word", plain: "1" } };
  const after = { data: { token: "todays-word", plain: "2" } };
  assertEquals(maskedFields({ before, after }, SECRETS), {
    before: { data: { token: "*** (before)", plain: "1" } },
    after: { data: { token: "*** (after)", plain: "2" } },
  });
});

Deno.test("maskedFields() leaves the words around a secret in a field that is new, gone or unchanged", () => {
  const object = { env: [{ name: "URL", value: "amqp://me:todays-word@host" }, { port: 42 }] };
  const hidden = { env: [{ name: "URL", value: "amqp://me:***@host" }, { port: "***" }] };
  const none = undefined;
  assertEquals(maskedFields({ before: none, after: object }, SECRETS).after, hidden);
  assertEquals(maskedFields({ before: object, after: none }, SECRETS).before, hidden);
  assertEquals(maskedFields({ before: object, after: object }, SECRETS), {
    before: hidden,
    after: hidden,
  });
});

Deno.test("maskedFields() hides secrets where a field turns from a text into a group, or lists differ in length", () => {
  const before = { a: "todays-word", b: ["x", "todays-word"], c: null };
  const after = { a: { deep: ["todays-word"] }, b: ["x"], c: "todays-word" };
  assertEquals(maskedFields({ before, after }, SECRETS), {
    before: { a: "***", b: ["x", "***"], c: "*** (before)" },
    after: { a: { deep: ["***"] }, b: ["x"], c: "*** (after)" },
  });
});
