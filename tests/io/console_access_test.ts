/** Who may look at the console, and what a browser cannot be made to ask. */
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import {
  type Asked,
  type Reviewing,
  shownFunction,
  startConsole,
  streamOf,
} from "../support/console_stand.ts";

const TOKEN = "token-of-ada";

/** Ada may get everything in the namespace shop, and nothing elsewhere. */
const SHOP_ONLY: Reviewing = {
  users: { [TOKEN]: "ada", "token-of-root": "root" },
  may: ({ namespace, user }: Asked) => user === "root" || namespace === "shop",
};

const EXPLAIN = "/api/explain?kind=Function&namespace=shop&name=a";

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

Deno.test("the console asks for a token, and knows who made one up", async () => {
  await using stand = await startConsole(SHOP_ONLY);
  for (const path of ["/api/stream", EXPLAIN]) {
    const [none, strange] = [await stand.get(path), await stand.get(path, bearer("made-up"))];
    assertEquals([none.status, none.headers.get("www-authenticate")], [401, "Bearer"]);
    assertEquals([await none.text(), await strange.text()], [
      "show a bearer token\n",
      "unknown token\n",
    ]);
  }
  const page = await stand.get("/");
  assertEquals(page.status, 200, "the page itself tells nothing");
  await page.body?.cancel();
});

Deno.test("the console shows each what he may get, and that there is more", async () => {
  await using stand = await startConsole(SHOP_ONLY);
  stand.put(shownFunction("shop", "a"), shownFunction("vault", "hidden-one"));
  await using own = await streamOf(stand.url, TOKEN);
  await using all = await streamOf(stand.url, "token-of-root");
  const [seen, whole] = [await own.next(), await all.next()];
  assertEquals(Object.keys(seen?.data.components), ["Function/shop/a"]);
  assertEquals([seen?.data.someHidden, whole?.data.someHidden], [true, false]);
  assertEquals(/hidden-one|vault/.exec(JSON.stringify(seen)), null);
  assertEquals(Object.keys(whole?.data.components).length, 2);
});

Deno.test("the console tells nobody of changes in namespaces that he may not see", async () => {
  await using stand = await startConsole(SHOP_ONLY);
  stand.put(shownFunction("shop", "a"), shownFunction("vault", "hidden-one"));
  await using own = await streamOf(stand.url, TOKEN);
  await own.next();
  stand.put(
    shownFunction("vault", "hidden-two"),
    shownFunction("vault", "hidden-one", { spec: {} }),
  );
  await stand.clock.advance(1_000);
  stand.put(shownFunction("shop", "b"));
  await stand.clock.advance(1_000);
  const change = await own.next();
  assertEquals(Object.keys(change?.data.components), ["Function/shop/b"]);
});

Deno.test("the console sees a right go and a token end while somebody looks", async () => {
  const reviewing = { ...SHOP_ONLY, users: { ...SHOP_ONLY.users } };
  await using stand = await startConsole(reviewing);
  stand.put(shownFunction("shop", "a"));
  await using own = await streamOf(stand.url, TOKEN);
  await own.next();
  stand.state.reviewing = { ...reviewing, may: () => false };
  for (let seconds = 0; seconds < 100; seconds += 1) await stand.clock.advance(1_000);
  const change = await own.nextOf("change");
  assertEquals(change?.data.components, { "Function/shop/a": null });
  stand.state.reviewing = { users: {}, may: () => false };
  for (let seconds = 0; seconds < 100; seconds += 1) await stand.clock.advance(1_000);
  await eventually(() => stand.door.viewers.size === 0);
});

Deno.test("the console tells nothing more to who cannot be asked about for long", async () => {
  await using stand = await startConsole(SHOP_ONLY);
  stand.put(shownFunction("shop", "a"));
  await using own = await streamOf(stand.url, TOKEN);
  await own.next();
  stand.state.isAway = true;
  for (let seconds = 0; seconds < 90; seconds += 1) await stand.clock.advance(1_000);
  assertEquals(stand.door.viewers.size, 1, "a moment without the API server is none");
  for (let seconds = 0; seconds < 90; seconds += 1) await stand.clock.advance(1_000);
  await eventually(() => stand.door.viewers.size === 0);
  const refused = await stand.get("/api/stream", bearer("other"));
  assertEquals([refused.status, await refused.text()], [
    500,
    "the API server cannot be asked what you may see\n",
  ]);
});

Deno.test("the console tells nothing more to somebody about whom questions get no answer", async () => {
  await using stand = await startConsole(SHOP_ONLY);
  stand.put(shownFunction("shop", "a"));
  await using own = await streamOf(stand.url, TOKEN);
  await own.next();
  stand.state.isSilent = true;
  for (let seconds = 0; seconds < 100; seconds += 1) await stand.clock.advance(1_000);
  assertEquals(stand.door.viewers.size, 1, "a moment without an answer is none");
  for (let seconds = 0; seconds < 80; seconds += 1) await stand.clock.advance(1_000);
  // Three minutes without a word end a connection by themselves.
  await eventually(() => stand.door.viewers.size === 0, { timeoutMs: 60_000 });
});

Deno.test("who may see nothing takes nobody's place at the console", async () => {
  const users = { ...SHOP_ONLY.users };
  for (let user = 0; user < 4; user += 1) users[`token-of-nobody-${user}`] = `nobody-${user}`;
  const may = (asked: Asked) => asked.user === "ada" && SHOP_ONLY.may(asked);
  await using stand = await startConsole({ users, may });
  stand.put(shownFunction("shop", "a"));
  await using streams = new AsyncDisposableStack();
  const come = async (token: string) => {
    const stream = streams.use(await streamOf(stand.url, token));
    return { status: stream.status, event: await stream.next() };
  };
  for (let index = 0; index < 64; index += 1) await come(`token-of-nobody-${index % 4}`);
  const { event, status } = await come(TOKEN);
  assertEquals([status, Object.keys(event?.data.components ?? {})], [200, ["Function/shop/a"]]);
  assertEquals(stand.door.viewers.size, 64, "one of those who see nothing went");
});

Deno.test("the console asks the API server about few tokens that are made up, and writes none down", async () => {
  await using stand = await startConsole(SHOP_ONLY);
  const codes = [];
  for (let index = 0; index < 15; index += 1) {
    const answer = await stand.get("/api/stream", bearer(`made-up-${index}`));
    codes.push(answer.status);
    await answer.body?.cancel();
  }
  assertEquals(codes, [...Array(10).fill(401), ...Array(5).fill(429)]);
  assertEquals(stand.reviews.length, 10);
  assertEquals(stand.lines.filter((line) => line.includes("made-up")), []);
});

Deno.test("the console asks for all namespaces first, and about each place once a minute at most", async () => {
  await using stand = await startConsole(SHOP_ONLY);
  stand.put(shownFunction("shop", "a"), shownFunction("vault", "b"));
  await using root = await streamOf(stand.url, "token-of-root");
  await root.next();
  assertEquals(stand.reviews.splice(0).length, 5, "who it is, and the four kinds");
  await using own = await streamOf(stand.url, TOKEN);
  await own.next();
  assertEquals(stand.reviews.splice(0).length, 7, "and the functions of two namespaces");
  await using again = await streamOf(stand.url, TOKEN);
  await again.next();
  assertEquals(stand.reviews.splice(0).length, 0);
});

Deno.test("the console asks the API server no more for one as others come who may look at little", async () => {
  const tokens = Array.from({ length: 20 }, (_, index) => `token-${index}`);
  await using stand = await startConsole({
    users: Object.fromEntries(tokens.map((token) => [token, token])),
    may: ({ namespace }) => namespace === "ns-0",
  });
  for (const kind of ["Function", "MeshSync", "Sink", "Source"]) {
    for (let index = 0; index < 256; index += 1) {
      stand.put(shownFunction(`ns-${index}`, "a", { kind, spec: {} }));
    }
  }
  await using streams = new AsyncDisposableStack();
  const come = async (token: string) => {
    await streams.use(await streamOf(stand.url, token)).next();
  };
  for (const token of tokens) {
    await come(token);
    await stand.clock.advance(1_000);
  }
  assertEquals(stand.reviews.splice(0).length, 20 * (1 + 4 + 4 * 256));
  await come("token-0");
  assertEquals(stand.reviews.length, 0, "what was answered a moment ago is known");
});

Deno.test("the console does not ask what everybody may see each time that somebody makes a namespace", async () => {
  await using stand = await startConsole();
  let asked = 0;
  const rights = () => {
    asked += 1;
    return Promise.resolve({ may: () => Promise.resolve(false) });
  };
  const response = Object.assign(new EventEmitter(), {
    writeHead: () => {},
    write: () => true,
    destroy: () => response.emit("close"),
  });
  const { viewers } = stand.door;
  const shown = viewers.show({ user: "ada", rights }, response as unknown as ServerResponse);
  await eventually(() => viewers.size === 1);
  for (let seconds = 0; seconds < 20; seconds += 1) {
    stand.put(shownFunction(`made-${seconds}`, "a"));
    await stand.clock.advance(1_000);
  }
  assertEquals(asked >= 2 && asked <= 5, true, `${asked} times: at first, and each five seconds`);
  response.destroy();
  await shown;
});

Deno.test("the console explains what somebody may see, and says what he may not", async () => {
  const may = ({ namespace, resource }: Asked) => namespace === "shop" && resource === "functions";
  await using stand = await startConsole({ users: { [TOKEN]: "ada" }, may });
  const owner = { kind: "Function", uid: "shop-a", controller: true, apiVersion: "", name: "a" };
  stand.put(shownFunction("shop", "a"), {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { namespace: "shop", name: "hidden-set", uid: "set", ownerReferences: [owner] },
  });
  const told = await (await stand.get(EXPLAIN, bearer(TOKEN))).json();
  assertEquals([told.object, told.events], ["Function shop/a", []]);
  assertEquals(told.unread.slice(0, 1), ["StatefulSets of shop: you may not read this"]);
  assertEquals(JSON.stringify(told).includes("hidden-set"), false);
  for (
    const [path, status, words] of [
      ["kind=Function&namespace=vault&name=a", 403, "you may not get Functions in namespace vault"],
      ["kind=MeshSync&namespace=shop&name=a", 403, "you may not get MeshSyncs in namespace shop"],
      ["kind=Function&namespace=shop&name=z", 404, "Function shop/z does not exist"],
      ["kind=Secret&namespace=shop&name=z", 400, undefined],
      ["kind=Function&namespace=../shop&name=z", 400, undefined],
    ] as const
  ) {
    const answer = await stand.get(`/api/explain?${path}`, bearer(TOKEN));
    const text = (await answer.text()).trim();
    assertEquals([answer.status, words ?? text], [status, text]);
  }
});

Deno.test("the console on an address of this machine answers to its own name and its own page only", async () => {
  await using stand = await startConsole();
  const { port } = new URL(stand.url);
  const data = "/api/explain?kind=Function&namespace=a&name=b";
  const status = async (headers: Record<string, string>, path = data) => {
    const client = Deno.createHttpClient({ allowHost: true });
    const answer = await fetch(`${stand.url}${path}`, {
      headers,
      client,
    });
    await answer.body?.cancel();
    client.close();
    return answer.status;
  };
  assertEquals(await status({ host: `localhost:${port}` }), 404);
  assertEquals(await status({ host: `[::1]:${port}` }), 404);
  assertEquals(await status({ host: `evil.example:${port}` }), 403, "a name that leads here");
  assertEquals(await status({ host: "localhost.evil.example" }), 403);
  assertEquals(await status({ origin: "https://evil.example" }), 403);
  assertEquals(await status({ origin: "null" }), 403);
  assertEquals(await status({ "sec-fetch-site": "cross-site" }), 403);
  assertEquals(await status({ origin: stand.url, "sec-fetch-site": "same-origin" }), 404);
  const linked = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  assertEquals(await status(linked, "/component/Function/shop/a"), 200, "a link leads to the page");
  assertEquals(await status({ host: "evil.example" }, "/"), 403);
});

Deno.test("the console answers reads only, and with headers that keep a browser to it", async () => {
  await using stand = await startConsole();
  const written = await fetch(`${stand.url}/api/stream`, { method: "POST", body: "x" });
  assertEquals([written.status, written.headers.get("allow")], [405, "GET, HEAD"]);
  await written.body?.cancel();
  for (const path of ["/", "/component/Function/shop/a", "/assets/page.js", "/api/none"]) {
    const answer = await stand.get(path);
    await answer.body?.cancel();
    assertEquals(answer.headers.get("x-content-type-options"), "nosniff");
    assertEquals(answer.headers.get("referrer-policy"), "no-referrer");
    assertEquals(
      answer.headers.get("content-security-policy"),
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  }
  const missing = [
    "/favicon.ico",
    "/assets/..%2fsecret",
    "/assets/index.html",
    "/api/",
    "/assets/x",
  ];
  for (const path of missing) {
    const answer = await stand.get(path);
    await answer.body?.cancel();
    assertEquals([path, answer.status], [path, 404]);
  }
});

Deno.test("the console sends the page packed, and not again to who has it", async () => {
  await using stand = await startConsole();
  const first = await stand.get("/assets/page.js", { "accept-encoding": "gzip" });
  const tag = first.headers.get("etag") ?? "";
  assertEquals((await first.text()).startsWith("console.log"), true);
  const again = await stand.get("/assets/page.js", { "if-none-match": tag });
  assertEquals([again.status, await again.text()], [304, ""]);
});
