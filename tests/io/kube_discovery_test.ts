import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { type JsonObject, StalledError } from "#base";
import { ApiError, httpCluster, resourcePath, type Transport, type TransportRequest } from "#kube";
import { FakeClock } from "../support/fake_clock.ts";

/** A server that answers for these paths; a number is a refusal with that status. */
function serverOf(paths: Record<string, JsonObject | number | (() => JsonObject | number)>) {
  const asked: TransportRequest[] = [];
  const clock = new FakeClock();
  const transport: Transport = {
    server: "https://kube.example",
    request(request) {
      asked.push(request);
      const answer = paths[request.path] ?? 404;
      const value = typeof answer === "function" ? answer() : answer;
      return typeof value === "number"
        ? Promise.reject(refusal(value, request))
        : Promise.resolve(value);
    },
    stream: () => Promise.reject(new Error("nobody watches here")),
    reconnect() {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { cluster: httpCluster(transport, { clock }), asked, clock, paths };
}

function refusal(status: number, { ask }: TransportRequest): ApiError {
  return new ApiError({ ask, status, reason: `Status${status}`, text: "no" });
}

const WIDGETS = { resources: [{ name: "widgets", kind: "Widget", namespaced: true }] };
const group = (name: string, ...versions: string[]): JsonObject => ({
  name,
  versions: versions.map((version) => ({ groupVersion: `${name}/${version}`, version })),
});
const CORE = { versions: ["v1"] };
const WIDGET = { apiVersion: "a.example/v1", kind: "Widget", plural: "widgets", namespaced: true };

Deno.test("resourceType() says that a kind is not served only when the server says so", async () => {
  const { cluster } = serverOf({
    "/api": CORE,
    "/api/v1": { resources: [] },
    "/apis": { groups: [group("a.example", "v1"), group("b.example", "v1")] },
    "/apis/a.example/v1": WIDGETS,
  });
  assertEquals(await cluster.resourceType("a.example/v1", "Widget"), WIDGET);
  assertEquals(await cluster.resourceType("a.example/v1", "Gadget"), undefined);
  assertEquals(await cluster.resourceType("a.example/v2", "Widget"), undefined);
  assertEquals(await cluster.resourceType("no.example/v1", "Widget"), undefined);
  assertEquals(await cluster.resourceType("v1", "Widget"), undefined);
  assertEquals(await cluster.resourceType("v2", "Widget"), undefined);
});

Deno.test("resourceType() throws when the server does not say whether it serves a kind", async () => {
  const groups = { groups: [group("a.example", "v1")] };
  for (
    const [cause, paths] of Object.entries({
      "an aggregated API that is away answers 503": { "/apis/a.example/v1": 503 },
      "it answers 404, and its group is named": { "/apis/a.example/v1": 404 },
      "the list of groups cannot be read": { "/apis/a.example/v1": 404, "/apis": 503 },
      "it may not be asked": { "/apis/a.example/v1": 403 },
    })
  ) {
    const { cluster } = serverOf({ "/apis": groups, ...paths });
    const ask = () => cluster.resourceType("a.example/v1", "Widget");
    assertEquals((await assertRejects(ask, ApiError, "", cause)).status === 404, false, cause);
    const id = { apiVersion: "a.example/v1", kind: "Widget", namespace: "a", name: "b" };
    await assertRejects(() => cluster.remove(id), ApiError, "", cause);
    await assertRejects(() => cluster.managedFields(id), ApiError, "", cause);
  }
});

Deno.test("resourceType() finds a kind again that was away for a moment", async () => {
  const { cluster, paths, clock } = serverOf({
    "/apis": { groups: [group("a.example", "v1")] },
    "/apis/a.example/v1": 404,
  });
  await assertRejects(() => cluster.resourceType("a.example/v1", "Widget"), ApiError);
  paths["/apis/a.example/v1"] = WIDGETS;
  assertEquals(await cluster.resourceType("a.example/v1", "Widget"), WIDGET);
  paths["/apis/a.example/v1"] = { resources: [] };
  // What is known counts until something says otherwise.
  assertEquals(await cluster.resourceType("a.example/v1", "Widget"), WIDGET);
  await clock.advance(1_000);
  assertEquals(await cluster.get(WIDGET, { namespace: "a", name: "b" }), undefined);
  assertEquals(await cluster.resourceType("a.example/v1", "Widget"), undefined);
});

Deno.test("an object of a kind that is not answered for is not absent", async () => {
  const { cluster, paths, clock } = serverOf({
    "/apis": { groups: [group("a.example", "v1")] },
    "/apis/a.example/v1": WIDGETS,
  });
  const key = { namespace: "a", name: "b" };
  const id = { ...key, apiVersion: "a.example/v1", kind: "Widget" };
  // The objects' paths answer 404 as for a kind that is not there, whatever discovery says.
  for (const version of [WIDGETS, 404, 503] as const) {
    paths["/apis/a.example/v1"] = version;
    await clock.advance(1_000);
    await assertRejects(() => cluster.get(WIDGET, key), ApiError, "Cannot");
    await assertRejects(() => cluster.remove(id), ApiError, "Cannot");
    await assertRejects(() => cluster.managedFields(id), ApiError, "Cannot");
  }
  paths["/apis"] = { groups: [] };
  paths["/apis/a.example/v1"] = 404;
  await clock.advance(1_000);
  assertEquals(await cluster.get(WIDGET, key), undefined);
  assertEquals(await cluster.remove(id), "absent");
});

Deno.test("servedVersion() finds what serves a kind now, the server's favourite first", async () => {
  const favourite = { preferredVersion: { groupVersion: "a.example/v2" } };
  const { cluster, paths, clock } = serverOf({
    "/api": CORE,
    "/api/v1": { resources: [{ name: "pods", kind: "Pod", namespaced: true }] },
    "/apis": { groups: [{ ...group("a.example", "v3", "v2", "v1"), ...favourite }] },
    "/apis/a.example/v1": WIDGETS,
    "/apis/a.example/v2": WIDGETS,
    "/apis/a.example/v3": { resources: [] },
  });
  const version = async (group: string, kind: string) =>
    (await cluster.servedVersion(group, kind))?.apiVersion;
  assertEquals(await version("a.example", "Widget"), "a.example/v2");
  paths["/apis/a.example/v2"] = { resources: [] };
  await clock.advance(1_000);
  assertEquals(await version("a.example", "Widget"), "a.example/v1");
  assertEquals(await version("", "Pod"), "v1");
  assertEquals(await version("a.example", "Gadget"), undefined);
  assertEquals(await version("no.example", "Widget"), undefined);
  paths["/apis/a.example/v3"] = 503;
  await clock.advance(1_000);
  await assertRejects(() => cluster.servedVersion("a.example", "Gadget"), ApiError);
});

Deno.test("H2: words that would lead to another path are not asked for", async () => {
  const { cluster, asked } = serverOf({});
  const wrong = [
    "../api/v1/namespaces/a/secrets/b?x=",
    "a.example/v1/../v2",
    "../v1",
    "./v1",
    "a.example/v1?x=",
    "a.example%2Fv1",
    "v1#",
    "v1\n",
    "A.example/v1",
    "",
    "/v1",
    "a.example/",
    `${"a".repeat(400)}/v1`,
  ];
  for (const apiVersion of wrong) {
    const ask = () => cluster.resourceType(apiVersion, "Widget");
    const { message } = await assertRejects(ask, StalledError);
    assertStringIncludes(message, "Cannot ask for apiVersion");
    assertEquals(message.length < 200, true, message);
    assertThrows(() => resourcePath({ ...WIDGET, apiVersion }), StalledError);
  }
  for (const name of ["", ".", "..", "a/b", "a%2Fb", "a\\b", "../secrets/c"]) {
    assertThrows(() => resourcePath(WIDGET, { namespace: "a", name }), StalledError);
    if (name !== "") assertThrows(() => resourcePath(WIDGET, { namespace: name }), StalledError);
    assertThrows(() => resourcePath({ ...WIDGET, plural: name }), StalledError);
    await assertRejects(() => cluster.get(WIDGET, { namespace: "a", name }), StalledError);
  }
  // Names of roles and the like may hold more than names of pods.
  const role = resourcePath(WIDGET, { namespace: "a", name: "system:b c" });
  assertEquals(role, "/apis/a.example/v1/namespaces/a/widgets/system%3Ab%20c");
  assertEquals(asked, []);
});

Deno.test("L1: whatever is asked for, what is kept and counted stays bounded", async () => {
  const { cluster, asked } = serverOf({ "/apis": { groups: [] }, "/apis/a.example/v1": WIDGETS });
  await cluster.resourceType("a.example/v1", "Widget");
  for (let index = 0; index < 1_000; index++) {
    await cluster.resourceType(`a${index}.example/v1`, "Widget");
  }
  assertEquals([...new Set(asked.map(({ ask }) => ask.kind))], ["APIResourceList"]);
  // The oldest was forgotten, so it is asked for once more.
  const before = asked.length;
  assertEquals(await cluster.resourceType("a.example/v1", "Widget"), WIDGET);
  assertEquals(asked.length, before + 1);
});
