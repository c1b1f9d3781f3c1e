// Every text is foreign: whoever writes names, exceptions and commits gets nothing to run and nothing to break.
import { assert, assertEquals } from "@std/assert";
import type { ExplainView, View } from "../../src/console/view.ts";
import { addressOf } from "../../src/console/page/route.ts";
import { ViewMaker } from "./support/made_up.ts";
import { shopSyncs } from "./support/shop.ts";
import { Stages } from "./support/stage.ts";

const stages = new Stages();
Deno.test.afterAll(() => stages.close());

const HOSTILE: readonly string[] = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  '"><svg onload=alert(1)>',
  "javascript:alert(1)",
  "{{constructor.constructor('alert(1)')()}}",
  "</title></style></textarea><iframe srcdoc='<script>alert(1)</script>'>",
  "\u202egnp.exe\u2066 turned \u2069\u202c",
  "a\u0000b\u0007c\u001b[31md\r\ne",
  "Z\u0351\u036b\u0343\u036a\u0302\u036b".repeat(40),
  "\u{1F9A8}\u200d".repeat(50),
  "no-break".repeat(8_192),
  "\ud800 half a character",
  "__proto__",
];

/** A view whose every text is hostile in turn. */
function hostileView(): View {
  const maker = new ViewMaker();
  HOSTILE.forEach((text, index) => {
    // Keys are as long as names of Kubernetes at most; texts are as long as somebody likes.
    const key = text.replaceAll("/", "|").slice(0, 200);
    maker.add(`Function/evil/n${index}-${key}`, {
      name: text,
      mesh: key,
      state: index % 2 === 0 ? "failing" : "ok",
      reason: text,
      message: text,
      image: text,
      scaling: text,
      backlog: 5_000,
      perSecond: 3,
      exceptions: 4,
      lastException: { text: `${text}\n`.repeat(3), at: text },
      since: text,
      instances: [{ pod: text, ready: false, text, restarts: 2 }],
    }, { reads: [`${text} in`], writes: [`${text} out`] });
  });
  const [sync] = Object.values(shopSyncs());
  if (sync === undefined) throw new Error("The shop has no sync");
  HOSTILE.forEach((text, index) => {
    const commit = { id: text, subject: text, author: text, at: text };
    maker.syncs[`evil/s${index}`] = {
      ...sync,
      name: text,
      namespace: text,
      url: text,
      path: text,
      reason: text,
      message: text,
      revision: commit,
      attempted: commit,
      history: [{ ...commit, outcome: text, triedAt: text }],
      held: text,
      quarantine: text,
      window: text,
      counts: { [`${text} objects`]: 3 },
      nextLook: text,
      plan: [text],
      state: "failing",
    };
  });
  const findings = HOSTILE.map((text) => ({
    code: text,
    severity: "warning" as const,
    component: Object.keys(maker.components)[0] ?? "",
    message: text,
    remedy: text,
  }));
  return {
    ...maker.view(),
    findings,
    program: { version: HOSTILE[0] ?? "", server: HOSTILE[1] ?? "" },
  };
}

function hostileExplained(): ExplainView {
  const [text = ""] = HOSTILE;
  return {
    object: text,
    isWell: false,
    reason: text,
    message: HOSTILE.join(" "),
    since: text,
    chain: HOSTILE.map((one) => ({ what: one, says: one, isWell: false })),
    downstream: HOSTILE,
    backlog: HOSTILE.map((topic) => ({ topic, count: 3 })),
    remedy: text,
    unread: HOSTILE,
    events: HOSTILE.map((one) => ({ object: one, reason: one, message: one, at: one })),
  };
}

const view = hostileView();
const turned = Object.keys(view.components).find((key) => key.includes("\u202e")) ?? "";
const PATHS: readonly string[] = [
  "/?look=graph",
  "/?look=list",
  "/?look=meshes",
  `${addressOf({ page: "graph", component: turned })}?look=list`,
  "/syncs",
  "/sync/evil/s1",
  "/sync/evil/s10",
  "/mesh/%3Cscript%3E/%00",
  "/component/%E0%A4%A/x/y",
  "/?search=%3Cscript%3Ealert(1)%3C/script%3E&look=list",
];

for (const width of [1280, 390]) {
  Deno.test(`hostile names, exceptions and commits run nothing and break nothing, ${width} pixels wide`, async () => {
    await stages.open("/", view, async ({ faults, page, server }) => {
      for (const path of PATHS) {
        await page.goto(server.url + path);
        await page.locator("#main > *:not(.loading)").first().waitFor();
        if (path.startsWith("/component/Function")) await page.getByText("What to do:").waitFor();
        const found = await page.evaluate(() => ({
          isTooWide: document.documentElement.scrollWidth > innerWidth,
          strange: document.querySelectorAll(
            "#page :is(script, iframe, img, object, embed, base, style, [style*=url], [onload], [onerror])",
          ).length,
          turned: /\p{Bidi_Control}|(?![\n\t])\p{Cc}/u.test(document.body.innerText),
          links: [...document.querySelectorAll("a")].filter(({ href }) =>
            !href.startsWith(location.origin)
          ).length,
        }));
        assertEquals([path, found], [path, {
          isTooWide: false,
          strange: 0,
          turned: false,
          links: 0,
        }]);
      }
      assertEquals(faults, []);
    }, { width, height: 800, explain: hostileExplained });
  });
}

Deno.test("a name of 64 kB stays on its card, in its row and in its panel", async () => {
  await stages.open("/?look=graph", view, async ({ faults, page, server }) => {
    await page.locator(".card").first().waitFor();
    const widths = await page.locator(".card").evaluateAll((cards) =>
      cards.map((card) => {
        const ground = card.querySelector(".card-ground")?.getBoundingClientRect().width ?? 0;
        // What is cut off by the card's edge is no part of what is seen.
        const name = card.querySelector(".card-name")?.textContent ?? "";
        return ground > 0 && [...name].length <= 60;
      })
    );
    assertEquals(widths.every((isKept) => isKept), true);
    await page.goto(`${server.url}/?look=list&search=no-break`);
    const row = page.locator("tbody tr").first();
    await row.waitFor();
    const height = await row.evaluate((element) => element.getBoundingClientRect().height);
    assert(height < 400, `${height} pixels`);
    await row.getByRole("link").click();
    await page.getByText("What to do:").waitFor();
    await page.getByText("more characters are left out", { exact: false }).waitFor();
    assertEquals(faults, []);
  }, { explain: hostileExplained });
});
