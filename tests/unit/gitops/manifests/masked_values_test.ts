import { assert, assertEquals } from "@std/assert";
import { withoutValues } from "../../../../src/gitops/manifests/variables.ts";

Deno.test("withoutValues() masks the longest value first, and short ones only where they stand alone", () => {
  assertEquals(withoutValues("secret-long and secret", ["secret", "secret-long"]), "*** and ***");
  assertEquals(withoutValues("port 80 of 8080", ["80"]), "port *** of 8080");
  assertEquals(withoutValues("nothing", [""]), "nothing");
  assert(!withoutValues("a.b*c", ["b*c"]).includes("b*c"));
});

Deno.test("withoutValues() cleans a text of a hundred thousand values as of a few", () => {
  const secrets = Array.from(
    { length: 100_000 },
    (_, at) => `secret-${String(at).padStart(6, "0")}`,
  );
  const text = 'Invalid value: "secret-077777": secret-000001secret-099999 of 7, not secret-100000';
  assertEquals(
    withoutValues(text, secrets),
    'Invalid value: "***": ****** of 7, not secret-100000',
  );
  const messages = Array.from(
    { length: 1_000 },
    (_, at) => `${at}: secret-${String(at).padStart(6, "0")}`,
  );
  assertEquals(
    messages.map((one) => withoutValues(one, secrets)),
    messages.map((_, at) => `${at}: ***`),
  );
  secrets.push("added");
  assertEquals(withoutValues("what was added", secrets), "what was ***");
});
