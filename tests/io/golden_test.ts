import { assertEquals } from "@std/assert";
import { compareGolden, GOLDEN_FOLDER } from "../../scripts/golden.ts";

/** The cases come with the reference material, beside the checkout; where that is not there, the test says so. */
async function hasCases(): Promise<boolean> {
  try {
    return (await Deno.stat(`${GOLDEN_FOLDER}/compare.mjs`)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test({
  name: "every golden case renders as the reference operator's objects",
  ignore: !await hasCases(),
  async fn() {
    const results = await compareGolden(GOLDEN_FOLDER);
    const different = results.filter(({ failed }) => failed > 0).map(({ report }) => report);
    assertEquals(different.join("\n"), "");
    assertEquals(results.reduce((sum, { passed }) => sum + passed, 0) >= 281, true);
  },
});
