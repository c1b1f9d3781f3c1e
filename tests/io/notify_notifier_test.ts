import { assertEquals } from "@std/assert";
import type { MeshSync } from "#api";
import type { AddressPolicy, Clock, KubeObject } from "#base";
import { Notifier } from "#notify";
import type { EventDraft, Notice } from "#plan";
import { silentLogger } from "#telemetry";
import { eventually } from "../support/eventually.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { scriptedServer } from "../support/scripted_server.ts";

const LOCAL = { apiServer: [], allowLoopback: true };

function syncNamed(name: string, ...addresses: readonly string[]): MeshSync {
  const notify = addresses.map((address) => ({ type: "webhook", address }));
  const metadata = { name, namespace: "a", uid: name };
  return {
    apiVersion: "v1",
    kind: "MeshSync",
    metadata,
    spec: { url: "", notify },
  } as unknown as MeshSync;
}

function noticeOf(revision: string, event: Notice["event"] = "Healthy"): Notice {
  return {
    event,
    namespace: "a",
    sync: "s",
    revision,
    commit: "",
    subject: "",
    author: "",
    reason: event,
    message: "",
    repository: "",
    path: ".",
  };
}

function notifierWith(clock: Clock, addresses: AddressPolicy = LOCAL) {
  const events: EventDraft[] = [];
  const counts: string[] = [];
  const notifier = new Notifier({
    readerFor: () => ({ get: () => Promise.resolve(undefined) }),
    clock,
    log: silentLogger,
    addresses,
    events: { record: (_object: KubeObject, event: EventDraft) => events.push(event) },
    metrics: { countNotification: (_type, result) => counts.push(result) },
    retryMs: 1,
  });
  return { notifier, events, counts };
}

Deno.test("Notifier remembers a notice as told only when it was delivered (B22)", async () => {
  let status = 403;
  await using service = scriptedServer(() => new Response("no", { status }));
  const clock = new FakeClock();
  const { notifier, events } = notifierWith(clock);
  await using _ending = notifier;
  const sync = syncNamed("s", service.url);
  const tell = async (revision: string) => {
    notifier.tell(sync, noticeOf(revision));
    await notifier.flush();
    return service.seen.length;
  };
  assertEquals([await tell("1"), events.length], [1, 1]);
  // Not at once, so that nobody is called in every pass.
  assertEquals([await tell("1"), events.length], [1, 1]);
  await clock.advance(10 * 60_000);
  status = 200;
  assertEquals(await tell("1"), 2);
  await clock.advance(24 * 3_600_000);
  assertEquals(await tell("1"), 2);
  // What is news is told at once, whatever became of the last one.
  status = 403;
  assertEquals(await tell("2"), 3);
  status = 200;
  assertEquals(await tell("3"), 4);
  assertEquals(await tell("2"), 5);
});

Deno.test("Notifier tells once what is told again while it is under way", async () => {
  const { promise: answer, resolve } = Promise.withResolvers<void>();
  await using service = scriptedServer(async () => {
    await answer;
    return new Response(null);
  });
  const { notifier } = notifierWith(new FakeClock());
  await using _ending = notifier;
  const sync = syncNamed("s", service.url);
  for (let round = 0; round < 5; round++) notifier.tell(sync, noticeOf("1"));
  resolve();
  await notifier.flush();
  assertEquals(service.seen.length, 1);
});

Deno.test("Notifier tells what it had no room for as soon as it has, the newest of each destination (B22)", async () => {
  const { promise: answer, resolve } = Promise.withResolvers<void>();
  await using service = scriptedServer(async () => {
    await answer;
    return new Response(null);
  });
  const { notifier, counts, events } = notifierWith(new FakeClock());
  await using _ending = notifier;
  for (let index = 0; index < 500; index++) {
    notifier.tell(syncNamed("busy", `${service.url}/busy`), noticeOf(`${index}`));
  }
  const late = syncNamed("late", `${service.url}/late`);
  const later = syncNamed("later", `${service.url}/later`);
  for (const revision of ["1", "2", "3"]) notifier.tell(late, noticeOf(revision));
  notifier.tell(later, noticeOf("1"));
  assertEquals(notifier.dropped, 2);
  resolve();
  await notifier.flush();
  const told = (path: string) =>
    service.seen.filter((request) => request.path === path)
      .map(({ body }) => JSON.parse(body).revision);
  assertEquals([told("/late"), told("/later")], [["3"], ["1"]]);
  assertEquals(told("/busy").length, 500);
  assertEquals(counts.filter((result) => result === "dropped").length, 2);
  assertEquals(events, []);
});

Deno.test("M1: Notifier calls no address of the program's own network, and follows no redirect", async () => {
  await using inner = scriptedServer(() => new Response("secret"));
  await using service = scriptedServer(() =>
    new Response("words of a stranger", { status: 302, headers: { location: inner.url } })
  );
  const strict = notifierWith(new FakeClock(), { apiServer: ["10.96.0.1"], allowLoopback: false });
  const addresses = [inner.url, "http://169.254.169.254/", "https://10.96.0.1/", "file:///etc"];
  strict.notifier.tell(syncNamed("s", ...addresses), noticeOf("1"));
  await strict.notifier[Symbol.asyncDispose]();
  assertEquals(strict.events.map(({ message }) => message.split(": ").at(-1)).sort(), [
    "its address is a link-local address, which is not called",
    "its address is an address of the program's own machine, which is not called",
    "its address is the API server, which is not called",
    "the address is none",
  ]);
  const { notifier, events } = notifierWith(new FakeClock());
  notifier.tell(syncNamed("s", service.url), noticeOf("1"));
  await eventually(() => events.length === 1);
  await notifier[Symbol.asyncDispose]();
  assertEquals(events[0]?.message.endsWith(": it answered 302"), true);
  assertEquals(inner.seen, []);
});
