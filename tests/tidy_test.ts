import { assertEquals } from "@std/assert";
import { readRepository, type Repository } from "./support/repository.ts";
import {
  deadModules,
  idleLintPlugins,
  importCircles,
  licenceProblems,
  missingModules,
  poorFileNames,
  roomsWithoutDoor,
  strangeBytes,
  TIDY_CHECKS,
  unclearTestNames,
  unfinishedWork,
  unknownPaths,
  unusedScripts,
} from "./support/tidy.ts";

/** A made-up repository. */
function repository(
  files: Readonly<Record<string, string>>,
  imports: Readonly<Record<string, readonly string[]>> = {},
): Repository {
  return { files: new Map(Object.entries(files)), imports: new Map(Object.entries(imports)) };
}

Deno.test("the repository keeps its own rules", async (t) => {
  const own = await readRepository();
  for (const [rule, check] of Object.entries(TIDY_CHECKS)) {
    await t.step(rule, () => assertEquals(check(own), []));
  }
});

Deno.test("readRepository() sees this file and what it imports", async () => {
  const { files, imports } = await readRepository();
  assertEquals(files.get("tests/tidy_test.ts")?.startsWith("import"), true);
  assertEquals(imports.get("tests/tidy_test.ts"), [
    "tests/support/repository.ts",
    "tests/support/tidy.ts",
  ]);
});

Deno.test("deadModules() finds modules that nothing reaches, and those of src that only tests reach", () => {
  const files = {
    "main.ts": "",
    "scripts/lint/room.ts": "",
    "src/app.ts": "",
    "src/plan/drift.ts": "",
    "src/plan/order.ts": "",
    "tests/plan_test.ts": "",
    "tests/support/clock.ts": "",
  };
  const imports = {
    "main.ts": ["src/app.ts"],
    "src/app.ts": ["src/plan/drift.ts"],
    "src/plan/drift.ts": ["src/app.ts"],
    "tests/plan_test.ts": ["src/plan/order.ts"],
  };
  assertEquals(deadModules(repository(files, imports)), [
    "scripts/lint/room.ts:1: imported by no program and no test, import it or remove it",
    "src/plan/order.ts:1: not reachable from main.ts, import it or remove it",
    "tests/support/clock.ts:1: imported by no program and no test, import it or remove it",
  ]);
});

Deno.test("missingModules() finds imports of what is not there", () => {
  const imports = { "main.ts": ["src/app.ts", "src/gone.ts"] };
  assertEquals(missingModules(repository({ "main.ts": "", "src/app.ts": "" }, imports)), [
    "main.ts:1: imports src/gone.ts, which is not there, write it or leave it out",
  ]);
});

Deno.test("importCircles() finds each circle once, and none where modules only share one", () => {
  const imports = {
    "src/a.ts": ["src/b.ts", "src/d.ts"],
    "src/b.ts": ["src/c.ts"],
    "src/c.ts": ["src/a.ts", "src/d.ts"],
    "src/d.ts": [],
    "tests/a_test.ts": ["tests/b_test.ts"],
    "tests/b_test.ts": ["tests/a_test.ts"],
  };
  assertEquals(importCircles(repository({}, imports)), [
    "src/a.ts:1: imports in a circle: src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts, move what both need",
  ]);
});

Deno.test("unusedScripts() finds scripts that nothing names", () => {
  const found = unusedScripts(repository({
    "deno.json": '{ "tasks": { "cluster": "deno run -A scripts/cluster.ts" } }',
    "scripts/cluster.ts": 'import "./control_plane.ts";',
    "scripts/control_plane.ts": "// scripts/control_plane.ts names itself",
    "scripts/try.ts": "// scripts/try.ts names itself",
  }));
  assertEquals(found, [
    "scripts/try.ts:1: named nowhere, give it a task in deno.json or remove it",
  ]);
});

Deno.test("unknownPaths() reads documents and comments, links and patterns", () => {
  const found = unknownPaths(repository({
    "CHANGELOG.md": "Removed `src/old.ts`.",
    "README.md": [
      "Start at `src/plan/mod.ts`, then `src/plan/gone.ts`; everything is below src/.",
      "See [the licence](LICENSE), [the map](./docs/map.md) and [the site](https://example.org/a).",
      "Manifests: `gitops/mesh/*.yaml`, `gitops/operator/*.yaml`, `crds/`.",
      "Not ours: ../shared/tests/golden, https://example.org/src/a.ts",
    ].join("\n"),
    "LICENSE": "",
    "crds/functions.yaml": "",
    "gitops/mesh/orders.yaml": "",
    "src/plan/mod.ts": '/**\n * Like `tests/unit/plan`.\n */\nconst path = "src/made/up.ts";',
  }));
  assertEquals(found, [
    "README.md:1: src/plan/gone.ts is not there, name what is",
    "README.md:2: docs/map.md is not there, name what is",
    "README.md:3: gitops/operator/*.yaml is not there, name what is",
    "src/plan/mod.ts:2: tests/unit/plan is not there, name what is",
  ]);
});

Deno.test("roomsWithoutDoor() asks for mod.ts, a paragraph in it and an alias", () => {
  const found = roomsWithoutDoor(repository({
    "deno.json": '"#api": "./src/api/mod.ts", "#plan": "./src/plan/mod.ts"',
    "src/api/mod.ts": "/**\n * What a mesh is: kinds, defaults and rules.\n *\n * @module\n */\n",
    "src/cli/mod.ts": "/** The verbs of the command line, each in a file.\n * @module */\n",
    "src/kube/watch.ts": "",
    "src/plan/mod.ts": "/** @module */\n",
    "src/version.ts": "",
  }));
  assertEquals(found, [
    "src/kube/mod.ts:1: missing, a room is entered by its mod.ts",
    'deno.json:1: no import alias #kube, add "#kube": "./src/kube/mod.ts"',
    "src/plan/mod.ts:1: no paragraph with @module, say what the room is for and where to start",
  ]);
});

Deno.test("unclearTestNames() finds names that are used twice or say too little", () => {
  const found = unclearTestNames(repository({
    "tests/a_test.ts": 'Deno.test("drift() sees nothing new", () => {});\nDeno.test("drift", f);\n',
    "tests/b_test.ts":
      'Deno.test({\n  name: "drift() sees nothing new",\n});\nDeno.test(`${kind} works`, f);\n',
  }));
  assertEquals(found, [
    'tests/a_test.ts:2: test name "drift" is too short, name the subject and what it does',
    "tests/b_test.ts:1: test name of tests/a_test.ts:1 too, say what differs",
  ]);
});

Deno.test("unfinishedWork() finds notes to oneself", () => {
  const files = { "src/a.ts": `\n// ${"TO" + "DO"}: later\nconst mastodon = 1;` };
  assertEquals(unfinishedWork(repository(files)), [
    `src/a.ts:2: ${"TO" + "DO"}, do it or open an issue and name its number`,
  ]);
});

Deno.test("poorFileNames() finds empty words and other ways to write", () => {
  const files = {
    "src/git/git_utils.ts": "",
    "src/kube/Cache.ts": "",
    "src/misc/a.ts": "",
    "src/plan/commons.ts": "",
    "src/plan/community.ts": "",
  };
  assertEquals(poorFileNames(repository(files)), [
    'src/git/git_utils.ts:1: "utils" says nothing, name it by what it holds',
    "src/kube/Cache.ts:1: not in snake_case, rename it",
    'src/misc/a.ts:1: "misc" says nothing, name it by what it holds',
    'src/plan/commons.ts:1: "commons" says nothing, name it by what it holds',
  ]);
});

Deno.test("strangeBytes() finds what no text has", () => {
  const files = {
    "a.ts": "one\ntwo\0",
    "b.md": "one\r\n",
    "c.md": "\uFEFF# One",
    "d.md": "plain – text\n",
  };
  assertEquals(strangeBytes(repository(files)), [
    "a.ts:2: NUL, write plain UTF-8 text with line feeds",
    "b.md:1: carriage return, write plain UTF-8 text with line feeds",
    "c.md:1: byte order mark, write plain UTF-8 text with line feeds",
  ]);
});

Deno.test("licenceProblems() wants the text and the declaration", () => {
  assertEquals(licenceProblems(repository({ "deno.json": '{ "license": "MIT" }' })), [
    "LICENSE:1: not the Apache License 2.0, put its text there",
    'deno.json:1: licence not declared, add "license": "Apache-2.0"',
  ]);
});

Deno.test("idleLintPlugins() finds plugins that are not plugged in", () => {
  const files = {
    "deno.json": '{ "lint": { "plugins": ["./scripts/lint_tidy.ts"] } }',
    "scripts/lint_rooms.ts": "",
    "scripts/lint_tidy.ts": "",
  };
  assertEquals(idleLintPlugins(repository(files)), [
    'deno.json:1: scripts/lint_rooms.ts is not in use, add "./scripts/lint_rooms.ts" to lint.plugins',
  ]);
});
