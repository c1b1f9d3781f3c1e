// Everything can be reached without a mouse, and the search comes from anywhere.
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { manyMeshes } from "./support/made_up.ts";
import { shop } from "./support/shop.ts";
import { Stages } from "./support/stage.ts";

const stages = new Stages();
Deno.test.afterAll(() => stages.close());

/** What has the focus: the id of a card, or the text of something else. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("data-id") ?? element?.textContent ?? "";
  });
}

Deno.test("with the keyboard only a person skips to the graph, walks it, opens a component and comes back", async () => {
  await stages.open("/", shop(), async ({ faults, page }) => {
    await page.locator(".card").first().waitFor();
    await page.keyboard.press("Tab");
    assertEquals(await focused(page), "Skip to content");
    await page.keyboard.press("Enter");
    // From there the graph is behind the filters.
    for (let presses = 0; presses < 20; presses++) {
      await page.keyboard.press("Tab");
      if ((await focused(page)).startsWith("c:")) break;
    }
    assertMatch(await focused(page), /^c:/);
    // Where one stands can be seen.
    const edge = await page.evaluate(() => {
      const ground = document.activeElement?.querySelector(".card-ground");
      return ground ? getComputedStyle(ground).strokeWidth : "";
    });
    assertEquals(edge, "4px");
    await page.locator('[data-id="c:Function/shop/orders-validate"]').focus();
    const walked: string[] = [];
    for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft"]) {
      await page.keyboard.press(key);
      walked.push(await focused(page));
    }
    assertEquals(walked[0], "c:Function/shop/orders-enrich");
    assertEquals(walked[1], "c:Function/shop/orders-price");
    assertEquals(walked[2], "c:Function/shop/orders-enrich");
    await page.keyboard.press("ArrowRight");
    await page.locator('[data-id="c:Function/shop/orders-enrich"]').focus();
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "Function orders-enrich" }).waitFor();
    assertEquals(await focused(page), "orders-enrich");
    await page.keyboard.press("Escape");
    await page.getByRole("complementary").waitFor({ state: "detached" });
    assertEquals(await focused(page), "c:Function/shop/orders-enrich");
    assertEquals(faults, []);
  });
});

Deno.test("the slash key searches from anywhere, in the graph by dimming and in the list by leaving out", async () => {
  await stages.open("/", shop(), async ({ faults, page }) => {
    await page.locator(".card").first().waitFor();
    const places = () =>
      page.locator(".card").evaluateAll((cards) =>
        cards.map((card) => card.getAttribute("transform"))
      );
    const before = await places();
    await page.keyboard.press("/");
    await page.keyboard.type("orders fail");
    await page.getByText("1 found").waitFor();
    assertEquals(await page.locator(".card:not(.is-dimmed)").count(), 1);
    assertEquals(await places(), before);
    assertMatch(page.url(), /search=orders\+fail/);
    await page.getByRole("button", { name: "List" }).click();
    assertEquals(await page.getByRole("row").count(), 2);
    await page.getByRole("searchbox").focus();
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "customers-merge" }).waitFor();
    assertEquals(faults, []);
  });
});

Deno.test("of 1,000 components one is found by its mesh, by a search and by a link", async () => {
  const view = manyMeshes(1000);
  const failing = Object.values(view.components).filter(({ state }) => state === "failing");
  assert(failing.length > 5);
  await stages.open("/", view, async ({ faults, page, server }) => {
    await page.locator(".tile.is-failing").first().waitFor();
    assertEquals(await page.locator(".tile").count(), 84);
    await page.keyboard.press("/");
    await page.keyboard.type("mesh-41-step-7");
    await page.getByText("1 found").waitFor();
    await page.getByRole("link", { name: "team-5 / mesh-41" }).click();
    await page.locator('[data-id="c:Function/team-5/mesh-41-step-7"]').waitFor();
    // A link, without anything before it.
    await page.goto(`${server.url}/component/Function/team-5/mesh-41-step-3`);
    await page.locator('.card.is-open[data-id="c:Function/team-5/mesh-41-step-3"]').waitFor();
    assert(await page.locator(".card").count() <= 12);
    assertEquals(faults, []);
  });
});

Deno.test("a graph of 1,000 components is laid out, moved and walked, and draws what is in sight only", async () => {
  await stages.open("/?look=graph", manyMeshes(1000), async ({ faults, page, server }) => {
    await page.locator(".card").nth(900).waitFor();
    const all = await page.locator(".card").count();
    assertEquals(all, 1000);
    await page.mouse.move(640, 420);
    for (let turns = 0; turns < 12; turns++) await page.mouse.wheel(0, -400);
    await page.locator(".card-name").first().waitFor();
    assert(await page.locator(".card").count() < 100);
    await page.mouse.down();
    await page.mouse.move(700, 500, { steps: 4 });
    await page.mouse.up();
    assertEquals(await page.getByRole("complementary").count(), 0);
    await page.keyboard.press("Tab");
    // Numbers of all of them change at once, and the page still answers.
    const components = Object.fromEntries(
      Object.entries(manyMeshes(1000).components).map((
        [key, one],
      ) => [key, { ...one, perSecond: 7777 }]),
    );
    server.change({ at: new Date().toISOString(), components });
    await page.getByText("7.8k/s").first().waitFor();
    await page.getByRole("button", { name: "Fit" }).click();
    await page.locator(".card").nth(999).waitFor();
    assertEquals(faults, []);
  });
});
