// axe-core looks at every state of the page, light and dark, wide and on a phone.
import axe from "axe-core";
import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { manyMeshes, ViewMaker } from "./support/made_up.ts";
import { shop } from "./support/shop.ts";
import type { StandIn } from "./support/stand_in.ts";
import { Stages } from "./support/stage.ts";

const stages = new Stages();
Deno.test.afterAll(() => stages.close());

/** How each state is looked at: in the same window, which changes. */
const LOOKS = {
  light: { colorScheme: "light", width: 1280, height: 800 },
  dark: { colorScheme: "dark", width: 1280, height: 800 },
  "a dark phone": { colorScheme: "dark", width: 390, height: 844 },
  "a phone": { colorScheme: "light", width: 390, height: 844 },
} as const;

interface Case {
  readonly path: string;
  readonly isLarge?: boolean;
  readonly isEmpty?: boolean;
  readonly prepare?: (server: StandIn) => void;
  /** Waits until the state is there. */
  readonly reach: (page: Page, server: StandIn) => Promise<void>;
}

const heading = (name: string) => (page: Page) => page.getByRole("heading", { name }).waitFor();

const CASES: Readonly<Record<string, Case>> = {
  "the graph": {
    path: "/?look=graph",
    reach: (page) => page.locator(".card").first().waitFor(),
  },
  "the list": { path: "/?look=list", reach: (page) => page.getByRole("table").waitFor() },
  "the meshes": {
    path: "/?look=meshes",
    isLarge: true,
    reach: (page) => page.locator(".tile").first().waitFor(),
  },
  "the panel of a failing component": {
    path: "/component/Function/shop/orders-enrich",
    reach: (page) => page.getByText("What to do:").waitFor(),
  },
  "a search": {
    path: "/?search=orders&look=graph",
    reach: (page) => page.getByText("8 found").waitFor(),
  },
  "the syncs": { path: "/syncs", reach: heading("Syncs") },
  "a sync": { path: "/sync/meshwright/shop", reach: heading("shop") },
  "nothing deployed": { path: "/", isEmpty: true, reach: heading("Nothing is deployed yet") },
  loading: {
    path: "/",
    prepare: (server) => {
      server.welcome = "silent";
    },
    reach: (page) => page.locator(".loading").waitFor(),
  },
  "who is looking": {
    path: "/",
    prepare: (server) => {
      server.welcome = { token: "right" };
    },
    reach: async (page) => {
      await page.getByLabel(/^Bearer token/).fill("wrong");
      await page.getByRole("button", { name: "Look" }).click();
      await page.getByText("The cluster refused that token", { exact: false }).waitFor();
    },
  },
  forbidden: {
    path: "/",
    prepare: (server) => {
      server.welcome = "forbidden";
    },
    reach: heading("You may not look here"),
  },
  disconnected: {
    path: "/component/Function/shop/orders-enrich",
    reach: async (page, server) => {
      await page.getByText("What to do:").waitFor();
      server.breakStreams("unavailable");
      await page.getByText(/^Disconnected since/).waitFor();
    },
  },
};

for (const [state, { isEmpty, isLarge, path, prepare, reach }] of Object.entries(CASES)) {
  Deno.test(`axe-core finds nothing to say about ${state}`, async () => {
    const view = isEmpty ? new ViewMaker().view() : isLarge ? manyMeshes(150) : shop();
    await stages.open(path, view, async ({ faults, page, server }) => {
      await reach(page, server);
      await page.evaluate(axe.source);
      for (const [look, { colorScheme, ...size }] of Object.entries(LOOKS)) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(size);
        const isTooWide = await page.evaluate(() =>
          document.documentElement.scrollWidth > innerWidth
        );
        assertEquals([look, isTooWide, await violations(page)], [look, false, []]);
      }
      assertEquals(faults, []);
    }, prepare === undefined ? {} : { prepare });
  });
}

/** What axe-core says, a line each. */
async function violations(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<axe.AxeResults> } }).axe.run()
  );
  return violations.flatMap(({ help, id, nodes }) =>
    nodes.map(({ any, target }) => `${id} (${help}): ${target.join(" ")} ${any[0]?.message ?? ""}`)
  );
}
