import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  glob,
  GlobBudgetError,
  globMatches,
  GlobMeter,
  pathBytes,
} from "../../../src/manifests/glob.ts";
import { fileFilter } from "../../../src/manifests/patterns.ts";

function stepsOf(pattern: string, path: string): number {
  const meter = new GlobMeter(Number.MAX_SAFE_INTEGER);
  globMatches(glob(pattern), pathBytes(path), meter);
  return meter.steps;
}

Deno.test("globMatches() takes steps in proportion to the path, whatever the pattern asks for", () => {
  const patterns = [
    "*a*a*a*a*a*a*b*a*",
    "**/a/**/a/**/a/**/b/**",
    "**/**/**/**/**/b?",
    "[a-z]*[a-z]*[a-z]*[!a-z]",
    "?*?*?*?*?*?*?*b?",
  ];
  for (const pattern of patterns) {
    for (const part of ["a", "a/"]) {
      const [small = 0, middle = 0, large = 0] = [1_000, 10_000, 100_000].map((length) =>
        stepsOf(pattern, part.repeat(length / part.length))
      );
      assert(
        middle <= small * 11 && large <= middle * 11,
        `${pattern}: ${small} ${middle} ${large}`,
      );
    }
  }
});

Deno.test("fileFilter() gives up on patterns that take too many steps, and says so", () => {
  const exclude = Array.from({ length: 500 }, (_, index) => `*a*a*a*a*a*a*a*a*a*x${index}*`);
  const isRead = fileFilter({ exclude });
  const paths = Array.from({ length: 500 }, (_, index) => `${"a".repeat(200)}${index}b.yaml`);
  const error = assertThrows(() => paths.filter(isRead), GlobBudgetError);
  assertEquals(
    error.message,
    "comparing patterns with paths takes more than 20000000 steps; use fewer patterns, and fewer * in each",
  );
});
