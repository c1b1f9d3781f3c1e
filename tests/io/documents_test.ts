import {
  CONSOLE_BUDGETS,
  GIT_BUDGETS,
  HTTP_BUDGETS,
  IMPORT_BUDGETS,
  MANIFEST_BUDGETS,
  TENANT_BUDGETS,
} from "#base";
import { assertEquals, assertMatch } from "@std/assert";
import { createMetrics } from "#telemetry";
import { REMEDIES, type Remedy } from "#topology";
import { ENDED_REASONS } from "../../src/topology/remedies_of_pods.ts";
import {
  CAUSES_PAGE,
  causesPage,
  OTHER_TESTS,
  testsOf,
  UNMADE,
} from "../../scripts/generate_causes_page.ts";
import { RESOURCES_PAGE, resourcesPage } from "../../scripts/generate_resources_page.ts";
import { permissionArguments } from "../../scripts/compile/permissions.ts";
import { meshwright } from "../support/cli.ts";

const ENDED: ReadonlySet<string> = new Set(ENDED_REASONS);
const README = await Deno.readTextFile("README.md");
const COMMAND_LINE = await Deno.readTextFile("docs/command-line.md");
const GITOPS = await Deno.readTextFile("docs/gitops.md");
const SECURITY = await Deno.readTextFile("docs/security.md");
const OPERATIONS = await Deno.readTextFile("docs/operations.md");

/** README and the pages of docs/, by path. */
async function pages(): Promise<Map<string, string>> {
  const paths = ["README.md"];
  for await (const { name } of Deno.readDir("docs")) {
    if (name.endsWith(".md")) paths.push(`docs/${name}`);
  }
  const read = paths.sort().map(async (path) => [path, await Deno.readTextFile(path)] as const);
  return new Map(await Promise.all(read));
}

/** What a heading is called in a link: `## The binary` is `#the-binary`. */
function anchors(text: string): string[] {
  const headings = text.replace(/^```[^]*?^```/gm, "").matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, title = ""]) =>
    title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

Deno.test("README is short enough to be read", () => {
  assertEquals(new TextEncoder().encode(README).length < 10_000, true);
});

Deno.test("every link between pages leads somewhere, and README leads to every page", async () => {
  const all = await pages();
  const lost: string[] = [];
  const reached = new Set<string>();
  for (const [path, text] of all) {
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const { hash, pathname } = new URL(target, `file:///${path}`);
      const page = pathname.slice(1);
      if (path === "README.md") reached.add(page);
      const isThere = await Deno.stat(page).then(() => true, () => false);
      const isNamed = hash === "" || anchors(all.get(page) ?? "").includes(hash.slice(1));
      if (!isThere || !isNamed) lost.push(`${path}: ${target}`);
    }
  }
  assertEquals(lost, []);
  assertEquals([...all.keys()].filter((page) => page !== "README.md" && !reached.has(page)), []);
});

Deno.test("docs/resources.md has what src/api defines (run deno task resources-page)", async () => {
  assertEquals(await resourcesPage() === await Deno.readTextFile(RESOURCES_PAGE), true);
});

Deno.test("docs/causes.md has what src/topology and the tests have (run deno task causes-page)", async () => {
  assertEquals(causesPage() === await Deno.readTextFile(CAUSES_PAGE), true);
});

Deno.test("each cause has a test that makes it, or a reason why there is none", () => {
  const reasons = new Set(REMEDIES.map(({ reason }) => reason));
  const isEnd = ({ reason, words }: Remedy) => words !== undefined && ENDED.has(reason);
  // What a container said last decides for each reason that it may have ended with: one of them will do.
  const ends = REMEDIES.filter(isEnd).map(({ remedy }) => ({ reason: "CrashLoopBackOff", remedy }));
  const others = REMEDIES.filter((one) => !isEnd(one));
  const without = [...ends, ...others].filter((cause) => testsOf(cause).length === 0);
  assertEquals(without.map(({ reason }) => reason).sort(), Object.keys(UNMADE).sort());
  const strange = Object.keys(OTHER_TESTS).filter((reason) => !reasons.has(reason));
  assertEquals(strange, []);
});

Deno.test("the tests that docs/causes.md names beside the walk do have the cause", async () => {
  const without: string[] = [];
  for (const [reason, path] of Object.entries(OTHER_TESTS)) {
    const isNamed = new RegExp(`\\b${reason}\\b`).test(await Deno.readTextFile(path));
    if (!isNamed) without.push(`${path}: ${reason}`);
  }
  assertEquals(without, []);
});

Deno.test("the examples of docs/resources.md are valid", async () => {
  const names = (await Array.fromAsync(Deno.readDir("docs/examples"))).map(({ name }) => name);
  assertEquals(names.length, 6);
  // Each for itself: they are alternatives, and would read the same topics under the same names.
  for (const name of names) {
    const { code, notes } = await meshwright(["validate", `docs/examples/${name}`]);
    assertEquals([name, code, notes], [name, 0, ["1 file, 1 object, 0 problems"]]);
  }
});

Deno.test("docs/command-line.md names every flag with its variable", async () => {
  const missing: string[] = [];
  for (const verb of ["run", "sync"]) {
    const { out } = await meshwright([verb, "--help"]);
    for (
      const [, flag, variable] of out.join("\n").matchAll(/--([a-z-]+)(?: [A-Z]+)? \[([A-Z_]+)\]/g)
    ) {
      if (!COMMAND_LINE.includes(`\`--${flag}\``) || !COMMAND_LINE.includes(`\`${variable}\``)) {
        missing.push(`${verb} --${flag}`);
      }
    }
  }
  assertEquals(missing, []);
});

Deno.test("docs/operations.md names every metric, and none that there is not", async () => {
  const { text } = await createMetrics().exposition();
  const real = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? "");
  const named = [...OPERATIONS.matchAll(/^\| `([a-z_]+)` /gm)].map(([, name]) => name ?? "")
    .filter((name) => /^(function_mesh|mesh|process)_/.test(name));
  assertEquals(named.sort(), [...real].sort());
});

Deno.test("README's two commands name the version that CI runs", async () => {
  const ci = await Deno.readTextFile(".ci/run");
  const [version] = /deno@\d+\.\d+\.\d+/.exec(ci) ?? [];
  for (const task of ["demo", "test"]) {
    assertEquals([task, README.includes(`npx -y ${version} task ${task}`)], [task, true]);
  }
});

Deno.test("docs/gitops.md names the budgets of a revision", () => {
  const MIB = 1024 * 1024;
  const count = (value: number) => value.toLocaleString("en-US");
  const budgets = MANIFEST_BUDGETS;
  const named = [
    `${count(budgets.files)} files`,
    `${budgets.fileBytes / MIB} MiB a file`,
    `${budgets.revisionBytes / MIB} MiB in all`,
    `${count(budgets.documents)} documents`,
    `${count(budgets.nodes)} values a file`,
    `${count(budgets.documentNodes)} a document`,
    `${count(budgets.keys)} members`,
    `${budgets.depth} levels`,
    `${count(budgets.aliasedNodes)} values that aliases`,
    `${budgets.substitutedChars / MIB} MiB that variables`,
    `${count(budgets.objects)} objects`,
    `${count(budgets.patterns)} lines of patterns`,
  ];
  const text = GITOPS.replace(/\s+/g, " ");
  assertEquals(named.filter((one) => !text.includes(one)), []);
});

Deno.test("docs/operations.md names every budget with its number", () => {
  const all = {
    ...MANIFEST_BUDGETS,
    ...GIT_BUDGETS,
    ...HTTP_BUDGETS,
    ...TENANT_BUDGETS,
    ...IMPORT_BUDGETS,
    ...CONSOLE_BUDGETS,
  };
  const rows = OPERATIONS.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const shown = new Map(rows.map(([, name = "", value = ""]) => [name, value]));
  const missing = Object.entries(all)
    .filter(([name, value]) => shown.get(`\`${name}\``) !== amountText(name, value));
  assertEquals(missing, []);
});

/** What a security review of the first version found. */
const FINDINGS: readonly string[] = [
  ...["C1", "C2", "H1", "H2", "H3", "H4", "M1", "M2", "M3", "M4", "M5", "M6", "M7"],
  ...["L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9"],
];

/** Findings in names of tests, in front (`C1a: …`) or behind (`… (L9)`). */
function findingsOf(text: string): string[] {
  return [...text.matchAll(/\b([CHML]\d)[a-z]?\b/g)].map(([, finding]) => finding ?? "");
}

async function namedFindings(file: string): Promise<string[]> {
  const names = (await Deno.readTextFile(file)).matchAll(
    /(?:Deno\.test\(|e2eTest\(\s*"\w+",)\s*(?:\{ name: )?["`](.*)["`]/g,
  );
  return [...names].flatMap(([, name = ""]) => findingsOf(name));
}

Deno.test("docs/security.md names for every finding C1 to L9 the tests that hold it, which have its number", async () => {
  const rows = SECURITY.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const promises = rows.filter(([, , , tests = ""]) => tests.includes("tests/"));
  const wrong: string[] = [];
  const held = new Set<string>();
  for (const [, promise, findings = "", tests = ""] of promises) {
    const files = [...tests.matchAll(/`(tests\/[^`]+)`/g)].map(([, file]) => file ?? "");
    const named = await Promise.all(files.map(namedFindings));
    const meant = findingsOf(findings);
    for (const finding of meant) held.add(finding);
    wrong.push(
      ...meant.filter((finding) => !named.flat().includes(finding))
        .map((finding) => `${promise}: no test is called after ${finding}`),
      ...files.filter((_, at) => !named[at]?.some((finding) => meant.includes(finding)))
        .map((file) => `${promise}: ${file} holds none of ${findings}`),
    );
  }
  assertEquals(wrong, []);
  assertEquals(FINDINGS.filter((finding) => !held.has(finding)), []);
});

Deno.test("L7: docs/contributing.md says whose packages stand for Deno's standard library", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile("deno.json"));
  const text = (await Deno.readTextFile("docs/contributing.md")).replace(/\s+/g, " ");
  for (const [name, target] of Object.entries<string>(imports)) {
    if (!name.startsWith("@std/")) continue;
    assertEquals([name, text.includes(`\`${name.split("/").slice(0, 2).join("/")}\``)], [
      name,
      true,
    ]);
    if (target.startsWith("jsr:@std/")) continue;
    assertMatch(
      target,
      /^npm:deno-std@\d+\.\d+\.\d+\//,
      "another publisher is to be named in the text",
    );
    assertMatch(text, /`deno-std`, which is not Deno's own publication/);
  }
});

Deno.test("L8: docs/install.md says that the permissions of the binary are no sandbox, and there are no others", async () => {
  const text = (await Deno.readTextFile("docs/install.md")).replace(/\s+/g, " ");
  assertMatch(text, /they are no sandbox: .* by `sh`/);
  const kinds = permissionArguments({ system: "linux" })
    .map((argument) => argument.replace(/^--allow-/, "").replace(/=.*$/, ""));
  const rows = [...text.matchAll(/\| (net|read|write|run|env|sys|ffi|import) +\|/g)];
  assertEquals(rows.map(([, kind]) => kind).sort(), kinds.sort());
});

function amountText(name: string, value: number): string {
  const count = (amount: number) => amount.toLocaleString("en-US");
  if (name.endsWith("Ms")) return `${count(value / 1000)} s`;
  if (!/(?:bytes|chars)$/i.test(name)) return count(value);
  const [kib, mib] = [value / 1024, value / 1024 / 1024];
  if (Number.isInteger(mib)) return `${count(mib)} MiB`;
  return Number.isInteger(kib) ? `${count(kib)} KiB` : count(value);
}

/** A page says all of these, wherever its lines end. */
async function assertSays(path: string, said: readonly string[]): Promise<void> {
  const text = (await Deno.readTextFile(path)).replace(/\s+/g, " ");
  assertEquals(said.filter((words) => !text.includes(words)), []);
}

Deno.test("C1, M6: README says whose MeshSyncs may do what, and which flag is for a cluster of one team", async () => {
  await assertSays("README.md", [
    "Whoever may create a Function runs pods as any ServiceAccount of its namespace",
    "`--pod-service-accounts`",
    "For a cluster of one team `install --single-tenant`",
    "`--gitops-rights`",
    "Every input has a budget",
    "(docs/security.md)",
  ]);
});

Deno.test("C1, M6: docs/install.md says what may run as which account, and which flag is for a cluster of one team", async () => {
  await assertSays("docs/install.md", [
    "Whoever may create a Function runs pods as any ServiceAccount of its namespace",
    "`--pod-service-accounts`",
    "`--single-tenant` is for a cluster of one team",
  ]);
});
