import { assertEquals, assertNotEquals } from "@std/assert";
import { GUARANTEES } from "../chaos/chaos.ts";
import { chanceOf } from "../chaos/guarantee.ts";

const OPERATIONS = await Deno.readTextFile("docs/operations.md");

Deno.test("docs/operations.md promises what deno task chaos tries, line by line", () => {
  const [, section = ""] = OPERATIONS.split("## What we promise");
  const [promises = ""] = section.split("\n## ");
  const named = [...promises.matchAll(/\| `([a-z/-]+)` +\|$/gm)].map(([, name]) => name);
  assertEquals(named, GUARANTEES.map(({ name }) => name));
  assertEquals(new Set(named).size, named.length);
});

Deno.test("chanceOf() is the same for the same seed, and another one for each guarantee and round", () => {
  const drawn = (seed: number, round: number, name: string) => {
    const chance = chanceOf(seed, round, name);
    return [chance(), chance()].join(" ");
  };
  const first = drawn(7, 1, "processes/prune");
  assertEquals(drawn(7, 1, "processes/prune"), first);
  for (const other of [drawn(8, 1, "processes/prune"), drawn(7, 2, "processes/prune")]) {
    assertNotEquals(other, first);
  }
  assertNotEquals(drawn(7, 1, "processes/change"), first);
});
