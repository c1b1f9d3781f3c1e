import { assertEquals, assertMatch } from "@std/assert";
import {
  againAlone,
  closingLine,
  type FileRun,
  runFile,
  runSideBySide,
} from "../../scripts/stage/file_runs.ts";

/** A folder with one test file for each text, and runs of these. */
async function withFiles(
  texts: Readonly<Record<string, string>>,
  work: (run: (file: string) => Promise<FileRun>, lines: string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "meshwright-stage-" });
  try {
    for (const [name, text] of Object.entries(texts)) {
      await Deno.writeTextFile(`${folder}/${name}_test.ts`, text);
    }
    const lines: string[] = [];
    const progress = (line: string) => void lines.push(line.replaceAll(`${folder}/`, ""));
    const args = ["test", "--no-config", "--no-lock", "--no-check", "-A"];
    const run = async (name: string) => ({
      ...await runFile(`${folder}/${name}_test.ts`, {
        args,
        env: { FOLDER: folder },
        progress,
        show: () => Promise.resolve(),
      }),
      file: name,
    });
    await work(run, lines);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const TEST = "const { test } = Deno;";
const GOOD = `${TEST} test("a", () => {}); test("b", () => {});`;
const BAD = `${TEST} test("a", () => { throw new Error("always"); });`;
const BROKEN = `import "./nowhere.ts";`;
/** Fails where it has not run before. */
const FLAKY = `${TEST}
import { existsSync } from "node:fs";
test("a", () => {
  const seen = Deno.env.get("FOLDER") + "/seen";
  if (existsSync(seen)) return;
  Deno.writeTextFileSync(seen, "");
  throw new Error("the first time");
});
test("b", () => {});`;

Deno.test("files are counted, and one that cannot be read is a failure", async () => {
  await withFiles({ good: GOOD, bad: BAD, broken: BROKEN }, async (run, lines) => {
    const runs = await runSideBySide(["good", "bad", "broken"], 2, run);
    assertEquals(closingLine(runs), "FAILED | 2 passed | 2 failed\n");
    assertEquals(lines.length, 3);
    assertMatch(
      lines.find((line) => line.startsWith("bad")) ?? "",
      /^bad_test.ts: 0 passed, 1 failed/,
    );
  });
});

Deno.test("what fails runs once more, and only what passes then is no failure, with a word", async () => {
  await withFiles({ good: GOOD, bad: BAD, flaky: FLAKY }, async (run, lines) => {
    const first = await runSideBySide(["good", "bad", "flaky"], 1, run);
    assertEquals(closingLine(first), "FAILED | 3 passed | 2 failed\n");
    const again: string[] = [];
    const last = await againAlone(first, {
      runAlone: (file) => {
        again.push(file);
        return run(file);
      },
      progress: (line) => lines.push(line),
    });
    assertEquals(again, ["bad", "flaky"]);
    assertEquals(closingLine(last), "FAILED | 4 passed | 1 failed\n");
    assertEquals(lines.filter((line) => line.includes("PASSED ONLY ALONE")), [
      "flaky PASSED ONLY ALONE: why it failed first is above",
    ]);
  });
});

Deno.test("more than three files that fail are not tried again", async () => {
  const runs = ["a", "b", "c", "d"].map((file): FileRun => ({
    file,
    tally: { passed: 0, failed: 1, skipped: 0 },
  }));
  const last = await againAlone(runs, {
    runAlone: () => Promise.reject(new Error("Cannot be asked for")),
    progress: () => {},
  });
  assertEquals(closingLine(last), "FAILED | 0 passed | 4 failed\n");
});
