import { assertEquals } from "@std/assert";
import { compareGolden, goldenFolder } from "../../scripts/golden.ts";

/** The comparison and the expected objects are not part of this repository: without them this counts as ignored. */
const isThere = await Deno.stat(`${goldenFolder()}/compare.mjs`).then(
  () => true,
  (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  },
);

Deno.test({
  name: "every golden case renders as the reference operator's objects",
  ignore: !isThere,
  async fn() {
    const results = await compareGolden(goldenFolder());
    const different = results.filter(({ failed }) => failed > 0).map(({ report }) => report);
    assertEquals(different.join("\n"), "");
    assertEquals(results.reduce((sum, { passed }) => sum + passed, 0) >= 281, true);
  },
});
