import { assertEquals } from "@std/assert";
import { topologyPicture } from "#topology";
import { row } from "../scripts/rows_for_tests.ts";

Deno.test("topologyPicture() draws source, topic, function, topic and sink from top to bottom", () => {
  const picture = topologyPicture([
    row("till", { kind: "Source", mesh: "shop", output: "raw" }),
    row("enrich", { mesh: "shop", inputs: ["raw"], output: "rich", wantedPods: 3, readyPods: 2 }),
    row("archive", { kind: "Sink", inputs: ["rich"] }),
  ]);
  assertEquals(picture, [
    "  ╔═══════════════╗",
    "  ║ till          ║",
    "  ║ Source  ● 1/1 ║",
    "  ╚═══════╤═══════╝",
    "        [raw]",
    "          ▼",
    "╔═══════════════════╗",
    "║ enrich            ║",
    "║ Function  ●●○ 2/3 ║",
    "╚═════════╤═════════╝",
    "        [rich]",
    "          ▼",
    "   ┌─────────────┐",
    "   │ archive     │",
    "   │ Sink  ● 1/1 │",
    "   └─────────────┘",
  ]);
});

Deno.test("topologyPicture() splits under a topic with several readers and shows the autoscaler", () => {
  const picture = topologyPicture([
    row("a", { inputs: ["in"], autoscaler: { min: 1, max: 4 } }),
    row("b", { inputs: ["in"] }),
    row("c", { kind: "Sink", inputs: ["in"] }),
  ]);
  assertEquals(picture, [
    "                             [in]",
    "         ┌────────────────────┼──────────────────┐",
    "         ▼                    ▼                  ▼",
    "┌─────────────────┐  ┌─────────────────┐  ┌─────────────┐",
    "│ a               │  │ b               │  │ c           │",
    "│ Function  ● 1/1 │  │ Function  ● 1/1 │  │ Sink  ● 1/1 │",
    "│ HPA 1 to 4 pods │  └─────────────────┘  └─────────────┘",
    "└─────────────────┘",
  ]);
});

Deno.test("topologyPicture() names what is reached a second time instead of drawing it again", () => {
  const picture = topologyPicture([
    row("left", { kind: "Source", output: "one" }),
    row("right", { kind: "Source", output: "two" }),
    row("join", { inputs: ["one", "two"] }),
  ]).join("\n");
  assertEquals(picture.match(/│ join/g)?.length, 1);
  assertEquals(picture.match(/\(join\)/g)?.length, 1);
});

Deno.test("topologyPicture() ends for components that feed each other", () => {
  const picture = topologyPicture([
    row("ping", { inputs: ["a"], output: "b" }),
    row("pong", { inputs: ["b"], output: "a" }),
  ]).join("\n");
  assertEquals(picture.match(/│ (ping|pong) /g)?.length, 2);
  assertEquals(picture.includes("(ping)"), true);
});

Deno.test("topologyPicture() puts what is not connected side by side while it fits, then below", () => {
  const rows = [row("a"), row("b"), row("c")];
  assertEquals(topologyPicture(rows, { columnsMax: 78 }).length, 4);
  assertEquals(topologyPicture(rows, { columnsMax: 40 }).length, 9);
  assertEquals(topologyPicture([]), []);
});
