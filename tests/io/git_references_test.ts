import { GIT_BUDGETS } from "#base";
import { versionChoice } from "#git";
import { assertEquals } from "@std/assert";
import { advertisedRefs, missingRef } from "../../src/git/references.ts";
import { SharedLooks } from "../../src/git/shared_looks.ts";
import { turnsDuring } from "../support/turns.ts";

const COMMIT = "a".repeat(40);
/** As many as a remote may name in the budget of an answer, each with a name as long as git takes it on a disk. */
const MANY = 100_000;

function many(name: (index: number) => string): string[] {
  return Array.from({ length: MANY }, (_, index) => name(index));
}

/** What `git ls-remote` writes. */
function answer(names: readonly string[]): Uint8Array {
  return new TextEncoder().encode(names.map((name) => `${COMMIT}\t${name}\n`).join(""));
}

Deno.test("advertisedRefs() peels annotated tags and names the branch of HEAD", async () => {
  const text = `ref: refs/heads/main\tHEAD\n${COMMIT}\tHEAD\n${COMMIT}\trefs/heads/main\n` +
    `${"b".repeat(40)}\trefs/tags/v1\n${COMMIT}\trefs/tags/v1^{}\nnoise\n`;
  const { headName, refs } = await advertisedRefs(new TextEncoder().encode(text));
  assertEquals(headName, "refs/heads/main");
  assertEquals(refs, [
    { name: "HEAD", commit: COMMIT },
    { name: "refs/heads/main", commit: COMMIT },
    { name: "refs/tags/v1", commit: COMMIT, tagObject: "b".repeat(40) },
  ]);
});

Deno.test("C2: however many refs a remote names, everything else has its turns while they are taken apart", async () => {
  const output = answer(many((index) => `refs/tags/${"-".repeat(180)}${index}`));
  let message = "";
  const turns = await turnsDuring(async () => {
    const { refs } = await advertisedRefs(output);
    ({ message } = await missingRef({ tag: "v1" }, refs, "the remote"));
  });
  assertEquals(message.startsWith("Cannot follow tag:v1 of the remote: tag v1 does not"), true);
  assertEquals(message.endsWith(`and ${MANY - 10} more`), true);
  assertEquals(turns >= 25, true, `${turns} turns`);
});

for (
  const [what, name] of [
    ["no versions", (index: number) => "-1".repeat(90) + index],
    ["long prereleases", (index: number) => `v${index}.0.0-${"1.".repeat(90)}1`],
    ["versions from the highest on", (index: number) => `v${MANY - index}.0.0`],
    ["versions of thousands of digits", (index: number) => `v${"9".repeat(2_000)}.0.${index}`],
  ] as const
) {
  Deno.test(`C2: of very many tags that are ${what} one is chosen while everything else has its turns`, async () => {
    const tags = many(name);
    const turns = await turnsDuring(async () => await versionChoice(tags, "<1"));
    assertEquals(turns >= 45, true, `${turns} turns`);
  });
}

Deno.test("versionChoice() shows the tags that somebody may have expected, the highest first, and counts the rest", async () => {
  const versions = Array.from({ length: 15 }, (_, index) => `v2.${index}.0`);
  const tags = ["zeta", ...versions, "1.0.0", "v1.0.0", "alpha"];
  const { chosen, morePassedOver, passedOver } = await versionChoice(tags, "^1");
  assertEquals(chosen, "1.0.0");
  assertEquals(passedOver.map(({ tag }) => tag), versions.toReversed().slice(0, 10));
  assertEquals(morePassedOver, 7);
  const few = await versionChoice(["zeta", "v2.0.0", "1.0.0", "alpha"], "^1");
  assertEquals(few.passedOver, [
    { tag: "v2.0.0", reason: "OutOfRange" },
    { tag: "alpha", reason: "NoVersion" },
    { tag: "zeta", reason: "NoVersion" },
  ]);
});

Deno.test("C2: answers about refs are kept for others within a budget, the oldest go first", async () => {
  const looks = new SharedLooks();
  const third = new Uint8Array(GIT_BUDGETS.refsKeptBytes / 3 + 1);
  let asked = "";
  const ask = async (key: string) => {
    await looks.ask(key, {
      maxAgeMs: 50_000,
      look: () => {
        asked += key;
        return Promise.resolve(third);
      },
    });
  };
  for (const key of ["a", "b", "c", "c", "b", "a", "c"]) await ask(key);
  assertEquals(asked, "abca");
});
