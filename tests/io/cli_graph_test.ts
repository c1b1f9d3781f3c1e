import { assertEquals, assertMatch } from "@std/assert";
import { stringify } from "@std/yaml";
import { folderWith, meshwright } from "../support/cli.ts";
import { functionObject } from "../support/objects.ts";

function topics(input: string, output: string) {
  return { input: { topics: [input] }, output: { topic: output } };
}

Deno.test("graph draws the components of files for a terminal and warns of what is odd", async () => {
  await using folder = await folderWith({
    "a.yaml": stringify(functionObject("ping", topics("a", "b"))),
    "b.yaml": stringify(functionObject("pong", topics("b", "a"))),
  });
  const { code, notes, out } = await meshwright(["graph", folder.path]);
  assertEquals([code, out], [0, [
    "┌─────────────────┐",
    "│ ping            │",
    "│ Function  1 pod │",
    "└────────┬────────┘",
    "        [b]",
    "         ▼",
    "┌─────────────────┐",
    "│ pong            │",
    "│ Function  1 pod │",
    "└────────┬────────┘",
    "        [a]",
    "         ▼",
    "       (ping)",
  ]]);
  assertMatch(
    notes.join(),
    /^warning: .*a\.yaml:\d+: Function\/ping spec\.output\.topic: feeds itself: .* \(EndlessCycle\)$/,
  );
});

Deno.test("graph is a list in a terminal for many components, and a picture in every other format", async () => {
  const many = Array.from(
    { length: 51 },
    (_, at) => stringify(functionObject(`f${at}`, topics(`t${at}`, `t${at + 1}`))),
  );
  await using folder = await folderWith({ "a.yaml": many.join("---\n") });
  const { out } = await meshwright(["graph", folder.path]);
  assertEquals(out.length, 52);
  assertMatch(out[1] ?? "", /^Function +f0 +t0 +t1$/);
  const firsts = await Promise.all(
    ["mermaid", "dot", "svg"].map(async (format) =>
      (await meshwright(["graph", folder.path, "-o", format])).out[0]?.slice(0, 9)
    ),
  );
  assertEquals(firsts, ["flowchart", "digraph m", "<svg xmln"]);
});

Deno.test("graph -o json is the model with its findings, --mesh one mesh of it", async () => {
  const { spec } = functionObject("a", topics("a", "b"));
  const mesh = {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "FunctionMesh",
    metadata: { name: "m", namespace: "shop" },
    spec: { functions: [{ ...spec as object, name: "x" }] },
  };
  await using folder = await folderWith({
    "a.yaml": stringify(functionObject("a", topics("b", "c"))),
    "m.yaml": stringify(mesh),
  });
  const graph = async (...flags: string[]) =>
    JSON.parse((await meshwright(["graph", folder.path, "-o", "json", ...flags])).out.join("")) as {
      components: { id: string }[];
      findings: { code: string; file: string; line: number }[];
    };
  const whole = await graph();
  assertEquals(whole.components.map(({ id }) => id), ["Function shop/a", "Function shop/m-x"]);
  assertEquals(whole.findings.map(({ code }) => code), ["OutputUnread", "InputUnwritten"]);
  assertEquals(whole.findings.every(({ line }) => line > 1), true);
  const part = await graph("--mesh", "m");
  assertEquals(part.components.map(({ id }) => id), ["Function shop/m-x"]);
});

Deno.test("graph draws what can be read of files and exits 1, and 2 for words that make no sense", async () => {
  await using folder = await folderWith({
    "a.yaml": stringify(functionObject("a", topics("a", "b"))),
    "b.yaml": "kind: [\n",
  });
  const { code, notes, out } = await meshwright(["graph", folder.path]);
  assertEquals([code, out.length > 3, notes.length], [1, true, 1]);
  assertEquals((await meshwright(["graph"])).code, 2);
  assertEquals((await meshwright(["graph", "--live", folder.path])).code, 2);
});
