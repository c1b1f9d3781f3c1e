import { assertEquals } from "@std/assert";
import { fileFilter, type FilePatterns } from "../../../src/manifests/patterns.ts";

const PATHS = [
  "a.yaml",
  "A.yaml",
  "dir/b.yaml",
  "dir/keep.yaml",
  "dir/sub/c.yaml",
  "other/dir/d.yaml",
];

function read(patterns: FilePatterns): string {
  return PATHS.filter(fileFilter(patterns)).join(" ");
}

function ignoreFile(path: string, ...lines: readonly string[]) {
  return { path, text: `${lines.join("\n")}\n` };
}

Deno.test("fileFilter() reads everything without patterns", () => {
  assertEquals(read({}), PATHS.join(" "));
  assertEquals(
    read({ ignoreFiles: [ignoreFile(".meshignore", "", "# nothing")] }),
    PATHS.join(" "),
  );
});

Deno.test("fileFilter() takes patterns as Git does: anchored, by case, folders, last one first", () => {
  const left = (...exclude: readonly string[]) => read({ exclude });
  assertEquals(left("/a.yaml", "/dir/"), "A.yaml other/dir/d.yaml");
  assertEquals(left("dir/"), "a.yaml A.yaml");
  assertEquals(left("*.yaml", "!a.yaml"), "a.yaml");
  assertEquals(left("dir/*", "!dir/keep.yaml"), "a.yaml A.yaml dir/keep.yaml other/dir/d.yaml");
  assertEquals(left("**/sub"), "a.yaml A.yaml dir/b.yaml dir/keep.yaml other/dir/d.yaml");
});

Deno.test("fileFilter() lets a deeper .meshignore decide, but not below a folder that is left out", () => {
  const [a, deeper] = [
    ignoreFile(".meshignore", "b.yaml"),
    ignoreFile("dir/.meshignore", "!b.yaml"),
  ];
  assertEquals(read({ ignoreFiles: [deeper, a] }), PATHS.join(" "));
  assertEquals(
    read({ ignoreFiles: [ignoreFile(".meshignore", "/dir/"), deeper] }),
    "a.yaml A.yaml other/dir/d.yaml",
  );
  assertEquals(
    read({ ignoreFiles: [ignoreFile("dir/.meshignore", "/keep.yaml", "*.yaml", "!b.yaml")] }),
    "a.yaml A.yaml dir/b.yaml other/dir/d.yaml",
    "its patterns are about its own folder",
  );
});

Deno.test("fileFilter() lets nothing in the repository bring back what the spec leaves out", () => {
  const ignoreFiles = [ignoreFile(".meshignore", "!a.yaml")];
  assertEquals(read({ exclude: ["a.yaml", "A.yaml", "d*"], ignoreFiles }), "");
  assertEquals(
    read({ include: ["dir/"], exclude: ["sub/"] }),
    "dir/b.yaml dir/keep.yaml other/dir/d.yaml",
  );
});

Deno.test("fileFilter() takes a path of thousands of folders", () => {
  const path = `${"a/".repeat(2_000)}b.yaml`;
  assertEquals(fileFilter({ exclude: ["c/"] })(path), true);
  assertEquals(fileFilter({ exclude: ["a/a/"] })(path), false);
});
