/** What the console says of one object, and what it never says. */
import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { shownFunction, startConsole, streamOf } from "../support/console_stand.ts";

const EXPLAIN = "/api/explain?kind=Function&namespace=shop&name=a";
const AT = "2026-11-29T07:59:00Z";

function mark(what: string): string {
  return `MARKER-${what}`;
}

/** A Function that fails, and all that it holds that nobody may be told. */
const FAILING = shownFunction("shop", "a", {
  metadata: {
    namespace: "shop",
    name: "a",
    generation: 1,
    uid: "shop-a",
    annotations: { "example.org/a": mark("annotation") },
  },
  spec: {
    input: { topics: ["raw"] },
    pod: { env: [{ name: "A", value: mark("value") }], command: [mark("command")] },
    java: { jar: "a.jar", javaOpts: [mark("option")] },
    funcConfig: { password: mark("config") },
    pulsar: { authSecret: mark("auth") },
  },
  status: {
    conditions: [{
      type: "Ready",
      status: "False",
      reason: "CrashLoopBackOff",
      message: `0/1 pods ready: https://bot:${mark("user")}@git.example is away`,
      lastTransitionTime: AT,
      observedGeneration: 1,
    }],
  },
});

/** An object of somebody. */
function owned(kind: string, uid: string, owner: KubeObject, more: object): KubeObject {
  const { apiVersion, kind: of, metadata: { name, uid: ownerUid = "" } } = owner;
  const reference = { apiVersion, kind: of, name, uid: ownerUid, controller: true };
  const metadata = { namespace: "shop", name: uid, uid, ownerReferences: [reference] };
  return { apiVersion: "v1", kind, metadata, ...more };
}

const SET = owned("StatefulSet", "a-function", FAILING, { spec: { replicas: 1 } });
const POD = owned("Pod", "a-function-0", SET, {
  spec: { containers: [{ name: "pulsar-function", args: [mark("argument")] }] },
  status: { phase: "Pending" },
});
const EVENT = owned("Event", "event", POD, {
  reason: "FailedMount",
  message: `cannot mount <b>no</b>\u001b[2J`,
  involvedObject: { kind: "Pod", name: "a-function-0" },
  lastSeen: AT,
});

Deno.test("the console explains from the commit to the container, with events and the numbers of the last hour", async () => {
  await using stand = await startConsole();
  stand.put(FAILING, SET, POD, EVENT);
  const runtime = { processed: 5, backlog: 7, exceptions: 0 };
  stand.numbers.note({ ...FAILING, status: { runtime } }, stand.clock.now() - 600_000);
  const told = await (await stand.get(EXPLAIN)).json();
  assertEquals([told.object, told.isWell, told.reason], [
    "Function shop/a",
    false,
    "CrashLoopBackOff",
  ]);
  assertEquals(told.chain.map(({ what }: { what: string }) => what), [
    "Function shop/a",
    "StatefulSet shop/a-function",
    "Pod shop/a-function-0",
    "Event FailedMount",
  ]);
  assertEquals(told.events, [{
    object: "Pod shop/a-function-0",
    reason: "FailedMount",
    message: "cannot mount <b>no</b>�[2J",
    at: AT,
  }]);
  assertEquals([told.history.at.length, told.history.backlog.at(-1)], [61, 7]);
  assertEquals(told.unread, []);
});

Deno.test("the console explains nothing by what another namespace calls its own", async () => {
  await using stand = await startConsole();
  const elsewhere = ({ metadata, ...more }: KubeObject, name: string) => ({
    ...more,
    metadata: { ...metadata, namespace: "other", name, uid: name },
  });
  const pod = elsewhere(POD, "strange-pod");
  stand.put(
    FAILING,
    SET,
    POD,
    EVENT,
    pod,
    owned("Event", "strange-event", pod, {
      metadata: { ...elsewhere(owned("Event", "e", pod, {}), "strange-event").metadata },
      message: "strange-message",
      lastSeen: AT,
    }),
  );
  stand.put(elsewhere(EVENT, "strange-too"));
  const told = await (await stand.get(EXPLAIN)).json();
  assertEquals(told.events.map(({ object }: { object: string }) => object), [
    "Pod shop/a-function-0",
  ]);
  assertEquals(/strange/.exec(JSON.stringify(told)), null);
});

Deno.test("neither the stream of the console nor what it explains holds environment, secrets or command lines", async () => {
  await using stand = await startConsole();
  stand.put(FAILING, SET, POD, EVENT);
  await using stream = await streamOf(stand.url);
  const view = JSON.stringify(await stream.next());
  const told = await (await stand.get(EXPLAIN)).text();
  assertEquals([view.includes("git.example is away"), told.includes("git.example is away")], [
    true,
    true,
  ]);
  assertEquals([/MARKER-\w+/.exec(view), /MARKER-\w+/.exec(told)], [null, null]);
});

Deno.test("the console joins topics of one cluster that two ConfigMaps name, and asks for these once a minute", async () => {
  await using stand = await startConsole();
  const pulsar = (pulsarConfig: string) => ({ pulsar: { pulsarConfig } });
  stand.put(
    shownFunction("shop", "a", { spec: { output: { topic: "raw" }, ...pulsar("one") } }),
    shownFunction("shop", "b", { spec: { input: { topics: ["raw"] }, ...pulsar("two") } }),
  );
  const address = { data: { brokerServiceURL: "pulsar://hidden-broker:6650" } };
  stand.state.configs = (key) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: key,
    ...address,
  });
  await using stream = await streamOf(stand.url);
  const view = (await stream.next())?.data;
  const labels = Object.values(view.topics).map((topic) => (topic as { label: string }).label);
  assertEquals(labels, ["raw"]);
  assertEquals(JSON.stringify(view).includes("hidden-broker"), false);
  assertEquals(stand.state.configsRead, 2);
  await stand.clock.advance(30_000);
  assertEquals(stand.state.configsRead, 2);
  await stand.clock.advance(31_000);
  assertEquals(stand.state.configsRead, 4);
});
