import { assertEquals, assertMatch } from "@std/assert";
import { stringify } from "@std/yaml";
import { folderWith, meshwright } from "../support/cli.ts";
import { functionObject } from "../support/objects.ts";

Deno.test("validate names file, line, object and field of each problem and exits 1", async () => {
  const bad = functionObject("bad", { java: { jar: "", jarLocation: "ftp://x" } });
  await using folder = await folderWith({
    "meshes/good.yaml": stringify(functionObject("good")),
    "meshes/deep/bad.yaml": stringify(bad),
  });
  const { code, out } = await meshwright(["validate", folder.path]);
  assertEquals(code, 1);
  assertEquals(out.length, 2);
  for (const line of out) {
    assertMatch(line, /\/meshes\/deep\/bad\.yaml:\d+: Function\/bad spec\.java\.jar/);
  }
});

Deno.test("validate exits 0 where all is well, and 2 without a path", async () => {
  await using folder = await folderWith({ "good.yaml": stringify(functionObject("good")) });
  const { code, out } = await meshwright(["validate", `${folder.path}/good.yaml`]);
  assertEquals([code, out], [0, []]);
  assertEquals((await meshwright(["validate"])).code, 2);
  assertEquals((await meshwright(["validate", `${folder.path}/none.yaml`])).code, 2);
});

Deno.test("validate -o json gives the same as data", async () => {
  await using folder = await folderWith({
    "bad.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n a: b\n",
  });
  const { code, out } = await meshwright(["validate", "-o", "json", folder.path]);
  const report = JSON.parse(out.join("")) as {
    problems: { file: string; line: number; message: string }[];
  };
  assertEquals(code, 1);
  assertEquals(report.problems.map(({ file, line }) => [file.endsWith("/bad.yaml"), line > 0]), [[
    true,
    true,
  ]]);
});
