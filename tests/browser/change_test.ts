// What changes while somebody looks: numbers, what comes and goes, and a connection that breaks.
import { assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "playwright-core";
import type { ComponentView, View } from "../../src/console/view.ts";
import { component } from "./support/made_up.ts";
import { shop } from "./support/shop.ts";
import { type Stage, Stages } from "./support/stage.ts";

const stages = new Stages();
Deno.test.afterAll(() => stages.close());

const TOKEN = "a-token-that-opens";
const AT = "2026-11-29T10:31:00Z";

/** Where every card is, by its id. */
function places(page: Page): Promise<Record<string, string | null>> {
  return page.locator(".card").evaluateAll((cards) =>
    Object.fromEntries(
      cards.map((card) => [card.getAttribute("data-id"), card.getAttribute("transform")]),
    )
  );
}

function of(view: View, key: string): ComponentView {
  const found = view.components[key];
  if (found === undefined) throw new Error(`There is no ${key}`);
  return found;
}

Deno.test("numbers change where they stand, and nothing else moves", async () => {
  const view = shop();
  await stages.open("/", view, async ({ faults, page, server }) => {
    await page.locator(".card").first().waitFor();
    const before = await places(page);
    const key = "Function/shop/orders-price";
    server.change({
      at: AT,
      components: { [key]: { ...of(view, key), perSecond: 4321, backlog: 98_765 } },
    });
    await page.getByText("99k waiting").waitFor();
    const flows = Object.fromEntries(
      Object.entries(view.flows).filter(([, { to }]) => to === `c:${key}`).map((
        [id, flow],
      ) => [id, { ...flow, perSecond: 8642 }]),
    );
    server.change({ at: AT, flows });
    await page.getByText("8.6k/s").waitFor();
    assertEquals(await places(page), before);
    assertEquals(faults, []);
  });
});

Deno.test("what comes while somebody points at the graph waits until nobody does, or until it is asked for", async () => {
  const view = shop();
  await stages.open("/", view, async ({ faults, page, server }) => {
    await page.locator(".card").first().waitFor();
    await page.mouse.move(600, 400);
    const before = await places(page);
    const key = "Function/shop/orders-new";
    server.change({ at: AT, components: { [key]: component(key, { mesh: "orders" }) } });
    const button = page.getByRole("button", { name: "Something came or went: arrange anew" });
    await button.waitFor();
    assertEquals(await places(page), before);
    await button.click();
    await page.locator(`[data-id="c:${key}"]`).waitFor();
    // What goes keeps its place, and shows that it is gone.
    server.change({ at: AT, components: { [key]: null } });
    await page.locator(`.card.is-gone[data-id="c:${key}"]`).waitFor();
    await page.mouse.move(600, 20);
    await page.locator(`[data-id="c:${key}"]`).waitFor({ state: "detached" });
    assertEquals(faults, []);
  });
});

Deno.test("a component that fails while its panel is open says so, and why", async () => {
  const view = shop();
  const key = "Sink/shop/orders-warehouse";
  let isBroken = false;
  const explain = () => ({
    object: "Sink shop/orders-warehouse",
    isWell: !isBroken,
    reason: isBroken ? "ImagePullBackOff" : "Ready",
    message: isBroken ? "Its image cannot be pulled" : "1/1 pods ready",
    chain: [],
    downstream: [],
    backlog: [],
    unread: [],
    events: [],
  });
  await stages.open(`/component/${key}`, view, async ({ faults, page, server }) => {
    const panel = page.getByRole("complementary");
    await panel.getByText("1/1 pods ready").waitFor();
    isBroken = true;
    server.change({
      at: AT,
      components: { [key]: { ...of(view, key), state: "failing", reason: "ImagePullBackOff" } },
    });
    await panel.getByText("Its image cannot be pulled").waitFor();
    await panel.getByText("failing", { exact: true }).waitFor();
    assertEquals(faults, []);
  }, { explain });
});

async function breaks({ page, server }: Stage): Promise<void> {
  await page.locator(".card").first().waitFor();
  server.breakStreams("unavailable");
  await page.getByText(/^Disconnected since \d\d:\d\d:\d\d/).waitFor();
}

Deno.test("a broken connection says since when, keeps what was seen, and comes back by itself", async () => {
  await stages.open("/", shop(), async (stage) => {
    const { page, server } = stage;
    await breaks(stage);
    assertEquals(await page.locator(".card").count(), 13);
    const filter = await page.locator("#main").evaluate((main) => getComputedStyle(main).filter);
    assertEquals(filter, "grayscale(1)");
    await page.getByText("The program starts", { exact: false }).waitFor();
    // Each wait is longer than the one before.
    const since = await page.locator(".lost strong").textContent();
    await page.getByText(/Trying again in [3-9] s/).waitFor();
    assertEquals(await page.locator(".lost strong").textContent(), since);
    server.welcome = "open";
    await page.locator(".connection.is-live").waitFor();
    assertEquals(await page.locator(".lost").count(), 0);
    assertEquals(server.viewerCount, 1);
  });
});

Deno.test("who does not want to wait tries now; who lost the right to look sees nothing any more", async () => {
  await stages.open("/", shop(), async (stage) => {
    const { page, server } = stage;
    await breaks(stage);
    server.welcome = "open";
    await page.getByRole("button", { name: "Try now" }).click();
    await page.locator(".connection.is-live").waitFor();
    server.breakStreams("forbidden");
    await page.getByRole("heading", { name: "You may not look here" }).waitFor();
    await page.getByText("User ada may not get functions", { exact: false }).waitFor();
    assertEquals(await page.getByText("orders-enrich").count(), 0);
  });
});

Deno.test("a token opens the page, is sent as a bearer's, and is kept nowhere", async () => {
  await stages.open("/syncs", shop(), async ({ page, server }) => {
    const field = page.getByLabel(/^Bearer token/);
    await field.fill("wrong");
    await page.getByRole("button", { name: "Look" }).click();
    await page.getByText("The token is not known here", { exact: false }).waitFor();
    await field.fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Syncs" }).waitFor();
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])
    );
    assertEquals(kept.includes(TOKEN), false);
    await page.reload();
    await field.waitFor();
    assertEquals(server.viewerCount, 0);
  }, {
    prepare: (server) => {
      server.welcome = { token: TOKEN };
    },
  });
});

Deno.test("a theme that is chosen stays, whatever the system says", async () => {
  await stages.open("/syncs", shop(), async ({ faults, page }) => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.getByRole("heading", { name: "Syncs" }).waitFor();
    const light = await ground();
    await page.getByRole("button", { name: /^Colours: as the system/ }).click();
    await page.getByRole("button", { name: /^Colours: light/ }).click();
    await page.getByRole("button", { name: /^Colours: dark/ }).waitFor();
    const dark = await ground();
    assertNotEquals(dark, light);
    await page.reload();
    await page.getByRole("button", { name: /^Colours: dark/ }).waitFor();
    assertEquals(await ground(), dark);
    assertEquals(faults, []);
  });
});
