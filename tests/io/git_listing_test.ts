import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "#base";
import { records, treeNodes } from "../../src/git/tree.ts";

/** What `git ls-tree -r -t -z` writes of so many files. */
function listing(count: number): Uint8Array {
  const line = (index: number) => `100644 blob ${"a".repeat(40)}\tf${index}.yaml\0`;
  return new TextEncoder().encode(Array.from({ length: count }, (_, i) => line(i)).join(""));
}

/** How often everything else has a turn until some work is done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let [turns, isDone] = [0, false];
  const counting = (async () => {
    while (!isDone) {
      await systemClock.sleep(0);
      turns++;
    }
  })();
  await work();
  isDone = true;
  await counting;
  return turns;
}

Deno.test("treeNodes() takes a long list apart in pieces, between which everything else goes on", async () => {
  const output = listing(100_000);
  let found = 0;
  const turns = await turnsDuring(async () => found = (await treeNodes(output)).length);
  assertEquals(found, 100_000);
  assertEquals(turns >= 9, true, `${turns} turns`);
});

Deno.test("treeNodes() refuses a list of more files than it looks through", async () => {
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
