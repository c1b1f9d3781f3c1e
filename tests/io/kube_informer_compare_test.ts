import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { listOf, pod, scripted } from "../support/scripted_informer.ts";
import { statusResponse } from "../support/scripted_server.ts";

const never = new AbortController().signal;

/** Whether a promise has resolved, asked later than everything that is due now. */
function noted(promise: Promise<void>): { readonly isDone: boolean } {
  const note = { isDone: false };
  promise.then(() => note.isDone = true, () => {});
  return note;
}

function bookmark(version: number) {
  return { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: String(version) } };
}

Deno.test("Informer.compare() asks how far the server is, and that is all where the cache is as far", async () => {
  await using it = scripted({ lists: [() => listOf(10, pod("a", 5))], version: () => 12 });
  const watch = await it.watch(0);
  watch.send("MODIFIED", pod("a", 12));
  await eventually(() => it.changes.length === 2);
  await it.informer.compare(never);
  assertEquals([it.informer.problem, it.listCount()], [undefined, 1]);
  assertEquals(it.watchVersions(), ["10"], "its watch goes on");
});

Deno.test("Informer.compare() has a watch say how far it is, and lists nothing", async () => {
  await using it = scripted({ lists: [() => listOf(10, pod("a", 5), pod("b", 6))] });
  await it.watch(0);
  const compared = it.informer.compare(never);
  const note = noted(compared);
  assertMatch(it.informer.problem ?? "", /not compared/);
  // It goes on from where it was, and only for as long as it takes to say it.
  const watch = await it.watch(1);
  const { query } = it.server.seen.filter((seen) => seen.query.has("watch"))[1] ?? {};
  assertEquals([query?.get("resourceVersion"), query?.get("timeoutSeconds")], ["10", "3"]);
  watch.send("DELETED", pod("b", 999_999));
  await eventually(() => it.changes.length === 3);
  assert(!note.isDone, "the server is not known to have told everything");
  assertMatch(it.informer.problem ?? "", /not compared/);
  watch.send("BOOKMARK", bookmark(1_000_000));
  await compared;
  assertEquals(it.informer.problem, undefined);
  assertEquals([it.changes, it.restarts, it.listCount()], [["+a", "+b", "-b"], [], 1]);
  // Who waits for caches hears of it.
  assertEquals(it.syncedCount(), 2);
});

Deno.test("Informer.compare() lists where the watch does not say how far it is", async () => {
  await using it = scripted({
    lists: [() => listOf(10, pod("a", 5)), () => listOf(1_000_000, pod("a", 999_999))],
    // 5 s are 50 ms.
    speed: 100,
  });
  await it.watch(0);
  await it.informer.compare(never);
  assertEquals([it.changes, it.restarts], [["+a", "~a"], ["silent"]]);
  assertEquals([it.informer.problem, it.listCount()], [undefined, 2]);
});

Deno.test("Informer.compare() lists what a server has that went back", async () => {
  await using it = scripted({
    lists: [() => listOf(10, pod("a", 5), pod("b", 10)), () => listOf(7, pod("a", 5))],
    version: () => 7,
  });
  await it.watch(0);
  await it.informer.compare(never);
  assertEquals([it.changes, it.restarts], [["+a", "+b", "-b"], ["rewound"]]);
});

Deno.test("Informer.compare() asks again while the server does not answer, and ends with its signal", async () => {
  let isThere = false;
  await using it = scripted({
    lists: [() => listOf(10, pod("a", 5))],
    version: () => isThere ? 10 : statusResponse(500, "InternalError"),
  });
  await it.watch(0);
  const asked = () => it.server.seen.filter(({ query }) => query.get("limit") === "1").length;
  const stop = new AbortController();
  const first = it.informer.compare(stop.signal);
  await eventually(() => asked() > 1);
  stop.abort(new Error("no patience"));
  await assertRejects(() => first, Error, "no patience");
  assertMatch(it.informer.problem ?? "", /not compared/, "what was not compared stays unknown");
  isThere = true;
  await it.informer.compare(never);
  assertEquals(it.informer.problem, undefined);
});

Deno.test("Informer.compare() after a change of definitions lists, and no list that began before counts", async () => {
  const second = Promise.withResolvers<Response>();
  await using it = scripted({
    lists: [
      () => listOf(10, pod("a", 5)),
      () => second.promise,
      () => listOf(10, { ...pod("a", 5), spec: { node: "new" } }),
    ],
    version: () => 10,
  });
  await it.watch(0);
  const former = it.informer.compare(never, { isReread: true });
  await eventually(() => it.listCount() === 2);
  const latter = it.informer.compare(never, { isReread: true });
  second.resolve(listOf(10, pod("a", 5)));
  await former;
  await latter;
  assertEquals(it.listCount(), 3);
  assertEquals(it.informer.get({ namespace: "shop", name: "a" })?.spec, { node: "new" });
  assertEquals([it.informer.problem, it.restarts], [undefined, ["expired", "expired"]]);
});
