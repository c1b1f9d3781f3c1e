import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createMetrics, parseAddress, startServer } from "#telemetry";
import { eventually } from "../support/eventually.ts";
import { FakeClock } from "../support/fake_clock.ts";

async function get(url: string): Promise<[number, string]> {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

async function serverWith(options: Omit<Parameters<typeof startServer>[0], "address">) {
  const server = await startServer({ address: "127.0.0.1:0", ...options });
  if (server === undefined) throw new Error("no server");
  return server;
}

Deno.test("startServer() shows metrics in the text format", async () => {
  const metrics = createMetrics({ build: { version: "1.2.3" } });
  await using server = await serverWith({ metrics });
  const response = await fetch(`${server.url}/metrics`);
  assertMatch(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assertMatch(await response.text(), /mesh_build_info{version="1\.2\.3"/);
});

Deno.test("startServer() answers ok as long as all checks are, and names the one that is not", async () => {
  let problem: string | undefined = "Function: not read yet";
  await using server = await serverWith({
    live: { loops: () => undefined },
    ready: { definitions: () => undefined, caches: () => Promise.resolve(problem) },
  });
  assertEquals(await get(`${server.url}/healthz`), [200, "ok\n"]);
  assertEquals(await get(`${server.url}/readyz`), [
    500,
    "[-]caches: Function: not read yet\nreadyz check failed\n",
  ]);
  assertEquals(await get(`${server.url}/readyz/definitions`), [200, "ok\n"]);
  problem = undefined;
  assertEquals(await get(`${server.url}/readyz?verbose`), [
    200,
    "[+]caches ok\n[+]definitions ok\nreadyz ok\n",
  ]);
  assertEquals(await get(`${server.url}/readyz/readyz`), [200, "ok\n"]);
});

Deno.test("startServer() counts a check that throws as failed", async () => {
  await using server = await serverWith({
    live: {
      broken: () => {
        throw new Error("no idea");
      },
    },
  });
  assertEquals(await get(`${server.url}/healthz`), [
    500,
    "[-]broken: no idea\nhealthz check failed\n",
  ]);
});

Deno.test("startServer() has nothing but what it was given", async () => {
  await using server = await serverWith({ live: {} });
  assertEquals((await get(`${server.url}/metrics`))[0], 404);
  assertEquals((await get(`${server.url}/healthz/other`))[0], 200);
  assertEquals((await get(`${server.url}/etc/passwd`))[0], 404);
  const post = await fetch(`${server.url}/healthz`, { method: "POST", body: "x" });
  assertEquals([post.status, await post.text()], [405, "method not allowed\n"]);
});

Deno.test("startServer() starts none for the address 0", async () => {
  assertEquals(await startServer({ address: "0" }), undefined);
});

Deno.test("parseAddress() refuses what is no address", () => {
  for (const address of ["", "8080", "host", "a:b", ":99999", "::1:80"]) {
    assertThrows(() => parseAddress(address), RangeError, "Cannot listen on");
  }
});

Deno.test("startServer() counts a check that does not answer as failed", async () => {
  const clock = new FakeClock();
  await using server = await serverWith({ live: { stuck: () => new Promise(() => {}) }, clock });
  const answer = get(`${server.url}/healthz`);
  await eventually(() => clock.sleeping > 0);
  await clock.advance(3_000);
  assertEquals(await answer, [500, "[-]stuck: no answer in 3000 ms\nhealthz check failed\n"]);
});
