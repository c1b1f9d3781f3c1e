// Tried as a new user would: from the demo's last lines to the cause of a broken function.
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readSamples } from "../../scripts/demo/samples.ts";
import { sickChange } from "../../scripts/demo/sick_change.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { ran } from "../support/programs.ts";
import { openWindow, startChromium, watched } from "./support/chromium.ts";

const DEMO = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));
const SAMPLES = new URL("../../gitops/mesh/", import.meta.url);

Deno.test("from the demo's last line to why a function is broken are three clicks at most, and one command", async () => {
  await using folder = await temporaryFolder();
  await using demo = keptDemo(folder.path);
  const lines = await demo.lastLines();
  const { component, file, sick } = sickChange(await readSamples(SAMPLES));
  await commit(lines, `mesh/${file}`, sick);
  const why = /keeps failing \(restarted \d+ times\): the last run ended with exit code 1/;
  await eventually(async () => {
    const { code, text } = await explained(lines);
    assertEquals(code, 1, text);
    assertMatch(text, why);
    return true;
  }, { timeoutMs: 180_000, intervalMs: 1_000 });
  const browser = await startChromium();
  try {
    const page = await (await openWindow(browser)).newPage();
    page.setDefaultTimeout(120_000);
    const url = /xdg-open (\S+)/.exec(lines.at(-1) ?? "")?.[1] ?? "";
    const faults = await watched(page, new URL(url).origin);
    await page.goto(url);
    let clicks = 0;
    // What stands out is looked for as a person would: by what is on the page.
    await page.locator(`[data-id="c:Function/shop/${component}"]`).click();
    clicks += 1;
    const panel = page.getByRole("complementary", { name: `Function ${component}` });
    await panel.getByText(why).first().waitFor();
    await panel.getByText("What to do").waitFor();
    assertEquals([clicks <= 3, faults], [true, []]);
  } finally {
    await browser.close();
  }
});

/** The demo, which stays up. */
function keptDemo(temporary: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", DEMO, "--keep"],
    env: { TMPDIR: temporary, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = { text: "", isOver: false };
  const reading = [child.stdout, child.stderr].map(async (stream) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) said.text += part;
  });
  child.status.then(() => said.isOver = true);
  return {
    async lastLines(): Promise<readonly string[]> {
      const seen = await eventually(() => {
        if (said.isOver) throw new Error(said.text);
        const [, after = ""] = said.text.split("Everything stays up until Ctrl-C.");
        return /xdg-open \S+ .*\n/.test(after) && after;
      }, { timeoutMs: 1_800_000, intervalMs: 500 });
      return seen.trim().split("\n").slice(1).map((line) => line.trim());
    },
    async [Symbol.asyncDispose]() {
      if (!said.isOver) child.kill("SIGINT");
      await child.status;
      await Promise.all(reading);
    },
  };
}

/** Commits a file in the repository that the last lines name. */
async function commit(lines: readonly string[], path: string, text: string): Promise<void> {
  const repository = /^cd (\S+)/.exec(lines.find((line) => line.startsWith("cd ")) ?? "")?.[1];
  if (repository === undefined) throw new Error(lines.join("\n"));
  await Deno.writeTextFile(`${repository}/${path}`, text);
  const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
  await ran("git", ["-C", repository, ...who, "commit", "--all", "--message", "Scale further"]);
}

/** Runs the command of the last lines that explains a function, as a shell does. */
async function explained(lines: readonly string[]) {
  const command = lines.find((line) => line.includes(" explain "));
  const script = [lines[0], command].join("\n");
  const { code, stderr, stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { code, text };
}
