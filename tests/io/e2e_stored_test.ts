import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { storedLayer } from "../../scripts/e2e/layers.ts";
import { isThere, type Recipe, stored } from "../../scripts/e2e/stored.ts";

/** A recipe that counts how often it is followed. */
function recipeIn(cache: string) {
  const made: string[] = [];
  const recipe = (inputs: unknown): Recipe => ({
    name: "thing",
    inputs,
    cache,
    progress: () => {},
    async make(folder) {
      made.push(JSON.stringify(inputs));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await Deno.writeTextFile(`${folder}/file`, JSON.stringify(inputs));
    },
  });
  return { made, recipe };
}

async function withCache(work: (cache: string) => Promise<void>): Promise<void> {
  const cache = await Deno.makeTempDir();
  try {
    await work(`${cache}/e2e`);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

Deno.test("stored() makes a thing once for parallel and later callers, and anew for other inputs", async () => {
  await withCache(async (cache) => {
    const { made, recipe } = recipeIn(cache);
    const folders = await Promise.all([1, 2, 3].map(() => stored(recipe({ version: 1 }))));
    assertEquals(new Set([...folders, await stored(recipe({ version: 1 }))]).size, 1);
    assertEquals(made, ['{"version":1}']);
    const other = await stored(recipe({ version: 2 }));
    assertNotEquals(other, folders[0]);
    assertEquals(await Deno.readTextFile(`${other}/file`), '{"version":2}');
    assertEquals(made.length, 2);
  });
});

Deno.test("stored() leaves nothing of a failure, nor of what was killed, to the next caller", async () => {
  await withCache(async (cache) => {
    const { made, recipe } = recipeIn(cache);
    const failing = async (folder: string) => {
      await Deno.writeTextFile(`${folder}/half`, "");
      throw new Error("no network");
    };
    await assertRejects(() => stored({ ...recipe(1), make: failing }), Error, "no network");
    const folder = await stored(recipe(1));
    assertEquals([await isThere(`${folder}/file`), await isThere(`${folder}/half`)], [true, false]);
    // What a killed process leaves: an unfinished folder, and no content.
    await Deno.rename(folder, folder.replace(/content$/, "unfinished"));
    assertEquals(await stored(recipe(1)), folder);
    assertEquals(made.length, 2);
    assertEquals(await isThere(folder.replace(/content$/, "unfinished")), false);
  });
});

Deno.test("stored() keeps five things of a name and removes older ones that nobody uses", async () => {
  await withCache(async (cache) => {
    const { recipe } = recipeIn(cache);
    const folders: string[] = [];
    const parent = (path: string) => path.replace(/\/content$/, "");
    for (const number of [1, 2, 3, 4, 5, 6, 7]) {
      const folder = await stored(recipe(number));
      folders.push(folder);
      const usedMs = Date.now() - (number === 2 ? 60_000 : 7_200_000 - number * 60_000);
      await Deno.utime(parent(folder), new Date(usedMs), new Date(usedMs));
    }
    await stored(recipe(7));
    const kept = await Promise.all(folders.map((folder) => isThere(parent(folder))));
    assertEquals(kept, [false, true, false, true, true, true, true]);
  });
});

Deno.test("storedLayer() packs what was made, and keeps the digest with it", async () => {
  await withCache(async (cache) => {
    let made = 0;
    const recipe = {
      name: "layer",
      inputs: 1,
      cache,
      progress: () => {},
      async make({ root, scratch }: { readonly root: string; readonly scratch: string }) {
        made++;
        await Deno.writeTextFile(`${root}/in`, "it");
        await Deno.writeTextFile(`${scratch}/not`, "in it");
      },
    };
    const first = await storedLayer(recipe);
    assertEquals(await storedLayer(recipe), first);
    assertEquals(made, 1);
    assertEquals((await Deno.stat(first.path)).size, first.sizeBytes);
    const names = [];
    for await (const { name } of Deno.readDir(first.path.replace(/\/[^/]+$/, ""))) names.push(name);
    assertEquals(names.sort(), ["layer.json", "layer.tar"]);
  });
});
