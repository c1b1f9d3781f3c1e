import { assertEquals, assertRejects } from "@std/assert";
import { GitError, linkedFolder } from "#git";
import { turnsDuring } from "../support/turns.ts";

Deno.test("C2: linkedFolder() lets everything else have its turns while it walks a large repository", async () => {
  const nodes = [
    { path: "here", kind: "folder" as const, hash: "f" },
    { path: "here/link", kind: "symlink" as const, hash: "l" },
    { path: "there", kind: "folder" as const, hash: "t" },
    ...Array.from(
      { length: 60_000 },
      (_, index) => ({ path: `there/${index}.yaml`, kind: "file" as const, hash: `${index}` }),
    ),
  ];
  let found = 0;
  const turns = await turnsDuring(async () => {
    found = (await linkedFolder(nodes, "here", () => "../there")).entries.length;
  });
  assertEquals(found, 60_000);
  // One for each 2,000 that it learns the place of, and one for each 2,000 that it reads.
  assertEquals(turns >= 50, true, `${turns} turns`);
});

Deno.test("linkedFolder() refuses folders in folders without end, in a tree or by what links bring", async () => {
  const deep = Array.from({ length: 3_000 }, (_, at) => "a/".repeat(at) + "a");
  const folders = deep.map((path) => ({ path, kind: "folder" as const, hash: "f" }));
  await assertRejects(
    async () => await linkedFolder(folders, "", () => undefined),
    GitError,
    "at most",
  );
});
