/**
 * Markers in every place of a MeshSync's world that a secret can come from, every refusal that an API server can give, quoting
 * them in every spelling; then all that comes out of the program is looked through (H3).
 */
import { assert, assertEquals } from "@std/assert";
import { errorText } from "#base";
import { syncOnce } from "#gitops";
import { apiErrorFrom, type TransportRequest } from "#kube";
import { createMetrics } from "#telemetry";
import { REFUSALS, type Refusing } from "../support/quoting_refusals.ts";
import { leaksIn, numberSpellings, secretSpellings } from "../support/secret_spellings.ts";
import { SHOP, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;
/** What must not come out, by where it is planted. */
const MARKERS = {
  variable: 'MARKVAR"in<side>&x',
  git: "MARKGITtoken-0a1b2c3d",
  inGit: "MARKSECRETinGit/9+8",
  stringData: "MARKSTRINGdata 77 words",
};
const NUMBER = 81_726_354;

/** A part of each marker in each spelling. */
const PARTS: readonly string[] = [
  ...Object.values(MARKERS).flatMap((value) =>
    [...secretSpellings(value)].filter(([name]) => name !== "a nested struct")
      .map(([, spelling]) => spelling.slice(2, 10))
  ),
  String(NUMBER),
  "8.1726354",
  "4df0b92",
];

async function findings({ metrics, world }: Planted): Promise<string[]> {
  const outputs = {
    status: JSON.stringify(world.status("a")),
    events: JSON.stringify(world.events),
    notices: JSON.stringify(world.notices),
    logs: (world.logs ?? []).join("\n"),
    errors: world.errors.map((error) => String(error)).join("\n"),
    metrics: (await metrics.exposition()).text,
  };
  return Object.entries(outputs).flatMap(([name, text]) =>
    PARTS.filter((part) => text.includes(part)).map((part) => `${name}: ${part}`)
  );
}

/** Has the server refuse what the program writes at some paths, as long as there are words; ConfigMaps when left out. */
function refusing(
  world: SyncWorld,
  paths = /\/configmaps\/[bc]\b/,
): { words: (() => ReturnType<Refusing>) | undefined } {
  const state: { words: (() => ReturnType<Refusing>) | undefined } = { words: undefined };
  const { cluster } = world;
  const plain = cluster.answer.bind(cluster);
  cluster.answer = (request: TransportRequest, user: string) => {
    const isMeant = paths.test(request.path) && request.method === "PATCH";
    if (state.words === undefined || !isMeant || user === "user") return plain(request, user);
    throw apiErrorFrom(state.words(), request.ask);
  };
  return state;
}

async function secret(world: SyncWorld, name: string, data: Record<string, string>) {
  const encoded = Object.entries(data).map(([member, value]) => [
    member,
    new TextEncoder().encode(value).toBase64(),
  ]);
  await world.user.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: SHOP, name },
    data: Object.fromEntries(encoded),
  }, { fieldManager: "user" });
}

function files(round: number): Record<string, string> {
  const base64 = new TextEncoder().encode(MARKERS.inGit).toBase64();
  return {
    "a/b.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n` +
      `data:\n  a: "\${KEY}"\n  count: "\${NUMBER}"\n  round: "${round}"\n`,
    // Holds no secret itself: what a server says of it is shown, and may be of what it held before.
    "a/c.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {round: "${round}"}\n`,
    "a/s.yaml": `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {x: ${base64}}\n` +
      `stringData: {y: ${MARKERS.stringData}}\n`,
  };
}

/** A world, and where its program counts. */
interface Planted {
  readonly world: SyncWorld;
  readonly metrics: ReturnType<typeof createMetrics>;
}

async function planted(): Promise<Planted> {
  const metrics = createMetrics();
  const world = new SyncWorld({ logs: true, metrics });
  await secret(world, "vars", { KEY: MARKERS.variable, NUMBER: String(NUMBER) });
  await secret(world, "git", { username: "bot", password: MARKERS.git });
  world.repository.commit(files(0));
  await world.sync("a", {
    interval: "1m",
    secretRef: { name: "git" },
    variablesFrom: [{ kind: "Secret", name: "vars" }],
    notify: [{ type: "webhook", address: "https://hook.example/x" }],
  });
  await world.advance(1_000);
  return { metrics, world };
}

Deno.test("no secret comes out of a sync, whatever an API server quotes in whichever spelling (H3)", async () => {
  const place = await planted();
  const { world } = place;
  assertEquals(
    world.object({ apiVersion: "v1", kind: "ConfigMap", namespace: SHOP, name: "b" })?.["data"],
    {
      a: MARKERS.variable,
      count: String(NUMBER),
      round: "0",
    },
  );
  const refused = refusing(world);
  const spellings = [
    ...Object.values(MARKERS).flatMap((value) => [...secretSpellings(value).values()]),
    ...numberSpellings(NUMBER).values(),
  ];
  let round = 0;
  let told = 0;
  for (const [name, answer] of Object.entries(REFUSALS)) {
    // All spellings of a refusal at once, and then one after the other for the two that are shown the most of.
    const quotes = ["invalid", "broken"].includes(name) ? spellings : [spellings.join(" ")];
    for (const quoted of quotes) {
      refused.words = () => answer(quoted);
      world.repository.commit(files(++round));
      await world.advance(2 * MINUTE_MS);
      const isTold = world.condition("a", "Applied").startsWith("False");
      told += isTold ? 1 : 0;
      assertEquals(await findings(place), [], `${name}: ${quoted}`);
    }
  }
  assert(told > 20, `refusals that a status told of: ${told}`);
  assert(world.events.length > 10 && world.notices.length > 10 && (world.logs ?? []).length > 10);
});

Deno.test("no secret comes out of bad YAML beside it, of drift, a contest, a rollback or a removal (H3)", async () => {
  const place = await planted();
  const { world } = place;
  const id = { apiVersion: "v1", kind: "ConfigMap", namespace: SHOP, name: "b" };
  const change = async (a: string) => {
    await world.user.patch(id, { data: { a } }, { fieldManager: "kubectl" });
    await world.advance(MINUTE_MS);
  };
  for (let at = 0; at < 6; at++) await change(`${MARKERS.variable}${at}`);
  world.repository.commit({
    ...files(100),
    "a/bad.yaml":
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \${KEY}\ndata:\n  a:\n  - \${KEY}\n`,
    "a/odd.yaml":
      `apiVersion: v1\nkind: Secret\nmetadata: {name: o}\nstringData: {x: [${MARKERS.inGit}]}\n`,
  });
  await world.advance(2 * MINUTE_MS);
  assertEquals(
    world.condition("a", "Applied").includes("${KEY}"),
    true,
    world.condition("a", "Applied"),
  );
  assertEquals(await findings(place), []);
  world.repository.commit(files(101));
  await world.advance(2 * MINUTE_MS);
  const refused = refusing(world);
  refused.words = () => REFUSALS["broken"]?.(JSON.stringify(MARKERS)) ?? { status: 500, body: {} };
  await change("other");
  world.repository.commit({ "a/other.yaml": files(102)["a/s.yaml"] ?? "" });
  await world.advance(5 * MINUTE_MS);
  assertEquals(await findings(place), []);
});

Deno.test("no secret comes out of a pass or of sync --once whose status an API server refuses, quoting it (H3)", async () => {
  const place = await planted();
  const { world } = place;
  const refused = refusing(world, /\/meshsyncs\//);
  const spellings = Object.values(MARKERS).flatMap((value) => [...secretSpellings(value).values()]);
  const quoted = [...spellings, ...numberSpellings(NUMBER).values()].join(" ");
  let round = 200;
  for (const [name, answer] of Object.entries(REFUSALS)) {
    refused.words = () => answer(quoted);
    world.repository.commit(files(++round));
    await world.advance(2 * MINUTE_MS);
    const run = syncOnce({ namespace: SHOP, name: "a" }, world.process.context, {
      timeoutMs: MINUTE_MS,
    });
    // A right that is missing ends it at once.
    const ended = run.then((report) => JSON.stringify(report), (error) => errorText(error));
    await world.advance(3 * MINUTE_MS);
    assertEquals(leaksIn([await ended], PARTS), [], name);
    assertEquals(await findings(place), [], name);
  }
  assert(world.errors.length > 5, `errors of passes: ${world.errors.length}`);
});
