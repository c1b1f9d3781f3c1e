import type { Browser, BrowserContext, Page } from "playwright-core";
import type { ExplainView, View } from "../../../src/console/view.ts";
import { type Looking, openWindow, startChromium, watched } from "./chromium.ts";
import { explained } from "./shop.ts";
import { StandIn } from "./stand_in.ts";

/** What a test acts on. */
export interface Stage {
  readonly page: Page;
  readonly server: StandIn;
  readonly context: BrowserContext;
  /** Whatever the page did that it should not: errors, violations of its policy, requests to others. */
  readonly faults: readonly string[];
}

/** How a test begins. */
export interface Setting extends Looking {
  readonly explain?: (key: string) => ExplainView | undefined;
  /** Before the page is opened. */
  readonly prepare?: (server: StandIn) => void;
}

/** One browser for all tests of a file. */
export class Stages {
  #browser: Promise<Browser> | undefined;

  /** Opens a path of the page, as it shows `view`, for as long as `play` runs. */
  async open(
    path: string,
    view: View,
    play: (stage: Stage) => Promise<void>,
    { explain = (key) => explained(view, key), prepare, ...looking }: Setting = {},
  ): Promise<void> {
    this.#browser ??= startChromium();
    await using server = await StandIn.start(view, explain);
    prepare?.(server);
    const context = await openWindow(await this.#browser, looking);
    try {
      const page = await context.newPage();
      // Machines may be slow: what does not come gives up late.
      page.setDefaultTimeout(60_000);
      const faults = await watched(page, server.url);
      await page.goto(server.url + path);
      await play({ page, server, context, faults });
    } finally {
      await context.close();
    }
  }

  async close(): Promise<void> {
    await (await this.#browser)?.close();
  }
}
