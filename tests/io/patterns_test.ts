import { assertEquals } from "@std/assert";
import { isSafe } from "redos-detector";
import { DURATION_PATTERN } from "../../src/api/duration.ts";
import { QUANTITY_PATTERN } from "../../src/api/open_api.ts";

const FOLDER = new URL("../../src/", import.meta.url);

/** A regular expression of a source file. */
interface Pattern {
  readonly place: string;
  readonly pattern: RegExp;
}

/** The regular expressions that a source holds. */
function patternsOf(name: string, source: string): Pattern[] {
  const patterns: Pattern[] = [];
  Deno.lint.runPlugin(
    {
      name: "patterns",
      rules: {
        literals: {
          create: () => ({
            Literal({ value, range }) {
              if (!(value instanceof RegExp)) return;
              const line = source.slice(0, range[0]).split("\n").length;
              patterns.push({ place: `${name}:${line} ${value}`, pattern: value });
            },
          }),
        },
      },
    },
    name,
    source,
  );
  return patterns;
}

/** All sources of a folder and those below it. */
async function sourcesBelow(folder: URL): Promise<URL[]> {
  const found: URL[] = [];
  for await (const { isDirectory, name } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await sourcesBelow(new URL(`${name}/`, folder)));
    else if (name.endsWith(".ts")) found.push(new URL(name, folder));
  }
  return found;
}

async function allPatterns(): Promise<Pattern[]> {
  const found: Pattern[] = [
    { place: "DURATION_PATTERN", pattern: new RegExp(DURATION_PATTERN) },
    { place: "QUANTITY_PATTERN", pattern: new RegExp(QUANTITY_PATTERN) },
  ];
  for (const file of await sourcesBelow(FOLDER)) {
    const name = file.pathname.slice(FOLDER.pathname.length);
    found.push(...patternsOf(name, await Deno.readTextFile(file)));
  }
  return found;
}

Deno.test("C2: no pattern of src takes longer than its text: texts come from anybody", async () => {
  const patterns = await allPatterns();
  assertEquals(patterns.length > 200, true, `${patterns.length} patterns`);
  // The score counts how often a matcher may go back: without end where it grows with the text.
  const slow = patterns.filter(({ pattern }) => isSafe(pattern).score.infinite);
  assertEquals(slow.map(({ place }) => place).sort(), []);
});

Deno.test("a pattern that goes back as often as its text is long is found", () => {
  const source = "export const FIELD = /\\{\\{(.*?)\\}\\}/gs;\n";
  const slow = patternsOf("a.ts", source).filter(({ pattern }) => isSafe(pattern).score.infinite);
  assertEquals(slow.map(({ place }) => place), ["a.ts:1 /\\{\\{(.*?)\\}\\}/gs"]);
});
