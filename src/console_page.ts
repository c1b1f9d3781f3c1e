import type { PageFiles } from "#console";

/**
 * The page of the console, as `deno task page` made it of these sources. In a compiled program another module is in the place
 * of this one, which holds the files: see `scripts/compile/bundle.ts`.
 *
 * @throws {Error} where it was not made
 */
export async function consolePage(): Promise<PageFiles> {
  const read = (name: string) =>
    Deno.readTextFile(new URL(`../dist/console-page/${name}`, import.meta.url));
  try {
    return {
      "index.html": await read("index.html"),
      "page.css": await read("page.css"),
      "page.js": await read("page.js"),
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const remedy = "run `deno task page`, or leave --console-addr out";
    throw new Error(`Cannot show the console: its page was not made; ${remedy}`, { cause: error });
  }
}
