import { assertEquals } from "@std/assert";
import { type KubeObject, systemClock } from "#base";
import { httpTransport, Informer } from "#kube";
import { eventually } from "../support/eventually.ts";
import { listOf, POD, pod, scripted } from "../support/scripted_informer.ts";
import { scriptedServer, statusResponse } from "../support/scripted_server.ts";

Deno.test("Informer lists again when its version has expired, and tells what vanished meanwhile", async () => {
  await using it = scripted({
    lists: [
      () => listOf(10, pod("a", 5), pod("b", 6)),
      () => listOf(20, pod("b", 15), pod("c", 16)),
    ],
  });
  const watch = await it.watch(0);
  watch.send("ERROR", {
    kind: "Status",
    status: "Failure",
    code: 410,
    reason: "Expired",
    message: "too old",
  });
  await eventually(() => it.changes.length === 5);
  assertEquals(it.changes, ["+a", "+b", "~b", "+c", "-a"]);
  assertEquals(it.restarts, ["expired"]);
  await it.watch(1);
  assertEquals(it.watchVersions(), ["10", "20"]);
});

Deno.test("Informer goes on from the last version after a dropped connection, without listing", async () => {
  await using it = scripted({ lists: [() => listOf(10, pod("a", 5))] });
  const first = await it.watch(0);
  first.send("MODIFIED", pod("a", 11));
  first.send("BOOKMARK", { metadata: { resourceVersion: "14" } });
  await eventually(() => it.changes.length === 2);
  first.break();
  const second = await it.watch(1);
  second.send("DELETED", pod("a", 15));
  await eventually(() => it.changes.length === 3);
  assertEquals(it.changes, ["+a", "~a", "-a"]);
  assertEquals(it.watchVersions(), ["10", "14"]);
  assertEquals([it.listCount(), it.restarts], [1, ["network"]]);
});

Deno.test("Informer goes on without a word when the server ends a watch in order", async () => {
  await using it = scripted({ lists: [() => listOf(10)] });
  const first = await it.watch(0);
  first.send("ADDED", pod("a", 11));
  await eventually(() => it.changes.length === 1);
  first.end();
  await it.watch(1);
  assertEquals([it.watchVersions(), it.restarts], [["10", "11"], []]);
});

Deno.test("Informer survives a line that is no JSON, and one that is cut off", async () => {
  await using it = scripted({ lists: [() => listOf(10)] });
  const first = await it.watch(0);
  first.send("ADDED", pod("a", 11));
  first.raw("<html>bad gateway</html>\n");
  const second = await it.watch(1);
  second.send("ADDED", pod("b", 12));
  second.raw('{"type":"ADDED","object":{"kind":"Po');
  await eventually(() => it.changes.length === 2);
  second.end();
  const third = await it.watch(2);
  third.send("ADDED", pod("c", 13));
  await eventually(() => it.changes.length === 3);
  assertEquals(it.changes, ["+a", "+b", "+c"]);
  assertEquals([it.watchVersions(), it.restarts], [["10", "11", "12"], ["garbage"]]);
});

Deno.test("Informer leaves a connection on which nothing comes any longer", async () => {
  await using it = scripted({ lists: [() => listOf(10)], silentMs: 10_000 });
  await it.watch(0);
  const second = await it.watch(1);
  second.send("ADDED", pod("a", 11));
  await eventually(() => it.changes.length === 1);
  assertEquals(it.restarts[0], "silent");
});

Deno.test("Informer takes no half of a list for the whole", async () => {
  const page = (token: string, ...items: KubeObject[]) =>
    Response.json({ metadata: { resourceVersion: "20", continue: token }, items });
  await using it = scripted({
    lists: [
      () => listOf(10, pod("a", 5), pod("b", 6)),
      () => page("more", pod("a", 5)),
      () => statusResponse(410, "Expired"),
      () => page("more", pod("a", 5)),
      () => listOf(20, pod("b", 6)),
    ],
  });
  const watch = await it.watch(0);
  watch.send("ERROR", { code: 410, reason: "Expired", message: "too old" });
  await it.watch(1);
  assertEquals(it.changes, ["+a", "+b"]);
  assertEquals(it.informer.size, 2);
  assertEquals(it.restarts, ["expired", "expired"]);
});

Deno.test("Informer keeps its objects while the server refuses or fails, and says why", async () => {
  await using it = scripted({
    lists: [
      () => statusResponse(403, "Forbidden"),
      () => statusResponse(429, "TooManyRequests"),
      () => statusResponse(500, "InternalError"),
      () => listOf(10, pod("a", 5)),
    ],
  });
  await it.informer.whenSynced();
  assertEquals(it.restarts, ["refused", "throttled", "server"]);
  assertEquals([it.changes, it.informer.problem], [["+a"], undefined]);
});

Deno.test("Informer follows a server whose storage was restored from a backup", async () => {
  await using it = scripted({
    lists: [() => listOf(900, pod("a", 800), pod("b", 850)), () => listOf(300, pod("a", 200))],
  });
  const watch = await it.watch(0);
  watch.send("ERROR", { code: 410, reason: "Expired", message: "too new" });
  await it.watch(1);
  assertEquals(it.changes, ["+a", "+b", "~a", "-b"]);
  assertEquals(it.informer.get({ namespace: "shop", name: "a" })?.metadata.resourceVersion, "200");
});

Deno.test("Informer notices that the server went back in time when it goes on after a lost connection (F8)", async () => {
  let version = 950;
  await using it = scripted({
    lists: [() => listOf(900, pod("a", 800), pod("b", 850)), () => listOf(300, pod("a", 200))],
    version: () => version,
  });
  const first = await it.watch(0);
  first.break();
  const second = await it.watch(1);
  // A real server would say nothing until it is at 900 again.
  version = 300;
  second.break();
  await it.watch(2);
  assertEquals(it.changes, ["+a", "+b", "~a", "-b"]);
  assertEquals(it.restarts, ["network", "network", "rewound"]);
  assertEquals(it.watchVersions(), ["900", "900", "300"]);
  assertEquals(it.informer.problem, undefined);
});

Deno.test("Informer tells anew that all was read when the server went back, however it finds out (F8)", async () => {
  let version = 1_000_000;
  await using it = scripted({
    lists: [
      () => listOf(900, pod("a", 800)),
      () => listOf(300, pod("a", 200)),
      () => listOf(100, pod("a", 90)),
      () => listOf(150, pod("a", 90)),
    ],
    version: () => version,
  });
  const first = await it.watch(0);
  // Only the list shows that it went back: the version was too old for the server as well.
  first.send("ERROR", { code: 410, reason: "Expired", message: "too old" });
  const second = await it.watch(1);
  assertEquals([it.syncedCount(), it.informer.problem], [2, undefined]);
  // The watch is not gone on with.
  version = 100;
  second.break();
  const third = await it.watch(2);
  assertEquals([it.syncedCount(), it.informer.problem], [3, undefined]);
  // An ordinary list is no news of that kind.
  third.send("ERROR", { code: 410, reason: "Expired", message: "too old" });
  await it.watch(3);
  assertEquals([it.syncedCount(), it.informer.problem], [3, undefined]);
});

Deno.test("Informer lists again after silence, an event from the past and a version that is not there yet (F8)", async () => {
  const list = () => listOf(900, pod("a", 800));
  const restored = () => listOf(300, pod("a", 200));
  const silent = scripted({ lists: [list, restored], silentMs: 4_000 });
  const past = scripted({ lists: [list, restored] });
  const tooLarge = scripted({ lists: [list, restored] });
  const causes: string[] = [];
  for await (const it of [silent, past, tooLarge]) {
    await using _it = it;
    const watch = await it.watch(0);
    if (it === past) {
      watch.send("MODIFIED", pod("a", 901));
      watch.send("BOOKMARK", { metadata: { resourceVersion: "310" } });
    }
    if (it === tooLarge) {
      const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
      watch.send("ERROR", { code: 504, reason: "Timeout", message: "", details: { causes } });
    }
    await it.watch(1);
    assertEquals(it.watchVersions(), ["900", "300"]);
    assertEquals(it.changes.at(-1), "~a");
    causes.push(...it.restarts);
  }
  assertEquals(causes, ["silent", "rewound", "rewound"]);
});

Deno.test("Informer says that it is not current while the storage is older than what the server tells (F8)", async () => {
  const [now, old] = [listOf(900, pod("a", 800), pod("b", 850)), listOf(300, pod("b", 290))];
  let isRestored = false;
  let isRestarted = false;
  await using it = scripted({
    // An API server that was not restarted goes on telling what it told before.
    lists: [() => (isRestarted ? old : now).clone()],
    stored: () => Response.json(pod("b", isRestored ? 290 : 850)),
    speed: 5_000,
    silentMs: 1_000_000_000,
  });
  await it.watch(0);
  await it.informer.whenSynced();
  const asked = () => it.server.seen.filter(({ path }) => path.endsWith("/pods/b")).length;
  await eventually(() => asked() > 2);
  assertEquals([it.informer.problem, it.listCount()], [undefined, 1]);
  isRestored = true;
  await eventually(() => it.listCount() > 3);
  const problem = "the server has Pod shop/b at version 290, and had it at 850; " +
    "its storage was set back: restart the API servers";
  assertEquals([it.informer.problem, it.informer.outage?.problem], [problem, problem]);
  assertEquals(it.changes, ["+a", "+b"]);
  isRestarted = true;
  await eventually(() => it.informer.problem === undefined);
  assertEquals(it.changes, ["+a", "+b", "~b", "-a"]);
  assertEquals(it.informer.outage, undefined);
});

Deno.test("Informer says so when an object is gone from the storage and no watch told of it (F8)", async () => {
  await using it = scripted({
    lists: [() => listOf(900, pod("a", 800))],
    stored: () => statusResponse(404, "NotFound"),
    speed: 5_000,
    silentMs: 1_000_000_000,
  });
  await it.watch(0);
  await eventually(() => it.informer.problem !== undefined && it.informer.synced);
  assertEquals(
    it.informer.problem,
    "the server has no Pod shop/a, of whose deletion it told nothing; " +
      "its storage was set back: restart the API servers",
  );
});

Deno.test("Informer.observe() is not undone by a list that is older", async () => {
  await using it = scripted({
    lists: [() => listOf(10, pod("a", 5)), () => listOf(20, pod("a", 5))],
  });
  const watch = await it.watch(0);
  it.informer.observe(pod("a", 25));
  it.informer.observe(pod("new", 26));
  watch.send("ERROR", { code: 410, reason: "Expired", message: "too old" });
  const second = await it.watch(1);
  assertEquals(it.changes, ["+a", "~a", "+new"]);
  // The watch catches up: nothing of it is news, until it is.
  second.send("MODIFIED", pod("a", 22));
  second.send("MODIFIED", pod("a", 25));
  second.send("ADDED", pod("new", 26));
  second.send("DELETED", pod("new", 27));
  await eventually(() => it.changes.length === 4);
  assertEquals(it.changes, ["+a", "~a", "+new", "-new"]);
});

Deno.test("Informer goes on when its listener throws", async () => {
  const lines: string[] = [];
  await using server = scriptedServer(({ query }) =>
    query.has("watch") ? new Response("") : listOf(10, pod("a", 5), pod("b", 6))
  );
  await using transport = httpTransport({
    server: server.url,
    credentials: () => Promise.resolve({}),
  });
  const stop = new AbortController();
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (message: string, facts?: unknown) => lines.push(`${message} ${JSON.stringify(facts)}`),
    with: () => log,
  };
  const informer = new Informer({
    transport,
    type: POD,
    onChange: () => {
      throw new Error("a bug");
    },
    clock: systemClock,
    log,
    signal: stop.signal,
  });
  const run = informer.run();
  await informer.whenSynced();
  stop.abort();
  await run;
  assertEquals(informer.size, 2);
  assertEquals(lines.length, 2);
});
