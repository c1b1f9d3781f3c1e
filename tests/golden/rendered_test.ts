import { assertEquals } from "@std/assert";
import { contentHash } from "#base";
import { type RenderForm, renderResource } from "#desired";
import { GOLDEN_FILES, goldenCases, goldenOptions } from "./golden_cases.ts";

/**
 * Hashes of what is made of each case. A change of one restarts pods of everybody who has such a resource, so it has
 * to be meant: `UPDATE_GOLDEN=1 deno task test golden` writes the file anew, after `deno task golden` said that the
 * objects still equal the reference's.
 */
const RECORD = new URL("rendered.json", import.meta.url);

type Record = { readonly [name: string]: { readonly [form in RenderForm]: string } };

function rendered(): Record {
  return Object.fromEntries(GOLDEN_FILES.flatMap((file) =>
    goldenCases([file]).map(({ name, input }) => {
      const hash = (form: RenderForm) => contentHash(renderResource(input, { ...goldenOptions(file), form }));
      return [name, { applied: hash("applied"), reference: hash("reference") }];
    })
  ));
}

Deno.test("renderResource() makes of every golden case what it made before", async () => {
  const now = rendered();
  if (Deno.env.get("UPDATE_GOLDEN") === "1") {
    await Deno.writeTextFile(RECORD, `${JSON.stringify(now, null, 1)}\n`);
  }
  assertEquals(now, JSON.parse(await Deno.readTextFile(RECORD)));
  assertEquals(Object.keys(now).length, 281);
});
