// The page and the program's own server: what one says the other understands.
import { assertEquals } from "@std/assert";
import { consolePage } from "../../src/console_page.ts";
import { consolePageFolder } from "../../scripts/console_page.ts";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { type Reviewing, shownFunction, startConsole } from "../support/console_stand.ts";
import { openWindow, startChromium, watched } from "./support/chromium.ts";

const REVIEWING: Reviewing = {
  users: { "token-of-ada": "ada", "token-of-bob": "bob" },
  may: ({ namespace, user }) => user === "ada" && namespace === "shop",
};

async function startRealConsole(reviewing?: Reviewing) {
  await consolePageFolder({ progress: progressOnStderr });
  return await startConsole(reviewing, await consolePage());
}

Deno.test("the program's own server shows the page what its caches hold, and what changes there", async () => {
  await using stand = await startRealConsole();
  stand.put(shownFunction("shop", "orders-enrich"), shownFunction("shop", "orders.price"));
  const browser = await startChromium();
  try {
    const context = await openWindow(browser);
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const faults = await watched(page, stand.url);
    await page.goto(stand.url);
    await page.locator('[data-id="c:Function/shop/orders-enrich"]').click();
    const panel = page.getByRole("complementary", { name: "Function orders-enrich" });
    await panel.getByText("From commit to container").waitFor();
    await panel.getByText("NotObserved").first().waitFor();
    // A name with a dot has an address that the server takes for a page.
    await page.locator('[data-id="c:Function/shop/orders.price"]').click();
    await page.getByRole("heading", { name: "orders.price" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "orders.price" }).waitFor();
    await page.goto(`${stand.url}/?look=list`);
    await page.getByRole("link", { name: "orders-enrich" }).waitFor();
    stand.put(shownFunction("shop", "orders-new"));
    await stand.clock.advance(1_000);
    await page.getByRole("link", { name: "orders-new" }).waitFor();
    assertEquals(faults, []);
  } finally {
    await browser.close();
  }
});

Deno.test("the program's own server asks the page for a token, and shows what its bearer may see", async () => {
  await using stand = await startRealConsole(REVIEWING);
  stand.put(shownFunction("shop", "orders-enrich"), shownFunction("bank", "ledger"));
  await using front = secureFront(stand.url);
  const browser = await startChromium();
  try {
    const context = await openWindow(browser);
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${front.url}/?look=list`);
    const field = page.getByLabel(/^Bearer token/);
    await field.fill("token-of-nobody");
    await page.keyboard.press("Enter");
    await page.getByText("The cluster refused that token", { exact: false }).waitFor();
    await field.fill("token-of-ada");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "orders-enrich" }).waitFor();
    assertEquals(await page.getByText("ledger").count(), 0);
  } finally {
    await browser.close();
  }
});

/** Who shows tokens comes over TLS, which the stand has not: this says for the browser that it does. */
function secureFront(target: string) {
  const { host } = new URL(target);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    if (headers.has("origin")) headers.set("origin", `https://${host}`);
    return fetch(`${target}${pathname}${search}`, { headers });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
