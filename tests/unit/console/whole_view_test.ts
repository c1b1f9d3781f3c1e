import { assertEquals, assertNotEquals } from "@std/assert";
import { LABELS, type MeshSync } from "#api";
import type { KubeObject } from "#base";
import {
  FULL_SIGHT,
  type Sight,
  type View,
  ViewBuilder,
  viewChange,
  type ViewFacts,
} from "#console";

const NO_CLUSTERS = new Map<string, string>();
const NOW_MS = Date.parse("2026-11-29T08:00:00Z");

/** A component of a namespace that reads a topic and writes another one. */
function component(name: string, more: Partial<KubeObject> & { readonly namespace?: string } = {}) {
  const { namespace = "shop", metadata, ...rest } = more;
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "Function",
    spec: { input: { topics: ["raw"] }, output: { topic: name }, pulsar: { pulsarConfig: "p" } },
    ...rest,
    metadata: { name, namespace, generation: 1, uid: `${namespace}-${name}`, ...metadata },
  } as KubeObject;
}

/** A status whose condition Ready says something of generation 1. */
function ready(status: string, reason: string, message = "1/1 pods ready") {
  const lastTransitionTime = "2026-11-29T07:00:00Z";
  return { type: "Ready", status, reason, message, lastTransitionTime, observedGeneration: 1 };
}

function facts(components: readonly KubeObject[], more: Partial<ViewFacts> = {}): ViewFacts {
  return {
    components,
    syncs: [],
    clusters: NO_CLUSTERS,
    perSecond: () => undefined,
    nextLookMs: () => undefined,
    program: { version: "1.0.0", server: "https://cluster" },
    nowMs: NOW_MS,
    ...more,
  };
}

function wholeView(found: ViewFacts): View {
  return new ViewBuilder().view(found, FULL_SIGHT);
}

/** Who sees one namespace. */
function sightOf(namespace: string): Sight {
  return { key: namespace, sees: (_resource, one) => one === namespace };
}

/** A status of a component whose second pod has no image. */
const HALF_READY = {
  conditions: [ready("False", "ImagePullBackOff", "0/2 pods ready: no such image")],
  replicas: 2,
  readyReplicas: 1,
  instances: [{
    name: "a-0",
    ready: false,
    reason: "ImagePullBackOff",
    message: "no",
    restarts: 3,
  }],
  runtime: {
    processed: 7,
    backlog: 5,
    exceptions: 2,
    instances: [
      {
        ordinal: 0,
        exceptions: [{ origin: "user", time: "2026-11-29T07:59:00Z", message: "old" }],
      },
      {
        ordinal: 1,
        exceptions: [{ origin: "user", time: "2026-11-29T07:59:30Z", message: "new" }],
      },
    ],
  },
};

Deno.test("ViewBuilder.view() says how a component is, and what is not known is absent", () => {
  const spec = { replicas: 2, image: "runner:1", java: { jar: "a.jar" } };
  const labels = {
    [LABELS.syncNamespace]: "team",
    [LABELS.syncName]: "apps",
  };
  const whole = component("a", { spec, status: HALF_READY, metadata: { name: "a", labels } });
  const { components } = wholeView(facts([whole, component("b")], { perSecond: () => 1.5 }));
  assertEquals(components["Function/shop/a"], {
    kind: "Function",
    namespace: "shop",
    name: "a",
    sync: "team/apps",
    state: "failing",
    reason: "ImagePullBackOff",
    message: "0/2 pods ready: no such image",
    since: "2026-11-29T07:00:00Z",
    replicas: { ready: 1, wanted: 2 },
    image: "runner:1",
    language: "java",
    processed: 7,
    perSecond: 1.5,
    backlog: 5,
    exceptions: 2,
    lastException: { text: "new", at: "2026-11-29T07:59:30Z" },
    instances: [{ pod: "a-0", ready: false, text: "ImagePullBackOff: no", restarts: 3 }],
  });
  assertEquals(components["Function/shop/b"], {
    kind: "Function",
    namespace: "shop",
    name: "b",
    state: "unknown",
    replicas: { ready: 0, wanted: 1 },
    perSecond: 1.5,
    instances: [],
  });
});

Deno.test("ViewBuilder.view() tells a component on its way from one that fails", () => {
  const stateOf = (status: string, reason: string) =>
    wholeView(facts([component("a", { status: { conditions: [ready(status, reason)] } })]))
      .components["Function/shop/a"]?.state;
  assertEquals(
    [
      stateOf("True", "Ready"),
      stateOf("False", "Progressing"),
      stateOf("False", "RollingOut"),
      stateOf("False", "CrashLoopBackOff"),
      stateOf("Unknown", "Unknown"),
    ],
    ["ok", "progressing", "progressing", "failing", "unknown"],
  );
});

Deno.test("ViewBuilder.view() joins components by topics, and tells rates only where they are known", () => {
  const till = component("till", { kind: "Source", spec: { output: { topic: "raw" } } });
  const status = { runtime: { subscriptions: [{ topic: "raw", name: "s", backlog: 9 }] } };
  const spec = { input: { topics: ["raw"] }, output: { topic: "enrich" } };
  const enrich = component("enrich", { spec, status });
  const all = component("all", { spec: { input: { topicPattern: "public/default/r.*" } } });
  const { flows, topics } = wholeView(facts([till, enrich, all], { perSecond: () => 2 }));
  const label = (place: string) => topics[place.slice(2)]?.label ?? place;
  const shown = Object.values(flows).map(({ backlog, from, perSecond, role, to }) =>
    [role, label(from), label(to), backlog, perSecond].join(" ").trim()
  );
  assertEquals(shown.sort(), [
    "input public/default/r.* c:Function/shop/all  2",
    "input raw c:Function/shop/enrich 9 2",
    "match raw public/default/r.*",
    "output c:Function/shop/enrich enrich",
    "output c:Source/shop/till raw  2",
  ]);
});

Deno.test("ViewBuilder.view() joins topics of the same cluster, whatever ConfigMap names it, and does not tell its address", () => {
  const source = component("till", { kind: "Source", spec: { output: { topic: "raw" } } });
  const clusters = new Map([["shop/", "pulsar://secret-broker:6650"], [
    "shop/p",
    "pulsar://secret-broker:6650",
  ]]);
  const view = wholeView(facts([source, component("enrich")], { clusters }));
  assertEquals(Object.values(view.topics).map(({ label }) => label).sort(), ["enrich", "raw"]);
  assertEquals(JSON.stringify(view).includes("secret-broker"), false);
});

Deno.test("ViewBuilder.view() leaves nothing of what a viewer may not see in it", () => {
  const other = component("hidden-one", {
    namespace: "vault",
    spec: {
      input: { topics: ["raw"] },
      subscriptionName: "mine",
      output: { topic: "hidden-topic" },
    },
  });
  const own = component("seen", { spec: { input: { topics: ["raw"] }, subscriptionName: "mine" } });
  const sync = {
    kind: "MeshSync",
    metadata: { namespace: "vault", name: "hidden-sync" },
  } as MeshSync;
  const found = facts([other, own], {
    syncs: [sync],
    clusters: new Map([["shop/", "pulsar://one"], ["vault/", "pulsar://one"]]),
  });
  const all = wholeView(found);
  assertEquals(all.findings.some(({ message }) => message.includes("hidden-one")), true);
  const view = new ViewBuilder().view(found, sightOf("shop"));
  assertEquals(Object.keys(view.components), ["Function/shop/seen"]);
  assertEquals([view.someHidden, all.someHidden], [true, false]);
  assertEquals(/hidden|vault/.exec(JSON.stringify({ ...view, someHidden: undefined })), null);
});

Deno.test("ViewBuilder.view() makes nothing anew of what did not change, and a change tells only the rest", () => {
  const builder = new ViewBuilder();
  const [one, two] = [component("one"), component("two")];
  const first = builder.view(facts([one, two]), FULL_SIGHT);
  const status = { conditions: [ready("True", "Ready")] };
  const later = facts([component("one", { status }), two], { nowMs: NOW_MS + 1_000 });
  const second = builder.view(later, FULL_SIGHT);
  assertEquals(
    second.components["Function/shop/two"] === first.components["Function/shop/two"],
    true,
  );
  const change = viewChange(first, second);
  assertEquals(Object.keys(change ?? {}), ["at", "components"]);
  assertEquals(Object.keys(change?.components ?? {}), ["Function/shop/one"]);
  assertEquals(viewChange(second, builder.view(later, FULL_SIGHT)), undefined);
});

Deno.test("a view holds no environment, no secret, no command line and no credentials of an address", () => {
  const mark = (what: string) => `MARKER-${what}`;
  const spec = {
    image: "runner:1",
    java: { jar: "a.jar", javaOpts: [mark("option")] },
    pod: { env: [{ name: mark("name"), value: mark("value") }], command: [mark("command")] },
    funcConfig: { password: mark("config") },
    secretsMap: { key: { path: mark("path"), key: mark("key") } },
    pulsar: { authSecret: mark("auth"), tlsSecret: mark("tls") },
    output: { topic: "b" },
    input: { topics: ["a"] },
  };
  const status = {
    conditions: [ready("False", "Failed", `https://bot:${mark("user")}@git.example refused`)],
    runtime: {
      instances: [{
        ordinal: 0,
        exceptions: [{ origin: "user", message: `Authorization: Bearer ${mark("bearer")}` }],
      }],
    },
    pendingChange: mark("pending"),
  };
  const sync = {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { namespace: "shop", name: "apps", annotations: { a: mark("annotation") } },
    spec: {
      url: `https://bot:${mark("url")}@git.example/a.git`,
      variables: { A: mark("variable") },
      notify: [{ type: "slack", address: `https://hooks/${mark("hook")}` }],
    },
  } as unknown as MeshSync;
  const view = wholeView(facts([component("a", { spec, status })], { syncs: [sync] }));
  assertEquals(Object.keys(view.components), ["Function/shop/a"]);
  assertEquals(view.syncs["shop/apps"]?.url, "https://***@git.example/a.git");
  assertEquals(/MARKER-\w+/.exec(JSON.stringify(view)), null);
});

Deno.test("a view shows what moves a cursor as a sign, and no text of megabytes", () => {
  const message = `\u001b[2J\u202e<img src=x onerror=alert(1)>${"x".repeat(2_000_000)}`;
  const status = { conditions: [ready("False", "Failed", message)] };
  const view = wholeView(facts([component("a", { status })]));
  const told = view.components["Function/shop/a"]?.message ?? "";
  assertEquals([told.length, told.startsWith("�[2J�<img")], [300, true]);
});

Deno.test("a view shows all others where one status is of another shape", () => {
  const odd = { conditions: [{ ...ready("False", "Down"), message: { text: "x" } }] };
  const sync = {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { namespace: "shop", name: "apps" },
    spec: { url: "https://git.example/a.git" },
    status: { plan: "none", conditions: [ready("True", "Healthy")] },
  } as unknown as MeshSync;
  const objects = [component("a"), component("odd", { status: odd })];
  const view = new ViewBuilder().view(facts(objects, { syncs: [sync] }), FULL_SIGHT);
  assertEquals(Object.keys(view.components), ["Function/shop/a", "Function/shop/odd"]);
  const { message, reason, state } = view.components["Function/shop/odd"] ?? {};
  assertEquals([state, reason, message?.startsWith("Its status is of another shape: ")], [
    "unknown",
    "Unreadable",
    true,
  ]);
  assertEquals([view.syncs["shop/apps"]?.state, view.syncs["shop/apps"]?.reason], [
    "unknown",
    "Unreadable",
  ]);
  assertEquals(Object.keys(view.flows).length, 4, "what its spec says of topics stays");
});

/** Components that note when a spec is read, and how many reads there were between two turns. */
function countedComponents(count: number) {
  const seen = { reads: 0, turns: 0, readsOfATurn: 0, readsBefore: 0 };
  const components = Array.from({ length: count }, (_, index) => {
    const { spec, ...rest } = component(`f${index}`);
    const get = () => (seen.reads += 1, spec);
    return Object.defineProperty(rest, "spec", { enumerable: true, get }) as KubeObject;
  });
  const sleep = () => {
    seen.readsOfATurn = Math.max(seen.readsOfATurn, seen.reads - seen.readsBefore);
    seen.readsBefore = seen.reads;
    seen.turns += 1;
    return Promise.resolve();
  };
  return { components, seen, clock: { sleep } };
}

Deno.test("what is new is made some at a time, and everything else has turns in between", async () => {
  const { clock, components, seen } = countedComponents(1_000);
  const sights = new Map([[FULL_SIGHT.key, FULL_SIGHT]]);
  const builder = new ViewBuilder();
  const atLast = facts(components, { clusters: new Map([["shop/p", "pulsar://broker:6650"]]) });
  // The addresses of Pulsar come later than the first look.
  for (const now of [facts(components), atLast]) {
    Object.assign(seen, { reads: 0, turns: 0, readsOfATurn: 0, readsBefore: 0 });
    await builder.prepare(now, { clock, sights });
    assertEquals(seen.readsOfATurn * 4 < seen.reads, true, JSON.stringify(seen));
    const { reads, turns } = seen;
    const view = builder.view(now, FULL_SIGHT);
    await builder.prepare(now, { clock, sights });
    assertEquals([seen.reads, seen.turns], [reads, turns], "what was made is there");
    assertEquals(view, wholeView(now));
  }
});

Deno.test("findings of very many components are looked for less often", async () => {
  const quiet = Array.from({ length: 600 }, (_, index) => component(`q${index}`, { spec: {} }));
  const clock = { sleep: () => Promise.resolve() };
  const sights = new Map([[FULL_SIGHT.key, FULL_SIGHT]]);
  const foundBy = (builder: ViewBuilder, others: readonly KubeObject[]) =>
  async (
    nowMs: number,
    count: number,
  ) => {
    const talking = Array.from({ length: count }, (_, index) => component(`f${index}`));
    const now = facts([...others, ...talking], { nowMs });
    await builder.prepare(now, { clock, sights });
    return builder.view(now, FULL_SIGHT).findings.length;
  };
  const few = foundBy(new ViewBuilder(), []);
  const many = foundBy(new ViewBuilder(), quiet);
  const [before, after] = [await few(NOW_MS, 2), await few(NOW_MS + 5_500, 4)];
  assertNotEquals(after, before);
  assertEquals(await many(NOW_MS, 2), before);
  // Six seconds for 602 components.
  assertEquals(await many(NOW_MS + 5_500, 4), before);
  assertEquals(await many(NOW_MS + 6_500, 4), after);
});

Deno.test("viewChange() tells which shards a replica leads, once that is different", () => {
  const view = (...own: number[]) => ({
    at: "2026-01-01T00:00:00Z",
    program: { version: "1", server: "", shards: { own, count: 3 } },
    components: {},
    topics: {},
    flows: {},
    syncs: {},
    findings: [],
    someHidden: false,
  });
  const after = view(0, 2);
  assertEquals(viewChange(view(0), after), { at: after.at, program: after.program });
  assertEquals(viewChange(after, view(0, 2)), undefined);
});
