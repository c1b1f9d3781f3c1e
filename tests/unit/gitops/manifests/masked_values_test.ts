import { assert, assertEquals } from "@std/assert";
import { withoutValues } from "../../../../src/gitops/manifests/variables.ts";

Deno.test("withoutValues() masks the longest value first, and short ones only where they stand alone", () => {
  assertEquals(withoutValues("secret-long and secret", ["secret", "secret-long"]), "*** and ***");
  assertEquals(withoutValues("port 80 of 8080", ["80"]), "port *** of 8080");
  assertEquals(withoutValues("nothing", [""]), "nothing");
  assert(!withoutValues("a.b*c", ["b*c"]).includes("b*c"));
});
