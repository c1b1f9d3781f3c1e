import { assertEquals } from "@std/assert";
import { aheadFor } from "../../scripts/stage/ahead.ts";

Deno.test("what is built beside the first stages is what the later ones take", () => {
  const all = ["pure", "cluster", "e2e"];
  assertEquals(aheadFor(["pure", "cluster"], { isRoot: true }), ["control-plane", "judges"]);
  assertEquals(aheadFor(all, { isRoot: true }), ["node", "judges"]);
  assertEquals(aheadFor(all, { isRoot: false }), ["control-plane", "judges"]);
  assertEquals(aheadFor(["pure", "e2e"], { isRoot: true }), ["node"]);
});

Deno.test("nothing is built ahead for stages that take nothing, or that come first", () => {
  assertEquals(aheadFor(["pure", "io"], { isRoot: true }), []);
  assertEquals(aheadFor(["cluster"], { isRoot: true }), []);
  assertEquals(aheadFor(["e2e"], { isRoot: true }), []);
});
