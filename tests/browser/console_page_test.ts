import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { consolePageFolder, PAGE_FILES } from "../../scripts/console_page.ts";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";

/** What a browser fetches before it shows anything, compressed as servers do. */
const BYTES_MAX = 200 * 1024;

Deno.test("the page is under 200 kB compressed in all", async () => {
  const folder = await consolePageFolder({ progress: progressOnStderr });
  const files = await Promise.all(PAGE_FILES.map((name) => Deno.readFile(`${folder}/${name}`)));
  const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
  assert(bytes > 10_000 && bytes < BYTES_MAX, `${bytes} bytes`);
});

Deno.test("the page has no script and no style but its own files, and names no other server", async () => {
  const folder = await consolePageFolder({ progress: progressOnStderr });
  const html = await Deno.readTextFile(`${folder}/index.html`);
  const named = [...html.matchAll(/(?:src|href)="(?!data:)([^"]*)"/g)].map(([, address]) =>
    address
  );
  assertEquals(named, ["/assets/page.css", "/assets/page.js"]);
  assertEquals([...html.matchAll(/<style|\sstyle=|<script(?![^>]*\ssrc=)/g)], []);
});
