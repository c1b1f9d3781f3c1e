import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "../../src/cli/mod.ts";
import { folderWith, meshwright } from "../support/cli.ts";

const VERBS = ["run", "sync", "render", "validate", "explain", "graph", "crds", "version"];

Deno.test("meshwright --help lists every verb", async () => {
  const { code, out } = await meshwright(["--help"]);
  assertEquals(code, 0);
  for (const verb of VERBS) assertStringIncludes(out.join("\n"), `  ${verb}`);
});

Deno.test("every verb explains itself, each flag with its variable", async () => {
  for (const verb of VERBS) {
    const { code, out } = await meshwright([verb, "--help"]);
    const text = out.join("\n");
    assertEquals([verb, code], [verb, 0]);
    assertStringIncludes(text, `Usage: meshwright ${verb}`);
    for (const line of text.split("\n").filter((candidate) => /^ {2}(-\w, )?--/.test(candidate))) {
      assertMatch(line, /\[[A-Z_]+\]$/);
    }
  }
});

Deno.test("an unknown flag is refused with the nearest known one and exit code 2", async () => {
  const { code, notes } = await meshwright(["run", "--git-ulr", "x"]);
  assertEquals(code, 2);
  assertStringIncludes(notes.join("\n"), "Unknown flag --git-ulr: did you mean --git-url?");
});

Deno.test("an unknown verb is refused with the nearest known one and exit code 2", async () => {
  const { code, notes } = await meshwright(["rendr"]);
  assertEquals(code, 2);
  assertStringIncludes(notes.join("\n"), "did you mean render?");
});

Deno.test("a bad value names the flag or the variable that holds it", async () => {
  const flag = await meshwright(["run", "--concurrency", "many"]);
  assertEquals(flag.code, 2);
  assertStringIncludes(flag.notes.join("\n"), '--concurrency: "many" is no whole number');
  const variable = await meshwright(["run"], { GIT_INTERVAL: "soon" });
  assertEquals(variable.code, 2);
  assertStringIncludes(variable.notes.join("\n"), "the variable GIT_INTERVAL");
});

Deno.test("flags that make no sense together are refused", async () => {
  const ref = await meshwright(["run", "--git-ref", "main"]);
  assertEquals([ref.code, ref.notes.length], [2, 1]);
  const sync = await meshwright(["sync", "--git-url", "https://git.example/a.git"]);
  assertEquals(sync.code, 2);
  assertStringIncludes(sync.notes.join("\n"), "--once");
  const semver = await meshwright([
    "run",
    "--git-url",
    "https://git.example/a.git",
    "--git-ref",
    "semver:newest",
  ]);
  assertEquals(semver.code, 2);
  const secure = await meshwright(["run", "--metrics-secure", "--metrics-addr", ":8000"]);
  assertEquals(secure.code, 2);
  assertStringIncludes(
    secure.notes.join("\n"),
    "--metrics-secure needs a --metrics-addr of its own",
  );
  assertStringIncludes(semver.notes.join("\n"), "--git-ref");
});

Deno.test("shards are refused that there are not, and without an election", async () => {
  for (
    const [shard, words] of [
      ["3/3", "shards count from 0, the last of 3 is 2"],
      ["any/33", "there are 32 shards at most"],
      ["0/0", "write N/M, e.g. 0/3, or any/M"],
      ["1", "write N/M, e.g. 0/3, or any/M"],
      ["-1/3", "write N/M, e.g. 0/3, or any/M"],
      ["some/3", "write N/M, e.g. 0/3, or any/M"],
    ] as const
  ) {
    const { code, notes } = await meshwright([
      "run",
      "--enable-leader-election",
      `--shard=${shard}`,
    ]);
    assertEquals([shard, code], [shard, 2]);
    assertStringIncludes(notes.join("\n"), `Cannot use --shard ${shard}: ${words}`);
  }
  const alone = await meshwright(["run", "--shard=0/3"]);
  assertEquals(alone.code, 2);
  assertStringIncludes(alone.notes.join("\n"), "--shard needs --enable-leader-election");
});

Deno.test("version says which version of the program and of the runtime", async () => {
  const { code, out } = await meshwright(["version"]);
  assertEquals(code, 0);
  assertMatch(out.join(""), /^meshwright \d+\.\d+\.\d+ \(deno \d/);
  assertEquals((await meshwright(["--version"])).out, out);
});

Deno.test("crds prints what lies in crds/, for kubectl apply", async () => {
  const { out } = await meshwright(["crds"]);
  const text = out.join("\n");
  for await (const entry of Deno.readDir("crds")) {
    const [name] = entry.name.split(".yaml");
    assertStringIncludes(text, `name: ${name}`);
  }
  assertEquals(text.match(/^kind: CustomResourceDefinition$/gm)?.length, 6);
});

Deno.test("what cannot be read is said once, in a few words", async () => {
  await using folder = await folderWith({ "a.yaml": "" });
  const { path } = folder;
  const missing = "there is no such file or folder";
  const words: readonly (readonly [readonly string[], string])[] = [
    [["validate", "nothing"], `validate: Cannot read nothing: ${missing}`],
    [["render", "-f", `${path}/gone.yaml`], `render: Cannot read ${path}/gone.yaml: ${missing}`],
    [
      ["validate", `${path}/a.yaml/b`],
      `validate: Cannot read ${path}/a.yaml/b: something on the way to it is a file, and no folder`,
    ],
    [
      ["render", "--config-file", `${path}/c.yaml`, path],
      `render: Cannot read the configuration file ${path}/c.yaml: ${missing}`,
    ],
    [
      ["render", "--config-file", path, path],
      `render: Cannot read the configuration file ${path}: it is a folder`,
    ],
    [
      ["run", "--git-url", "https://example.org/a", "--git-ref", "a..b"],
      'run: Cannot read --git-ref: Cannot follow "a..b": it is no valid name in Git',
    ],
  ];
  for (const [args, said] of words) {
    assertEquals(await meshwright([...args]), { code: 2, out: [], notes: [`meshwright ${said}`] });
  }
});

Deno.test("as a plugin of kubectl the program says so, takes flags before the verb, and runs nothing unasked", async () => {
  const said = async (...words: string[]) => {
    const lines: string[] = [];
    const program = { text: "kubectl mesh", isPlugin: true };
    const output = {
      out: (line: string) => lines.push(line),
      note: (line: string) => lines.push(line),
    };
    const signal = new AbortController().signal;
    const code = await main(words, { signal, output, env: {}, program });
    return { code, text: lines.join("\n") };
  };
  for (const words of [[], ["--help"], ["help"]]) {
    const { code, text } = await said(...words);
    assertEquals(code, 0);
    assertStringIncludes(text, "Usage: kubectl mesh [VERB]");
    assertEquals(text.includes("it runs"), false);
  }
  assertStringIncludes(
    (await said("get", "-h")).text,
    "Usage: kubectl mesh get syncs|components|sources|functions|sinks [NAME] [FLAGS]",
  );
  const { code, text } = await said("-n", "shop", "get", "pods");
  assertEquals(code, 2);
  assertStringIncludes(text, 'kubectl mesh get: Cannot get "pods": did you mean ');
  assertStringIncludes(text, "There are syncs, components, sources, functions, sinks");
});
