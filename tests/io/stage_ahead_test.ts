import { assertEquals } from "@std/assert";
import { aheadFor } from "../../scripts/stage/ahead.ts";

Deno.test("what is built beside the first stages is what the later ones take", () => {
  assertEquals(aheadFor(["pure", "cluster"], { isRoot: true }), "control-plane");
  assertEquals(aheadFor(["pure", "cluster", "e2e"], { isRoot: true }), "node");
  assertEquals(aheadFor(["pure", "cluster", "e2e"], { isRoot: false }), "control-plane");
});

Deno.test("nothing is built ahead for stages that take nothing, or that come first", () => {
  assertEquals(aheadFor(["pure", "io"], { isRoot: true }), undefined);
  assertEquals(aheadFor(["cluster"], { isRoot: true }), undefined);
  assertEquals(aheadFor(["e2e"], { isRoot: true }), undefined);
});
