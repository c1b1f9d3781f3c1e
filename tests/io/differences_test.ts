import { assertEquals } from "@std/assert";

const COUNT = 62;

/** Lines of the table as number and state. */
const LINES = (await Deno.readTextFile("docs/from-function-mesh.md")).split("\n").flatMap(
  (line) => {
    const [, number, , state] = /^\| W-(\d+) +\| (.+?) +\| (\w[\w ]*?) +\| (.+?) +\|$/.exec(line) ??
      [];
    return number === undefined ? [] : [{ number: Number(number), state }];
  },
);

Deno.test("docs/from-function-mesh.md has one line for each weakness of the reference, in order", () => {
  const numbers = Array.from({ length: COUNT }, (_, index) => index + 1);
  assertEquals(LINES.map(({ number }) => number), numbers);
  const states = new Set(LINES.map(({ state }) => state));
  assertEquals(
    [...states].filter((state) => !/^(fixed|kept|option|not yet)$/.test(state ?? "")),
    [],
  );
});

Deno.test("each weakness that docs call fixed has a test that carries its number", async () => {
  const texts = await Promise.all(
    (await testFiles("tests")).map((file) => Deno.readTextFile(file)),
  );
  const numbers = new Set(
    texts.flatMap((text) => titles(text).flatMap((title) => title.match(/\bW-\d+\b/g) ?? [])),
  );
  const missing = LINES.filter(({ number, state }) =>
    state === "fixed" && !numbers.has(`W-${number}`)
  );
  assertEquals(missing.map(({ number }) => number), []);
});

/** What tests are called. */
function titles(text: string): string[] {
  return [
    ...text.matchAll(
      /(?:\.test|\bcontrollerTest|\bstep)\(\s*(?:\{\s*name:\s*)?"((?:[^"\\]|\\.)*)"/g,
    ),
  ]
    .map(([, title]) => title ?? "");
}

async function testFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...await testFiles(path));
    else if (name.endsWith("_test.ts")) files.push(path);
  }
  return files;
}
