import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type JsonObject, type KubeObject } from "#base";
import { ApiError, httpCluster, type ObjectChange, type ResourceType, type Transport } from "#kube";
import { silentLogger } from "#telemetry";
import { FollowedKinds } from "../../src/followed_kinds.ts";
import { eventually } from "../support/eventually.ts";
import { FakeClock } from "../support/fake_clock.ts";

const HOUR_MS = 3_600_000;

function typeOf(kind: string): ResourceType {
  return { apiVersion: "v1", kind, plural: `${kind.toLowerCase()}s`, namespaced: true };
}

/** A server of many kinds, whose objects and refusals a test sets. */
function manyKinds() {
  const objects = new Map<string, KubeObject[]>();
  const refused = new Map<string, number>();
  const watches = new Map<string, ReadableStreamDefaultController<Uint8Array>>();
  const lists: string[] = [];
  let version = 1;
  const failure = (kind: string) => {
    const status = refused.get(kind);
    return status === undefined ? undefined : new ApiError({
      ask: { verb: "list", kind },
      status,
      reason: "No",
      text: "no",
    });
  };
  const transport: Transport = {
    server: "https://kube.example",
    request({ ask: { key, kind } }) {
      const error = failure(kind);
      const one = objects.get(kind)?.find(({ metadata }) => metadata.name === key?.name);
      if (one !== undefined && error === undefined) {
        return Promise.resolve(one as unknown as JsonObject);
      }
      lists.push(kind);
      return error === undefined
        ? Promise.resolve({
          metadata: { resourceVersion: String(version) },
          items: objects.get(kind) ?? [],
        } as unknown as JsonObject)
        : Promise.reject(error);
    },
    stream({ ask: { kind }, signal }) {
      const error = failure(kind);
      return error === undefined
        ? Promise.resolve(openWatch(watches, kind, signal))
        : Promise.reject(error);
    },
    reconnect() {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const say = (kind: string, type: string, object: JsonObject) =>
    watches.get(kind)?.enqueue(
      new TextEncoder().encode(`${JSON.stringify({ type, object })}\n`),
    );
  return {
    transport,
    objects,
    refused,
    watches,
    lists,
    say,
    next: () => String(++version),
    /** Ends a watch as a lost connection does. */
    drop: (kind: string) => watches.get(kind)?.error(new Error("dropped")),
  };
}

/** A watch that says nothing by itself, and ends with its signal. */
function openWatch(
  watches: Map<string, ReadableStreamDefaultController<Uint8Array>>,
  kind: string,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      watches.set(kind, controller);
      signal?.addEventListener("abort", () => {
        if (watches.get(kind) === controller) watches.delete(kind);
        controller.error(signal.reason);
      });
    },
  });
}

function followedKinds(server: ReturnType<typeof manyKinds>, clock = new FakeClock()) {
  const stop = new AbortController();
  const changes: ObjectChange[] = [];
  const synced: string[] = [];
  const refused: string[] = [];
  const parts = {
    clock,
    cluster: httpCluster(server.transport, { clock }),
    config: {},
    log: silentLogger,
    metrics: { countWatchRestart() {} },
    transport: server.transport,
  } as unknown as ConstructorParameters<typeof FollowedKinds>[0];
  const followed = new FollowedKinds(parts, {
    signal: stop.signal,
    onChange: (change) => changes.push(change),
    onSynced: ({ kind }) => synced.push(kind),
    onRefused: ({ kind }) => refused.push(kind),
  });
  return {
    followed,
    clock,
    changes,
    synced,
    refused,
    async [Symbol.asyncDispose]() {
      stop.abort(new DOMException("over", "AbortError"));
      await followed.ended();
      assertEquals(clock.sleeping, 0);
    },
  };
}

function object(kind: string, name: string, more: JsonObject = {}): KubeObject {
  const metadata = { namespace: "a", name, resourceVersion: "1" };
  return { apiVersion: "v1", kind, metadata, ...more };
}

const never = new AbortController().signal;

Deno.test("FollowedKinds follows kinds, and has a cache of those that are read", async () => {
  const server = manyKinds();
  server.objects.set("Gear", [object("Gear", "a")]);
  await using kinds = followedKinds(server);
  const { followed, changes, synced } = kinds;
  const gear = typeOf("Gear");
  assertEquals([followed.cache(gear), followed.obstacle(gear)], [undefined, undefined]);
  followed.follow([gear]);
  assertEquals(followed.cache(gear), undefined);
  assertEquals(followed.obstacle(gear), undefined);
  await followed.whenRead([gear], never);
  assertEquals(followed.cache(gear)?.list().map(({ metadata }) => metadata.name), ["a"]);
  assertEquals([followed.obstacle(gear), synced], [undefined, ["Gear"]]);
  followed.follow([gear]);
  assertEquals([server.lists, changes.length], [["Gear"], 1]);
});

Deno.test("FollowedKinds says that a kind is forbidden or not served, and waits for none of it", async () => {
  const server = manyKinds();
  server.refused.set("Gear", 403).set("Bolt", 404);
  await using kinds = followedKinds(server);
  const { followed, synced, clock } = kinds;
  const types = [typeOf("Gear"), typeOf("Bolt")];
  followed.follow(types);
  await followed.whenRead(types, never);
  assertMatch(followed.obstacle(typeOf("Gear")) ?? "", /^Cannot list Gear: no/);
  assertEquals(followed.obstacle(typeOf("Bolt")), undefined);
  assertEquals(types.map((type) => followed.cache(type)), [undefined, undefined]);
  server.refused.clear();
  await eventually(async () => {
    await clock.advance(1_000);
    return synced.length === 2;
  });
  assertEquals(types.map((type) => followed.obstacle(type)), [undefined, undefined]);
});

Deno.test("FollowedKinds waits no longer than its signal for a server that does not answer", async () => {
  const server = manyKinds();
  await using kinds = followedKinds({
    ...server,
    transport: {
      ...server.transport,
      request: ({ signal }) =>
        new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
    },
  });
  const { followed } = kinds;
  followed.follow([typeOf("Gear")]);
  const stop = new AbortController();
  const waiting = followed.whenRead([typeOf("Gear")], stop.signal);
  stop.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
});

Deno.test("FollowedKinds has no cache while the server refuses what it allowed, and says when it is whole again", async () => {
  const server = manyKinds();
  await using kinds = followedKinds(server);
  const { followed, synced, clock } = kinds;
  const gear = typeOf("Gear");
  followed.follow([gear]);
  await followed.whenRead([gear], never);
  await eventually(() => server.watches.has("Gear"));
  server.refused.set("Gear", 403);
  server.drop("Gear");
  await eventually(async () => {
    await clock.advance(1_000);
    return followed.cache(gear) === undefined;
  });
  assertEquals([followed.obstacle(gear) === undefined, kinds.refused], [false, ["Gear"]]);
  server.refused.clear();
  server.watches.delete("Gear");
  await eventually(async () => {
    await clock.advance(60_000);
    return server.watches.has("Gear");
  });
  server.say("Gear", "BOOKMARK", { metadata: { resourceVersion: server.next() } });
  await eventually(() => followed.cache(gear) !== undefined);
  assertEquals([followed.obstacle(gear), synced], [undefined, ["Gear", "Gear"]]);
});

Deno.test("FollowedKinds ends kinds that nobody applies any more, after a while", async () => {
  const server = manyKinds();
  await using kinds = followedKinds(server);
  const { followed, clock } = kinds;
  const [gear, bolt, nut] = [typeOf("Gear"), typeOf("Bolt"), typeOf("Nut")];
  followed.follow([gear, bolt, nut]);
  await followed.whenRead([gear, bolt, nut], never);
  await eventually(() => server.watches.size === 3);
  followed.keep([gear]);
  await clock.advance(60_000);
  assertEquals(followed.cache(bolt)?.list(), []);
  followed.follow([bolt]);
  await clock.advance(HOUR_MS);
  await eventually(() => server.watches.size === 2);
  assertEquals([gear, bolt].map((type) => followed.cache(type)?.list()), [[], []]);
  assertEquals(followed.cache(nut), undefined);
  followed.follow([nut]);
  await followed.whenRead([nut], never);
  assertEquals(followed.cache(nut)?.list(), []);
});

Deno.test("FollowedKinds finds changes of the 65th kind late, and says so", async () => {
  const server = manyKinds();
  server.objects.set("Kind64", [object("Kind64", "a"), object("Kind64", "b")]);
  await using kinds = followedKinds(server);
  const { followed, changes, clock } = kinds;
  const types = Array.from({ length: 65 }, (_, index) => typeOf(`Kind${index}`));
  const last = typeOf("Kind64");
  followed.follow(types);
  await followed.whenRead(types, never);
  assertEquals(followed.cache(last), undefined);
  assertEquals(
    followed.obstacle(last),
    "64 kinds are watched already",
  );
  const words = () => {
    const told = changes.map(({ before, after }) =>
      [before, after].map((one) => one?.metadata.resourceVersion).join(" ")
    );
    changes.length = 0;
    return told;
  };
  await eventually(() => changes.length === 2);
  assertEquals(words(), [" 1", " 1"]);
  const edited = object("Kind64", "b", { spec: { a: 1 } });
  server.objects.set("Kind64", [
    { ...edited, metadata: { ...edited.metadata, resourceVersion: "2" } },
  ]);
  await clock.advance(12 * 60_000);
  assertEquals(words(), ["1 2", "1 "]);
  server.refused.set("Kind64", 403);
  await clock.advance(12 * 60_000);
  assertMatch(
    followed.obstacle(last) ?? "",
    /^64 kinds are watched already; Cannot list Kind64: no/,
  );
  // One that leaves makes room.
  server.refused.clear();
  followed.keep(types.slice(1));
  await clock.advance(HOUR_MS);
  await followed.whenRead([last], never);
  assertEquals([followed.obstacle(last), followed.cache(last)?.synced], [undefined, true]);
  // What leaves soon goes at once where somebody waits.
  followed.keep(types.slice(2));
  followed.follow([typeOf("Other")]);
  await followed.whenRead([typeOf("Other")], never);
  assertEquals(followed.cache(typeOf("Other"))?.synced, true);
  assertEquals(followed.cache(typeOf("Kind1")), undefined);
});

Deno.test("FollowedKinds keeps no data of Secrets, and tells versions all the same", async () => {
  const server = manyKinds();
  const data = { token: btoa("MARKSECRET") };
  server.objects.set("Secret", [object("Secret", "a", { data, type: "Opaque" })]);
  await using kinds = followedKinds(server);
  const { followed, changes } = kinds;
  const secret = typeOf("Secret");
  followed.follow([secret]);
  await followed.whenRead([secret], never);
  await eventually(() => server.watches.has("Secret"));
  const changed = { ...object("Secret", "a"), data: { token: btoa("MARKOTHER") } };
  const metadata = { ...changed.metadata, resourceVersion: server.next() };
  server.say("Secret", "MODIFIED", { ...changed, metadata } as unknown as JsonObject);
  await eventually(() => changes.length === 2);
  const text = JSON.stringify(changes);
  for (const value of [data.token, btoa("MARKOTHER"), "MARK"]) {
    assertEquals(text.includes(value), false);
  }
  const [first, second] = changes.map(({ after }) => after?.["dataHash"]);
  assertEquals(typeof first === "string" && first !== second, true);
  assertEquals(followed.cache(secret), undefined);
  const key = { namespace: "a", name: "a" };
  assertEquals(followed.version(secret, key), metadata.resourceVersion);
  assertEquals(followed.version(secret, { ...key, name: "b" }), undefined);
});

Deno.test("FollowedKinds has no cache of what is not compared with the server yet, and waits for none that is refused", async () => {
  const server = manyKinds();
  await using kinds = followedKinds(server);
  const { followed, synced } = kinds;
  const [gear, axle] = [typeOf("Gear"), typeOf("Axle")];
  followed.follow([gear, axle]);
  await followed.whenRead([gear, axle], never);
  server.refused.set("Axle", 403);
  server.drop("Axle");
  const isRefused = async () => {
    await kinds.clock.advance(1_000);
    return followed.obstacle(axle);
  };
  await eventually(isRefused);
  const version = server.next();
  const compared = followed.compare(never);
  assertEquals(followed.cache(gear), undefined);
  const watch = server.watches.get("Gear");
  await eventually(() => ![watch, undefined].includes(server.watches.get("Gear")));
  server.say("Gear", "BOOKMARK", { kind: "Gear", metadata: { resourceVersion: version } });
  await compared;
  assertEquals(followed.cache(gear)?.size, 0);
  assertEquals(followed.cache(axle), undefined);
  assertEquals(synced, ["Gear", "Axle", "Gear"]);
});
