import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { stringify } from "@std/yaml";
import { folderWith, meshwright } from "../support/cli.ts";
import { fakeApiServer } from "../support/fake_api_server.ts";
import { functionObject } from "../support/objects.ts";
import { SyncWorld } from "../support/sync_world.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const BAD = stringify(functionObject("bad", { java: { jar: "" } }));

/** Runs the program as a process of its own, in a folder. */
async function run(
  args: readonly string[],
  { cwd, stdin = "" }: { readonly cwd: string; readonly stdin?: string },
): Promise<{ readonly code: number; readonly out: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, ...args],
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stderr, stdout } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout) + text(stderr) };
}

Deno.test("H1: validate reads what is named by any spelling of its path", async () => {
  await using folder = await folderWith({
    "here/.k8s/bad.yaml": BAD,
    "here/.k8s/.hidden.yaml": BAD,
    "here/.k8s/deep/fine.yaml": stringify(functionObject("good")),
    "here/plain": BAD,
    "here/windows.yaml": BAD.replaceAll("\n", "\r\n"),
    "other/none.txt": "",
  });
  const [cwd, other] = [`${folder.path}/here`, `${folder.path}/other`];
  await Deno.symlink(`${cwd}/.k8s`, `${other}/link`);
  await Deno.symlink(`../here/.k8s/bad.yaml`, `${other}/link.yaml`);
  const spellings = [
    ...[
      ".k8s",
      "./.k8s",
      "./.k8s/",
      ".k8s//",
      "../here/.k8s",
      `${cwd}/.k8s`,
      "../other/../here/.k8s",
    ],
    ...[".k8s/bad.yaml", "./.k8s/bad.yaml", "../here/.k8s/bad.yaml", `${cwd}/.k8s/bad.yaml`],
    ...["plain", "./plain", "windows.yaml", ".k8s/.hidden.yaml", ".k8s\r", ".k8s/bad.yaml\r"],
    ...[
      "../other/link",
      "../other/link/",
      "../other/link.yaml",
      "../other",
      ".k8s/*.yaml",
      ".k*",
      "-",
    ],
  ];
  for (const spelling of spellings) {
    const { code, out } = await run(["validate", spelling], { cwd, stdin: BAD });
    assertEquals(code, 1, spelling);
    assertMatch(out, /:\d+: Function\/bad spec\.java\.jar: /, spelling);
    assertStringIncludes(out, "1 problem", spelling);
  }
  const inside = await run(["validate", "."], { cwd: `${cwd}/.k8s` });
  assertEquals([inside.code, inside.out.split("\n")[0]?.split(" ")[0]], [1, "./bad.yaml:20:"]);
});

Deno.test("H1: diff compares what is named by any spelling of its path, and fails where nothing is", async () => {
  const map = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}';
  await using server = fakeApiServer(new SyncWorld().cluster);
  await using folder = await folderWith({
    ".hid/d/a.yaml": map,
    "x/none.txt": "",
    "kubeconfig.json": server.kubeconfig,
  });
  const diff = (path: string) =>
    meshwright(["diff", `${folder.path}/${path}`, `--kubeconfig=${folder.path}/kubeconfig.json`]);
  for (const path of [".hid/d", "x/../.hid/d", ".hid/d/a.yaml", "x/../.hid/d/a.yaml", ".hid/*"]) {
    const { code, notes, out } = await diff(path);
    assertEquals([code, notes], [1, []], path);
    assertMatch(out.join("\n"), /^\+\+\+ planned ConfigMap \S+\/a$/m, path);
  }
  const nothing = await diff("x");
  assertEquals([nothing.code, nothing.out], [2, []]);
  assertStringIncludes(nothing.notes.join("\n"), "holds no manifests");
});

Deno.test("render reads what is named by any spelling of its path too", async () => {
  await using folder = await folderWith({ ".k8s/bad.yaml": BAD, "x/none.txt": "" });
  for (const spelling of [".k8s", "./.k8s/bad.yaml", "x/../.k8s/bad.yaml", "-"]) {
    const { code, out } = await run(["render", "-f", spelling], { cwd: folder.path, stdin: BAD });
    assertEquals(code, 1, spelling);
    assertStringIncludes(out, "Function/bad spec.java.jar: ", spelling);
  }
});

Deno.test("H1: validate fails where nothing is, and names it", async () => {
  await using folder = await folderWith({
    "comment.yaml": "# nothing\n---\n",
    "empty.yaml": "",
    "package.json": '{"name": "x"}',
    "good/a.yaml": stringify(functionObject("good")),
    "hidden/.a.yaml": BAD,
    "texts/README.md": "text",
  });
  const path = (name: string) => `${folder.path}/${name}`;
  const cases = [
    ["comment.yaml", "holds no object; an object has apiVersion, kind and metadata"],
    ["empty.yaml", "holds no object; an object has apiVersion, kind and metadata"],
    ["package.json", "holds no object; an object has apiVersion, kind and metadata"],
    [
      "hidden",
      "holds no manifests: no *.yaml, *.yml or *.json that is not hidden is below this folder",
    ],
    [
      "texts/",
      "holds no manifests: no *.yaml, *.yml or *.json that is not hidden is below this folder",
    ],
    ["texts/*.yaml", "matches no file"],
  ] as const;
  for (const [name, message] of cases) {
    const { code, out } = await meshwright(["validate", path("good"), path(name)]);
    assertEquals([code, out], [1, [`${path(name)}: ${message}`]], name);
    assertEquals((await meshwright(["render", "-f", path(name)])).code, 2, name);
  }
  const both = await meshwright(["validate", "-o", "json", path("texts"), path("empty.yaml")]);
  const { problems } = JSON.parse(both.out.join("")) as { problems: { file: string }[] };
  assertEquals(problems.map(({ file }) => file), [path("texts"), path("empty.yaml")]);
});

Deno.test("validate reads a file once, however many words and links lead to it", async () => {
  await using folder = await folderWith({
    "a/good.yaml": stringify(functionObject("good")),
    "a/b/other.yaml": stringify(functionObject("other")),
  });
  const at = (name: string) => `${folder.path}/${name}`;
  await Deno.symlink(at("a"), at("a/b/circle"));
  await Deno.symlink(at("a/good.yaml"), at("a/again.yaml"));
  const words = [at("a"), at("a/b"), at("a/good.yaml"), at("a/./good.yaml")];
  const { code, notes, out } = await meshwright(["validate", ...words]);
  assertEquals([code, out], [0, []]);
  assertEquals(notes.at(-1), "2 files, 2 objects, 0 problems");
  await Deno.symlink("../gone.yaml", at("a/lost.yaml"));
  const lost = await meshwright(["validate", at("a")]);
  assertEquals(lost.out, [
    `${at("a/lost.yaml")}: is a symbolic link to "../gone.yaml", where nothing is`,
  ]);
});

Deno.test("validate follows the links of a working copy as the loop follows those of a commit", async () => {
  await using folder = await folderWith({
    "repository/meshes/own.yaml": stringify(functionObject("own")),
    "repository/base/base.yaml": stringify(functionObject("base")),
    "repository/single.yaml": stringify(functionObject("single")),
    "elsewhere/out.yaml": stringify(functionObject("out")),
  });
  const at = (name: string) => `${folder.path}/repository/${name}`;
  await Deno.mkdir(at(".git"));
  await Deno.symlink("../base", at("meshes/base"));
  await Deno.symlink("../single.yaml", at("meshes/one.yaml"));
  await Deno.symlink("meshes", at("linked"));
  for (const path of ["meshes", "linked", "linked/"]) {
    const { notes, out } = await meshwright(["validate", at(path)]);
    assertEquals([out, notes.at(-1)], [[], "3 files, 3 objects, 0 problems"], path);
  }
  await Deno.symlink("..", at("meshes/back"));
  await Deno.symlink("../../elsewhere", at("meshes/out"));
  await Deno.symlink("../../elsewhere/out.yaml", at("meshes/out.yaml"));
  const { code, out } = await meshwright(["validate", at("meshes")]);
  const end = "of the repository; commit what it leads to, or leave it out by spec.exclude";
  assertEquals([code, out], [1, [
    `${
      at("meshes/back")
    }:1: is a symbolic link to "..", which leads back to a folder that it is in; ` +
    "remove it, or leave it out by spec.exclude",
    `${at("meshes/out")}:1: is a symbolic link to "../../elsewhere", which leads out ${end}`,
    `${
      at("meshes/out.yaml")
    }:1: is a symbolic link to "../../elsewhere/out.yaml", which leads out ${end}`,
  ]]);
});
