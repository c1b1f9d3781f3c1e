import { assertEquals } from "@std/assert";
import { isSafe } from "redos-detector";
import { DURATION_PATTERN } from "../../src/api/duration.ts";
import { QUANTITY_PATTERN } from "../../src/api/open_api.ts";

const FOLDER = new URL("../../src/api/", import.meta.url);

/** Rules of the API that the Git side has as well. */
const SHARED = ["git_ref.ts", "git_url.ts", "version_range.ts"]
  .map((name) => new URL(`../../src/base/${name}`, import.meta.url));

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

async function patternsOfApi(): Promise<Pattern[]> {
  const found: Pattern[] = [
    { place: "DURATION_PATTERN", pattern: new RegExp(DURATION_PATTERN) },
    { place: "QUANTITY_PATTERN", pattern: new RegExp(QUANTITY_PATTERN) },
  ];
  const files = [...SHARED];
  for await (const { name } of Deno.readDir(FOLDER)) files.push(new URL(name, FOLDER));
  for (const file of files) {
    found.push(...patternsOf(file.pathname, await Deno.readTextFile(file)));
  }
  return found;
}

Deno.test("no pattern of src/api takes longer than its text: resources come from anybody", async () => {
  const patterns = await patternsOfApi();
  assertEquals(patterns.length > 20, true, `${patterns.length} patterns`);
  // The score counts how often a matcher may go back: without end where it grows with the text.
  const slow = patterns.filter(({ pattern }) => isSafe(pattern).score.infinite);
  assertEquals(slow.map(({ place }) => place), []);
});

Deno.test("a pattern that goes back as often as its text is long is found", () => {
  const source = "export const FIELD = /\\{\\{(.*?)\\}\\}/gs;\n";
  const slow = patternsOf("a.ts", source).filter(({ pattern }) => isSafe(pattern).score.infinite);
  assertEquals(slow.map(({ place }) => place), ["a.ts:1 /\\{\\{(.*?)\\}\\}/gs"]);
});
