import { assertEquals } from "@std/assert";
import { Screen, type ScreenOptions } from "../../../scripts/demo/screen.ts";

function recorded(options: Partial<ScreenOptions>): { screen: Screen; text: () => string } {
  let text = "";
  const screen = new Screen({
    isTerminal: true,
    hasColours: false,
    size: () => ({ columns: 20, rows: 4 }),
    ...options,
    write: (part) => text += part,
  });
  return { screen, text: () => text };
}

Deno.test("a screen without a terminal writes lines and no control character", () => {
  const { screen, text } = recorded({ isTerminal: false });
  screen.line("title", "bold");
  screen.live(["drawn in place"]);
  screen.marked("✓ [topic]");
  screen[Symbol.dispose]();
  assertEquals(text(), "title\n✓ [topic]\n");
});

Deno.test("a screen draws in place, cut to the window, and not again what did not change", () => {
  const { screen, text } = recorded({});
  screen.live(["a", "b".repeat(30)]);
  screen.live(["a", "b".repeat(30)]);
  screen.live(["c"]);
  const first = `\x1b[?25l\x1b[2Ka\n\x1b[2K${"b".repeat(19)}\n\x1b[J`;
  assertEquals(text(), `${first}\x1b[2A\x1b[2Kc\n\x1b[J`);
});

Deno.test("a screen never draws more lines than it can take back", () => {
  const { screen, text } = recorded({});
  screen.live(["1", "2", "3", "4", "5"]);
  assertEquals(text().match(/\n/g)?.length, 3);
});

Deno.test("a screen gives the cursor back when the drawing is over", () => {
  const { screen, text } = recorded({});
  screen.live(["a"]);
  screen.line("next");
  screen[Symbol.dispose]();
  assertEquals(text().endsWith("\x1b[?25hnext\n"), true);
});

Deno.test("a screen colours marks and topics, each once", () => {
  const { screen, text } = recorded({ hasColours: true });
  screen.marked("●○ [raw]");
  assertEquals(text(), "\x1b[32m●\x1b[0m\x1b[33m○\x1b[0m \x1b[36m[raw]\x1b[0m\n");
});
