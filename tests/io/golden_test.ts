import { assertEquals } from "@std/assert";
import { compareGolden, goldenFolder } from "../../scripts/golden.ts";

Deno.test("every golden case renders as the reference operator's objects", async () => {
  const results = await compareGolden(goldenFolder());
  const different = results.filter(({ failed }) => failed > 0).map(({ report }) => report);
  assertEquals(different.join("\n"), "");
  assertEquals(results.reduce((sum, { passed }) => sum + passed, 0) >= 281, true);
});
