import { podsText } from "#topology";
import { assertEquals } from "@std/assert";
import { progressLines, progressTable } from "../../../scripts/demo/progress_table.ts";
import { row } from "./rows_for_tests.ts";

const WAITING = { isReady: false, readyPods: 0, words: "0/1 pods ready" };

Deno.test("progressTable() has a line for each component, in columns", () => {
  const table = progressTable([
    row("till", { kind: "Source" }),
    row("enrich", { ...WAITING, wantedPods: 2 }),
  ]);
  assertEquals(table, [
    "✓  Source    till    ● 1/1   1/1 pods ready",
    "…  Function  enrich  ○○ 0/2  0/1 pods ready",
  ]);
});

Deno.test("podsText() counts only where marks would be too many or none", () => {
  assertEquals(podsText({ readyPods: 7, wantedPods: 9 }), "7/9");
  assertEquals(podsText({ readyPods: 0, wantedPods: 0 }), "0/0");
  assertEquals(podsText({ readyPods: 3, wantedPods: 2 }), "●● 3/2");
});

Deno.test("progressLines() tells of creation, readiness, scaling and removal, each once", () => {
  const steps = [
    [],
    [row("a", WAITING)],
    [row("a", { ...WAITING, words: "0/1 pods ready: image is being pulled" })],
    [row("a")],
    [row("a", { isReady: false, wantedPods: 2 })],
    [row("a", { wantedPods: 2, readyPods: 2 })],
    [],
  ];
  const lines = steps.slice(1).map((after, index) => progressLines(steps[index] ?? [], after));
  assertEquals(lines, [
    ["+ Function  a  created"],
    [],
    ["✓ Function  a  ● 1/1 ready"],
    ["~ Function  a  1 to 2 pods"],
    ["✓ Function  a  ●● 2/2 ready"],
    ["- Function  a  gone"],
  ]);
});

Deno.test("progressLines() tells of a lost pod, and not of a status that is a moment behind", () => {
  const lost = row("a", WAITING);
  assertEquals(progressLines([row("a")], [lost]), ["… Function  a  ○ 0/1 0/1 pods ready"]);
  assertEquals(progressLines([row("a")], [row("a", { isReady: false })]), []);
});
