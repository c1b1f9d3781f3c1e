import { assertEquals } from "@std/assert";
import tidy, { FILE_LINES_MAX, FUNCTION_LINES_MAX } from "../../../scripts/lint_tidy.ts";

/** `line: message` of every finding. */
function findings(source: string): string[] {
  return Deno.lint.runPlugin(tidy, "/code/src/plan/x.ts", source)
    .map(({ message, range }) => `${source.slice(0, range[0]).split("\n").length}: ${message}`);
}

/** A block of so many lines, its braces included. */
function block(lines: number): string {
  return ["{", ...Array.from({ length: lines - 2 }, () => "  step();"), "}"].join("\n");
}

Deno.test("tidy/function-lines reports a function at its first line, by name", () => {
  assertEquals(findings(`\n\nfunction plan() ${block(60)}\n`), [
    "3: Function plan has 60 lines, 59 at most",
  ]);
});

Deno.test("tidy/function-lines lets a function have the last line it may", () => {
  assertEquals(findings(`function plan() ${block(FUNCTION_LINES_MAX)}\n`), []);
});

Deno.test("tidy/function-lines measures arrows, methods and getters", () => {
  assertEquals(findings(`const plan = () => ${block(61)};\n`), [
    "1: Function plan has 61 lines, 59 at most",
  ]);
  assertEquals(findings(`class Queue {\n  add() ${block(62)}\n  get #size() ${block(63)}\n}\n`), [
    "2: Function add has 62 lines, 59 at most",
    "64: Function #size has 63 lines, 59 at most",
  ]);
  assertEquals(findings(`test(() => ${block(64)});\n`), ["1: A function has 64 lines, 59 at most"]);
});

Deno.test("tidy/file-lines reports the first line too many", () => {
  assertEquals(findings("step();\n".repeat(FILE_LINES_MAX)), []);
  assertEquals(findings("step();\n".repeat(FILE_LINES_MAX + 2)), [
    "400: The file has 401 lines, 399 at most",
  ]);
});
