/** The stream of the console: who is told what, when, and what it costs. */
import { assertEquals } from "@std/assert";
import { CONSOLE_BUDGETS } from "#base";
import { eventually } from "../support/eventually.ts";
import { shownFunction, startConsole, streamOf } from "../support/console_stand.ts";

Deno.test("the console tells all first, and then what changed, within a second", async () => {
  await using stand = await startConsole();
  stand.put(shownFunction("shop", "a"), shownFunction("shop", "b"));
  await using stream = await streamOf(stand.url);
  const first = await stream.next();
  assertEquals([stream.status, first?.event], [200, "view"]);
  assertEquals(Object.keys(first?.data.components), ["Function/shop/a", "Function/shop/b"]);
  stand.put(shownFunction("shop", "a", { spec: { image: "new" } }));
  stand.put(shownFunction("shop", "c"));
  stand.remove(shownFunction("shop", "b"));
  await stand.clock.advance(1_000);
  const { data, event } = await stream.next() ?? {};
  assertEquals(event, "change");
  assertEquals(Object.keys(data.components).sort(), [
    "Function/shop/a",
    "Function/shop/b",
    "Function/shop/c",
  ]);
  assertEquals([data.components["Function/shop/b"], data.syncs], [null, undefined]);
});

Deno.test("the console says that it is still here where nothing changes", async () => {
  await using stand = await startConsole();
  await using stream = await streamOf(stand.url);
  await stream.next();
  await stand.clock.advance(16_000);
  assertEquals(await stream.next(), { event: "comment", data: null });
});

Deno.test("the console looks at nothing while nobody looks, and at the caches once for all who do", async () => {
  await using stand = await startConsole();
  stand.put(shownFunction("shop", "a"));
  await stand.clock.advance(60_000);
  assertEquals([stand.door.viewers.looks, stand.clock.sleeping], [0, 0]);
  {
    await using one = await streamOf(stand.url);
    await using two = await streamOf(stand.url);
    await Promise.all([one.next(), two.next()]);
    const before = stand.door.viewers.looks;
    await stand.clock.advance(4_000);
    assertEquals(stand.door.viewers.looks - before, 5);
  }
  await eventually(() => stand.door.viewers.size === 0);
  await stand.clock.advance(1_000);
  const after = stand.door.viewers.looks;
  await stand.clock.advance(60_000);
  assertEquals([stand.door.viewers.looks - after, stand.clock.sleeping], [0, 0]);
});

Deno.test("the console has one event at most for who does not read, and lets him go", async () => {
  await using stand = await startConsole();
  const big = (turn: number) =>
    Array.from(
      { length: 3_000 },
      (_, index) =>
        shownFunction("shop", `a-${index}`, { spec: { image: `${turn}-${"x".repeat(290)}` } }),
    );
  stand.put(...big(0));
  const { hostname, port } = new URL(stand.url);
  using socket = await Deno.connect({ hostname, port: Number(port) });
  const request = `GET /api/stream HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`;
  await socket.write(new TextEncoder().encode(request));
  await eventually(() => stand.door.viewers.size === 1);
  // He never reads: what is not read is not added to.
  for (let turn = 1; turn <= 40; turn += 1) {
    stand.put(...big(turn));
    const { viewers } = stand.door;
    const before = viewers.looks;
    // So many are made anew in turns, which take real time.
    await eventually(async () => {
      await stand.clock.advance(1_000);
      return viewers.looks > before || viewers.size === 0;
    });
    if (viewers.size === 0) break;
  }
  await eventually(() => stand.door.viewers.size === 0);
});

Deno.test("the console takes so many viewers, and tells the others to come again", async () => {
  await using stand = await startConsole();
  await using viewers = new AsyncDisposableStack();
  for (let index = 0; index < CONSOLE_BUDGETS.viewers; index += 1) {
    const stream = viewers.use(await streamOf(stand.url));
    await stream.next();
  }
  const refused = await stand.get("/api/stream");
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
  assertEquals(await refused.text(), "64 look at it already: try again later\n");
});

Deno.test("the console tells all that there is so often to one who comes again and again, and then in a while", async () => {
  await using stand = await startConsole();
  const comes = async () => {
    await using stream = await streamOf(stand.url);
    await stream.next();
    return stream.status;
  };
  for (let time = 0; time < 64; time += 1) assertEquals(await comes(), 200);
  await eventually(() => stand.door.viewers.size === 0);
  assertEquals(await comes(), 429);
  await stand.clock.advance(1_000);
  assertEquals([await comes(), await comes()], [200, 429]);
});

Deno.test("the console ends the streams of a program that ends", async () => {
  const stand = await startConsole();
  await using stream = await streamOf(stand.url);
  await stream.next();
  await stand[Symbol.asyncDispose]();
  assertEquals(await stream.next(), undefined);
  assertEquals(stand.clock.sleeping, 0);
});

Deno.test("a replica that has nothing to show says why", async () => {
  await using stand = await startConsole();
  stand.state.obstacle = "this replica waits for its turn";
  for (const path of ["/api/stream", "/api/explain?kind=Function&namespace=shop&name=a"]) {
    const answer = await stand.get(path);
    assertEquals([answer.status, await answer.text()], [503, "this replica waits for its turn\n"]);
  }
  const page = await stand.get("/");
  assertEquals([page.status, (await page.text()).startsWith("<!doctype html>")], [200, true]);
});
