/**
 * `deno task screenshots`: the pictures of the console in `docs/`, with made-up meshes, as tests see them. See `HELP`.
 *
 * @module
 */
import type { Browser, Page } from "playwright-core";
import type { View } from "../src/console/view.ts";
import { type Looking, openWindow, startChromium } from "../tests/browser/support/chromium.ts";
import { manyMeshes, NOW_MS } from "../tests/browser/support/made_up.ts";
import { explained, shop } from "../tests/browser/support/shop.ts";
import { StandIn } from "../tests/browser/support/stand_in.ts";
import { progressOnStderr } from "./control_plane/progress.ts";
import { exitWith } from "./exit.ts";
import { palettePng } from "./screenshots/palette_png.ts";

const HELP = `Write docs/console-*.png anew: the console with made-up meshes, in a real Chromium.

Usage: deno task screenshots

Needs Chromium, see docs/contributing.md. Letters look as this machine's fonts do.
`;

const DOCS = new URL("../docs/", import.meta.url);
/** A page of documents is read over lines that are slow, too. */
const BYTES_MAX = 150_000;

interface Shot extends Looking {
  readonly path: string;
  readonly view: () => View;
  /** Waits until what is to be seen is there. */
  readonly reach: (page: Page, server: StandIn) => Promise<void>;
}

const PANEL = "/component/Function/shop/orders-enrich";
const chart = (page: Page) => page.locator(".chart canvas").nth(2).waitFor();

const SHOTS: Readonly<Record<string, Shot>> = {
  "console-light": { path: PANEL, view: shop, width: 1280, height: 760, reach: chart },
  "console-dark": {
    path: "/sync/meshwright/shop",
    view: shop,
    theme: "dark",
    width: 1280,
    height: 760,
    reach: (page) => page.getByText("went back, in quarantine").waitFor(),
  },
  "console-phone": {
    path: "/",
    view: shop,
    isPhone: true,
    reach: (page) => page.getByRole("link", { name: "orders-enrich" }).waitFor(),
  },
  "console-broken": {
    path: "/",
    view: shop,
    width: 1280,
    height: 760,
    reach: async (page, server) => {
      await page.locator(".card").first().waitFor();
      server.breakStreams("unavailable");
      await page.getByText("The program starts", { exact: false }).waitFor();
    },
  },
  "console-large": {
    path: "/",
    view: () => manyMeshes(300),
    width: 1280,
    height: 760,
    reach: (page) => page.locator(".tile").nth(20).waitFor(),
  },
};

async function main(words: readonly string[]): Promise<number> {
  if (words.length > 0) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return words.includes("--help") ? 0 : 2;
  }
  const browser = await startChromium();
  try {
    for (const [name, shot] of Object.entries(SHOTS)) {
      const png = palettePng(await picture(browser, shot));
      if (png.length > BYTES_MAX) {
        throw new Error(`${name}.png has ${png.length} bytes, ${BYTES_MAX} at most`);
      }
      await Deno.writeFile(new URL(`${name}.png`, DOCS), png);
      progressOnStderr(`docs/${name}.png: ${png.length} bytes`);
    }
  } finally {
    await browser.close();
  }
  return 0;
}

async function picture(browser: Browser, shot: Shot): Promise<Uint8Array> {
  const view = shot.view();
  await using server = await StandIn.start(view, (key) => explained(view, key));
  const context = await openWindow(browser, shot);
  const page = await context.newPage();
  await page.clock.setFixedTime(new Date(NOW_MS));
  await page.goto(server.url + shot.path);
  await shot.reach(page, server);
  await page.evaluate("document.fonts.ready");
  const png = await page.screenshot();
  await context.close();
  return png;
}

if (import.meta.main) await exitWith(main);
