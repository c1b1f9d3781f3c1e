import { assertEquals } from "@std/assert";
import { linkedFiles, manifestEntries } from "../../../src/manifests/files.ts";

const blob = "0".repeat(40);

Deno.test("manifestEntries() picks manifests, and names submodules", async () => {
  const selection = await manifestEntries([
    { path: "a.yaml", kind: "file", blob },
    { path: "sub/.hidden/b.yaml", kind: "file", blob },
    { path: "image.png", kind: "file", blob },
    { path: "link.yml", kind: "symlink", blob },
    { path: "vendor", kind: "submodule", blob },
  ]);
  assertEquals(selection.entries.map((entry) => entry.path), ["a.yaml", "link.yml"]);
  assertEquals(selection.submodules, ["vendor"]);
  assertEquals([selection.leftOut, selection.others], [0, 2]);
});

Deno.test("linkedFiles() takes links inside the folder for granted and reports those that lead out", () => {
  const { files, problems } = linkedFiles([
    { path: "a.yaml", kind: "file", blob, text: "a: 1" },
    { path: "deep/again.yaml", kind: "symlink", blob, text: "../a.yaml" },
    { path: "out.yaml", kind: "symlink", blob, text: "../../etc/passwd" },
    { path: "root.yaml", kind: "symlink", blob, text: "/etc/passwd" },
  ], "meshes");
  assertEquals(files, [{ path: "meshes/a.yaml", text: "a: 1" }]);
  assertEquals(problems.map((problem) => problem.file), ["meshes/out.yaml", "meshes/root.yaml"]);
});
