import { assertEquals } from "@std/assert";
import { aheadFor } from "../../scripts/stage/ahead.ts";

Deno.test("what later stages take is made beside the first one", () => {
  const all = ["pure", "io", "browser", "cluster", "e2e", "docker", "kind"];
  assertEquals(aheadFor(all), ["io", "browser", "cluster", "e2e", "docker", "kind"]);
  assertEquals(aheadFor(["pure", "cluster"]), ["cluster"]);
});

Deno.test("nothing is made ahead for stages that take nothing, or that come first", () => {
  assertEquals(aheadFor(["pure", "golden"]), []);
  assertEquals(aheadFor(["cluster"]), []);
  assertEquals(aheadFor(["e2e", "kind"]), ["kind"]);
});
