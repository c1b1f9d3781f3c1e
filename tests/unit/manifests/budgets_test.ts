import process from "node:process";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { MANIFEST_BUDGETS } from "#base";
import type { TreeEntry } from "#git";
import { manifestProblemText, readManifests, selectedFiles } from "#manifests";
import { yamlDocuments } from "../../../src/manifests/decode.ts";
import { filePortions } from "../../../src/manifests/wire.ts";
import { turnsDuring } from "../../support/turns.ts";

const HEAD = "apiVersion: v1\nkind: Thing\nmetadata: {name: a}\n";

function problems(text: string): string[] {
  return readManifests([{ path: "a.yaml", text }]).problems.map(manifestProblemText);
}

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("");
}

Deno.test("C2: a file over its budget is refused with the number, the limit and the line", () => {
  const { aliasedNodes, depth, documentNodes, documents, fileBytes, keys, nodes } =
    MANIFEST_BUDGETS;
  const cases: [string, string][] = [
    [
      "# ".padEnd(fileBytes + 1, "x"),
      `a.yaml:1: has ${fileBytes + 1} bytes, ${fileBytes} at most; split it`,
    ],
    [
      "a: 1\n---\n".repeat(documents + 1),
      `a.yaml:${2 * documents + 1}: the file has ${documents + 1} documents, ${documents} at most`,
    ],
    [
      `x: [${"1,".repeat(documentNodes)}]\n`,
      `a.yaml:1: the document has more than ${documentNodes} values; make several of it`,
    ],
    [
      lines(
        5,
        (at) =>
          `---\n${HEAD}spec: [${"1,".repeat(nodes / 4)}]\n`.replace("name: a", `name: a${at}`),
      ),
      `a.yaml:9: the file has more than ${nodes} values; make several of it`,
    ],
    [
      lines(documentNodes, (at) => `- ${at}\n`),
      `a.yaml:100000: the document has more than ${documentNodes} values; make several of it`,
    ],
    [
      `${HEAD}spec:\n${lines(keys + 1, (at) => ` k${at}: \n`)}`,
      `a.yaml:5: the map has ${keys + 1} members, ${keys} at most`,
    ],
    ["[".repeat(100_000), `a.yaml:1: lists and maps lie more than ${depth} deep`],
    [`${"- ".repeat(100_000)}a`, `a.yaml:1: lists and maps lie more than ${depth} deep`],
    [
      lines(1_000, (at) => `${" ".repeat(at)}a:\n`),
      `a.yaml:1: lists and maps lie more than ${depth} deep`,
    ],
    [
      `a: &a [${"x,".repeat(99)}x]\nb: [${"*a,".repeat(aliasedNodes / 100)}*a]\n`,
      `a.yaml:2: aliases stand for more than ${aliasedNodes} values; write fewer of them`,
    ],
  ];
  for (const [text, said] of cases) {
    const [found = ""] = problems(text);
    const line = (message: string) => message.replace(/^a\.yaml:\d+/, "a.yaml");
    assertEquals(line(found), line(said));
    assert(/^a\.yaml:\d+: /.test(found), found);
  }
});

Deno.test("what is within its budget is read", () => {
  const { depth, keys } = MANIFEST_BUDGETS;
  const deep = `${HEAD}spec: ${"[".repeat(depth - 5)}${"]".repeat(depth - 5)}\n`;
  const wide = `${HEAD}spec:\n${lines(keys, (at) => ` k${at}: 1\n`)}`;
  const texts = `${HEAD}spec: |\n${lines(20_000, () => "  a, b, [c], {d: e} - f ? g\n")}`;
  for (const text of [deep, wide, texts]) assertEquals(problems(text), []);
});

Deno.test("C2: all files of a revision have a budget together, and the rest is not read", () => {
  const { fileBytes, objects, revisionBytes, revisionNodes } = MANIFEST_BUDGETS;
  const big = `# ${"x".repeat(fileBytes - 100)}\n${HEAD}`;
  const many = Array.from({ length: revisionBytes / fileBytes + 2 }, (_, at) => ({
    path: `${String(at).padStart(3, "0")}.yaml`,
    text: big.replace("name: a", `name: a${at}`),
  }));
  const [first, ...rest] = readManifests(many).problems.map(manifestProblemText);
  assertEquals(rest, []);
  assert(
    /^008\.yaml:1: with this file there are \d+ bytes, 33554432 at most/.test(first ?? ""),
    first,
  );
  assertEquals([objects, revisionNodes], [20_000, 2_000_000]);
});

/** Processor time that work takes, of some tries the shortest: what else is going on only ever adds to it. */
function leastMs(work: () => unknown): number {
  return Math.min(...[1, 2, 3].map(() => {
    const before = process.cpuUsage();
    work();
    const { system, user } = process.cpuUsage(before);
    return (system + user) / 1000;
  }));
}

Deno.test("C2: reading takes as long as the text, whatever is in it", () => {
  const kinds: Record<string, (length: number) => string> = {
    "map": (length) => lines(length / 10, (at) => `k${String(at).padStart(6, "0")}: \n`),
    "flow map": (length) => `{${lines(length / 10, (at) => `k${String(at).padStart(6, "0")}: ,`)}}`,
    "list": (length) => `[${"1,".repeat(length / 2)}]`,
    "block list": (length) => "- a\n".repeat(length / 4),
    "documents": (length) => "---\na: b\n".repeat(length / 9),
    "separators": (length) => "---\n".repeat(length / 4),
    "comments": (length) => "# a\n".repeat(length / 4),
    "anchors and aliases": (length) =>
      lines(length / 20, (at) => `- &a${String(at).padStart(6, "0")} x\n- *a000000\n`),
    "one anchor": (length) => `- &a x\n${"- *a\n".repeat(length / 5)}`,
    "merges": (length) =>
      `a: &a {b: c}\n${lines(length / 20, (at) => `k${String(at).padStart(6, "0")}: {<<: *a}\n`)}`,
    "quotes": (length) => `"${'\\"'.repeat(length / 2)}"`,
    "open quotes": (length) => "\"\n'".repeat(length / 3),
    "backslashes": (length) => `"${"\\\\".repeat(length / 2)}`,
    "block text": (length) => `a: |\n${"  b\n\n".repeat(length / 5)}`,
    "tags": (length) => "- !!str a\n".repeat(length / 10),
    "indents": (length) => "- - - a\n".repeat(length / 8),
    "objects of JSON": (length) => '{"a":1}'.repeat(length / 7),
    "braces": (length) => "{ }{".repeat(length / 4),
    "marks": (length) => "\uFEFF---\n".repeat(length / 5),
    "questions": (length) => "? a\n".repeat(length / 4),
    "colons": (length) => ": ".repeat(length / 2),
    "tabs": (length) => "a:\t\t\t\n".repeat(length / 6),
    "spaces": (length) => `{"a":1}${" ".repeat(length)}{"b":1}`,
    "templates": (length) => "{{ a }}\n".repeat(length / 8),
    "conflicts": (length) => "<<<<<<< a\n".repeat(length / 10),
  };
  for (const [kind, text] of Object.entries(kinds)) {
    const took = [1_000, 10_000, 100_000].map((length) => {
      const made = text(length);
      return Math.max(leastMs(() => yamlDocuments(made)), 2);
    });
    const [, middle = 0, large = 0] = took;
    assert(large < middle * 60, `${kind}: ${took.map(Math.round).join(", ")} ms`);
  }
});

Deno.test("C2: selectedFiles() refuses ignore files that are too long before it takes their lines apart", async () => {
  const entries = [{ path: "a/.meshignore", kind: "file" as const, blob: "" }];
  const text = "\n".repeat(MANIFEST_BUDGETS.ignoreChars + 1);
  const tree = {
    root: "",
    entries,
    read: () => Promise.resolve(entries.map((entry) => ({ ...entry, text }))),
  };
  const { problems } = await selectedFiles(tree, {});
  assertEquals(problems.map(manifestProblemText), [
    "a/.meshignore: with the others of its name it has 262145 characters, 262144 at most; use fewer patterns",
  ]);
});

Deno.test("C2: selectedFiles() lets everything else have a turn while it compares many paths with many patterns", async () => {
  const entries = Array.from(
    { length: 9_000 },
    (_, index) => ({ path: `d${index % 50}/${index}.yaml`, kind: "file" as const, blob: "" }),
  );
  const tree = { root: "", entries, read: () => Promise.resolve([]) };
  const exclude = Array.from({ length: 100 }, (_, index) => `x${index}`);
  let found = 0;
  const turns = await turnsDuring(async () => {
    found = (await selectedFiles(tree, { exclude })).selection.entries.length;
  });
  assertEquals(found, 9_000);
  assertEquals(turns > 1, true, `${turns} turns`);
});

Deno.test("C2: selectedFiles() lets everything else have a turn while it looks through very many files", async () => {
  const entries = Array.from(
    { length: 90_000 },
    (_, index) => ({ path: `d${index % 50}/${index}.yaml`, kind: "file" as const, blob: "" }),
  );
  const tree = { root: "", entries, read: () => Promise.resolve([]) };
  let messages: string[] = [];
  const turns = await turnsDuring(async () => {
    messages = (await selectedFiles(tree, {})).problems.map(({ message }) => message);
  });
  assertEquals(messages, [
    "there are 90000 manifest files below this folder, 10000 at most; give parts of them to MeshSyncs of their own",
  ]);
  assertEquals(turns >= 40, true, `${turns} turns`);
});

Deno.test("C2: a content that is too large to be taken as text is a problem, of a file that leaves others out as well", async () => {
  const untakenBytes = MANIFEST_BUDGETS.fileBytes + 1;
  const messages = async (large: string) => {
    const entries = ["a.yaml", large].map((path) => ({ path, kind: "file" as const, blob: "" }));
    const read = (some: readonly TreeEntry[]) =>
      Promise.resolve(
        some.map((entry) =>
          entry.path === large ? { ...entry, text: "", untakenBytes } : { ...entry, text: "a: 1" }
        ),
      );
    const { files, problems } = await selectedFiles({ root: "in", entries, read }, {});
    return [...files.map(({ path }) => path), ...problems.map(manifestProblemText)];
  };
  const message = "has 4194305 bytes, 4194304 at most; split it";
  assertEquals(await messages("b.yaml"), ["in/a.yaml", `in/b.yaml:1: ${message}`]);
  assertEquals(await messages(".meshignore"), [`in/.meshignore:1: ${message}`]);
});

Deno.test("C2: files go to the thread in portions, and no more of them than a revision may have", () => {
  const file = (index: number) => ({ path: `${index}.yaml`, text: "x".repeat(1024 * 1024) });
  const portions = [...filePortions(Array.from({ length: 60 }, (_, index) => file(index)))];
  // With the one that is too much, of which the thread says so.
  assertEquals(portions.map(({ length }) => length), [4, 4, 4, 4, 4, 4, 4, 4, 1]);
});

Deno.test("yamlDocuments() reads fewer values of a file that variables or decryption change, and no more of it", () => {
  const { editedNodes } = MANIFEST_BUDGETS;
  const text = `---\na: [${"1,".repeat(editedNodes / 4)}]\n`.repeat(8);
  let steps = 0;
  const { nodes, problems } = yamlDocuments(text, () => [], () => steps++);
  assertEquals(problems.map(({ message }) => message), [
    `the file has more than ${editedNodes} values; make several of it`,
  ]);
  assert(nodes <= editedNodes + 2 && steps <= 5, `${nodes} values in ${steps} documents`);
  assertEquals(yamlDocuments(text).problems, []);
});

Deno.test("selectedFiles() refuses a path that nobody can check out", async () => {
  const path = `${"a/".repeat(50_000)}b.yaml`;
  const tree = {
    root: "mesh",
    entries: [{ path, blob: "1", kind: "file" as const }],
    read: () => Promise.reject(new Error("nothing is read")),
  };
  const { files, problems } = await selectedFiles(tree, { exclude: ["c/"] });
  assertEquals(files, []);
  assertMatch(
    problems[0]?.message ?? "",
    /^its path has 100006 characters, 4096 at most; put it into fewer or shorter folders$/,
  );
});
