import { MANIFEST_BUDGETS } from "#base";
import { assertEquals, assertRejects } from "@std/assert";
import { batchContents, records, treeNodes } from "../../src/git/tree.ts";
import { turnsDuring } from "../support/turns.ts";

/** What `git ls-tree -r -t -z` writes of so many files. */
function listing(count: number): Uint8Array {
  const line = (index: number) => `100644 blob ${"a".repeat(40)}\tf${index}.yaml\0`;
  return new TextEncoder().encode(Array.from({ length: count }, (_, i) => line(i)).join(""));
}

Deno.test("C2: treeNodes() takes a long list apart in pieces, between which everything else goes on", async () => {
  const output = listing(100_000);
  let found = 0;
  const turns = await turnsDuring(async () => found = (await treeNodes(output)).length);
  assertEquals(found, 100_000);
  assertEquals(turns >= 9, true, `${turns} turns`);
});

Deno.test("C2: treeNodes() refuses a list of more files than it looks through", async () => {
  await assertRejects(
    () => treeNodes(listing(250_001)),
    Error,
    "Cannot look through more than 250000 files and folders",
  );
});

Deno.test("records() leaves out what is empty, and takes a last one without an end", async () => {
  const output = new TextEncoder().encode("a\n\nbc\nd");
  const found: string[] = [];
  for await (const one of records(output, 10)) found.push(new TextDecoder().decode(one));
  assertEquals(found, ["a", "bc", "d"]);
});

Deno.test("C2: batchContents() takes no text of what is too large for a file, and says how large it is", async () => {
  const bytes = MANIFEST_BUDGETS.fileBytes + 1;
  const output = new TextEncoder().encode(
    `a blob ${bytes}\n${"x".repeat(bytes)}\nb blob 2\nhi\n`,
  );
  assertEquals(
    await batchContents(output),
    new Map([["a", { text: "", untakenBytes: bytes }], ["b", { text: "hi" }]]),
  );
});
