import { assertEquals } from "@std/assert";
import { fileFilter } from "../../src/manifests/patterns.ts";
import { folderWith } from "../support/cli.ts";
import { picked, seeded } from "../support/seeded.ts";

const SEED = 20261128;
const CASES = 400;
const PATHS_EACH = 40;

/** Parts of which names and patterns are made: short alphabets, so that much fits. */
const NAMES = [
  "a",
  "b",
  "ab",
  "a.yaml",
  "b.yaml",
  ".a",
  "a b",
  "é",
  "[a]",
  "a*",
  "!a",
  "#a",
  "a\\",
];
const PIECES = [
  ...["a", "b", "ab", ".yaml", "*", "**", "?", "/", "/", "**/", "/**", "\\*", "\\ ", " ", "é", "."],
  ...["[ab]", "[!a]", "[^a]", "[a-b]", "[]a]", "[a", "[[:alpha:]]", "[[:nope:]]", "[\\]]", "[a-]"],
  ...["[--0]", "[[:]", "\\", "\\a", "!", "#", "[b-a]", "[é]", "\\[a\\]", "***", "[[:upper:]a]"],
];

interface Case {
  readonly ignoreFiles: Readonly<Record<string, string>>;
  readonly paths: readonly string[];
}

function madeCase(chance: () => number): Case {
  const pattern = () => {
    const head = chance() < 0.2 ? "!" : chance() < 0.2 ? "/" : "";
    const count = 1 + Math.floor(chance() * 4);
    const tail = chance() < 0.15 ? "/" : chance() < 0.1 ? "  " : chance() < 0.1 ? "\r" : "";
    return head + Array.from({ length: count }, () => picked(chance, PIECES)).join("") + tail;
  };
  const file = () =>
    `${Array.from({ length: 1 + Math.floor(chance() * 4) }, pattern).join("\n")}\n`;
  const path = () =>
    Array.from({ length: 1 + Math.floor(chance() * 4) }, () => picked(chance, NAMES)).join("/");
  return {
    ignoreFiles: { "": file(), ...(chance() < 0.4 ? { "a/": file() } : {}) },
    // A folder of that name is there, for its file of patterns.
    paths: [...new Set(Array.from({ length: PATHS_EACH }, path))].filter((path) => path !== "a"),
  };
}

/** Which paths Git leaves out. */
async function leftOutByGit(directory: string, paths: readonly string[]): Promise<Set<string>> {
  const git = (...args: readonly string[]) =>
    new Deno.Command("git", {
      args: ["-C", directory, "-c", "core.excludesFile=/dev/null", ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
  const init = git("init", "-q");
  await init.stdin.close();
  await init.output();
  const check = git("check-ignore", "--no-index", "-z", "--stdin");
  const output = check.output();
  const writer = check.stdin.getWriter();
  await writer.write(new TextEncoder().encode(paths.map((path) => `${path}\0`).join("")));
  await writer.close();
  return new Set(new TextDecoder().decode((await output).stdout).split("\0"));
}

Deno.test("fileFilter() leaves out what git check-ignore leaves out, over made-up patterns and paths", async () => {
  const chance = seeded(SEED);
  const cases = Array.from({ length: CASES }, () => madeCase(chance));
  await using folder = await folderWith(Object.fromEntries(
    cases.flatMap(({ ignoreFiles }, index) =>
      Object.entries(ignoreFiles).map(([below, text]) => [`${index}/${below}.gitignore`, text])
    ),
  ));
  const all = cases.flatMap(({ paths }, index) => paths.map((path) => `${index}/${path}`));
  const byGit = await leftOutByGit(folder.path, all);
  const differing = cases.flatMap(({ ignoreFiles, paths }, index) => {
    const isRead = fileFilter({
      ignoreFiles: Object.entries(ignoreFiles).map(([below, text]) => ({
        path: `${below}.meshignore`,
        text,
      })),
    });
    return paths.filter((path) => isRead(path) === byGit.has(`${index}/${path}`))
      .map((path) => ({ path, isRead: isRead(path), ignoreFiles }));
  });
  assertEquals(differing, []);
  assertEquals(byGit.size > 1_000 && byGit.size < all.length - 1_000, true, "both answers occur");
});
