// What a person does with the page: finds what is not well, follows links, searches, uses the keyboard only.
import { assertEquals } from "@std/assert";
import { shop } from "./support/shop.ts";
import { Stages } from "./support/stage.ts";

const stages = new Stages();
Deno.test.afterAll(() => stages.close());

Deno.test("a person finds a failing component, its exception and its last hour in three clicks", async () => {
  await stages.open("/", shop(), async ({ faults, page }) => {
    await page.getByRole("button", { name: /Only what is not well/ }).click();
    await page.getByRole("link", { name: "orders-enrich" }).click();
    const panel = page.getByRole("complementary", { name: "Function orders-enrich" });
    await panel.getByText("What to do:").waitFor();
    await panel.getByText("KeyError: 'customer'", { exact: false }).last().waitFor();
    await panel.getByRole("img", { name: /^Throughput of the last hour: .* now/ }).waitFor();
    await panel.getByText("orders-enrich-function-1").first().waitFor();
    assertEquals(new URL(page.url()).pathname, "/component/Function/shop/orders-enrich");
    // The third click: who applied it.
    await panel.getByRole("link", { name: "meshwright/shop" }).click();
    await page.getByRole("heading", { name: "shop" }).waitFor();
    await page.getByText("went back, in quarantine").waitFor();
    assertEquals(faults, []);
  });
});

Deno.test("a link leads to a mesh, a component or a sync, and back goes where one came from", async () => {
  await stages.open("/mesh/shop/payments", shop(), async ({ faults, page, server }) => {
    await page.locator('[data-id="c:Function/shop/payments-match"]').waitFor();
    assertEquals(await page.locator(".card").count(), 3);
    await page.goto(`${server.url}/component/Sink/shop/orders-warehouse`);
    await page.getByRole("heading", { name: "orders-warehouse" }).waitFor();
    await page.locator('[data-id="c:Sink/shop/orders-warehouse"][aria-pressed="true"]').waitFor();
    await page.goto(`${server.url}/sync/meshwright/crm`);
    await page.getByText("waits for the window", { exact: false }).waitFor();
    await page.goto(`${server.url}/component/Sink/shop/nobody`);
    await page.getByText("It is not there any more", { exact: false }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "crm" }).waitFor();
    await page.goto(`${server.url}/nowhere/at/all`);
    await page.getByText("There is no such page").waitFor();
    assertEquals(faults, []);
  });
});
