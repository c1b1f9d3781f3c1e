import { assertEquals } from "@std/assert";
import rooms from "../../../scripts/lint_rooms.ts";

function findings(path: string, source: string): string[] {
  return Deno.lint.runPlugin(rooms, `/code/${path}`, source)
    .filter(({ id }) => id === "rooms/time")
    .map(({ message, range }) => `${source.slice(...range)}: ${message}`);
}

Deno.test("rooms/time leaves timers and the time to base/clock.ts, also in rooms with effects", () => {
  const sources = [
    "Date.now();",
    "new Date();",
    "performance.now();",
    "setTimeout(stop, 1);",
    "setInterval(look, 1);",
    "AbortSignal.timeout(5);",
    "const wait = setTimeout;",
    "const { now } = Date;",
    "Temporal.Now.instant();",
  ];
  for (const path of ["src/kube/x.ts", "src/cli/x.ts", "src/app.ts", "src/gitops/plan/x.ts"]) {
    for (const source of sources) {
      assertEquals(findings(path, source).length, 1, `${path}: ${source}`);
    }
  }
  assertEquals(findings("src/kube/x.ts", "setTimeout(stop, 1);"), [
    "setTimeout: Only base/clock.ts uses setTimeout",
  ]);
});

Deno.test("rooms/time lets times be computed, clocks be asked, and tests do what they like", () => {
  const fine =
    "new Date(timeMs); Date.parse(text); clock.now(); AbortSignal.any([]); x.setTimeout(1);";
  assertEquals(findings("src/kube/x.ts", fine), []);
  for (const path of ["src/base/clock.ts", "tests/io/x_test.ts", "scripts/x.ts"]) {
    assertEquals(findings(path, "Date.now(); setTimeout(stop, 1);"), []);
  }
});
