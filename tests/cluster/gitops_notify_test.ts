import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type KubeObject, systemClock } from "#base";
import { Notifier } from "#notify";
import type { EventDraft } from "#plan";
import { createLogger } from "#telemetry";
import { createHmac } from "node:crypto";
import { eventually, testCluster } from "../support/control_plane.ts";
import { gitServer } from "../support/git_server.ts";
import { hangingServer } from "../support/hanging_server.ts";
import { type ScriptedServer, scriptedServer } from "../support/scripted_server.ts";
import { configMapText, functionText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();
const TOKEN = "tok-3n-s3cret";

interface NotifyStory extends AsyncDisposable {
  readonly story: SyncStory;
  readonly service: ScriptedServer;
  readonly notifier: Notifier;
  readonly events: EventDraft[];
  readonly logLines: string[];
  /** Address of the repository over http. */
  readonly url: string;
  secret(data: Record<string, string>): Promise<void>;
  /** Bodies that the service got, as JSON. */
  told(): Promise<Record<string, unknown>[]>;
}

/** A sync that tells a service on this machine, which answers by script. */
async function notifyStory(
  script: (call: number) => number = () => 200,
  { retryMs = 10 }: { readonly retryMs?: number } = {},
): Promise<NotifyStory> {
  const stack = new AsyncDisposableStack();
  const late: { notifier?: Notifier } = {};
  const story = stack.use(
    await syncStory(cluster, {
      notices: { tell: (sync, notice) => late.notifier?.tell(sync, notice) },
    }),
  );
  const events: EventDraft[] = [];
  const logLines: string[] = [];
  const notifier = new Notifier({
    readerFor: () => story.client.cluster,
    clock: systemClock,
    log: createLogger({ level: "debug", sink: (line) => logLines.push(line) }),
    addresses: { apiServer: [], allowLoopback: true },
    events: { record: (_object: KubeObject, event: EventDraft) => events.push(event) },
    metrics: story.metrics,
    retryMs,
  });
  late.notifier = stack.use(notifier);
  const service = stack.use(
    scriptedServer((_request, index) => new Response(null, { status: script(index) })),
  );
  const server = stack.use(gitServer({ folder: story.repository.directory }));
  return {
    story,
    service,
    notifier,
    events,
    logLines,
    url: `${server.url}/.git`,
    secret: async (data) =>
      await cluster.apply({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "service", namespace: story.namespace },
        stringData: data,
      }),
    told: async () => {
      await notifier.flush();
      return service.seen.map((request) => JSON.parse(request.body));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("a webhook is told of applied and healthy revisions, signed, and once", async () => {
  await using tale = await notifyStory();
  const { story, service } = tale;
  await tale.secret({ token: TOKEN });
  const commit = await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") }, "Add");
  const notify = [{ type: "webhook", address: service.url, secretRef: { name: "service" } }];
  await story.sync({ url: tale.url, notify });
  await story.pass();
  await story.pass();
  const told = await tale.told();
  assertEquals(told.map(({ event }) => event), ["Applied", "Healthy"]);
  const { author, subject, sync, repository } = told[1] ?? {};
  assertEquals([author, subject, sync, told[1]?.["commit"]], [
    "Ada Author",
    "Add",
    "shop",
    commit,
  ]);
  assertEquals(repository, "127.0.0.1/");
  const [first] = service.seen;
  const signature = createHmac("sha256", TOKEN).update(first?.body ?? "").digest("hex");
  assertEquals(first?.headers.get("x-signature-256"), `sha256=${signature}`);
});

Deno.test("Slack gets the template's text, with nothing in it that it would act on", async () => {
  await using tale = await notifyStory();
  const { story, service } = tale;
  await tale.secret({ address: `${service.url}/services/T0/B0/${TOKEN}` });
  await story.repository.commit(
    { "meshes/a.yaml": configMapText("a", "1") },
    "Call <!channel> via https://bot:hunter2@git.example {{message}}",
  );
  const template = "{{sync}} {{event}}: {{subject}} ({{author}})";
  const notify = [{ type: "slack", secretRef: { name: "service" }, events: ["Healthy"], template }];
  await story.sync({ url: tale.url, notify });
  await story.pass();
  assertEquals(await tale.told(), [{
    text:
      "shop Healthy: Call &lt;!channel&gt; via https://***@git.example {{message}} (Ada Author)",
  }]);
  assertEquals(service.seen[0]?.path, `/services/T0/B0/${TOKEN}`);
});

for (
  const { type, path, header, states } of [
    {
      type: "github",
      path: "/repos/acme/shop/statuses/",
      header: ["authorization", `Bearer ${TOKEN}`],
      states: ["pending", "success", "failure"],
    },
    {
      type: "gitlab",
      path: "/projects/acme%2Fshop/statuses/",
      header: ["private-token", TOKEN],
      states: ["running", "success", "failed"],
    },
  ] as const
) {
  Deno.test(`the commit on ${type} shows whether it is applied, healthy or held`, async () => {
    await using tale = await notifyStory();
    const { story, service } = tale;
    await tale.secret({ token: TOKEN });
    const good = await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
    await using folder = await servedAs(story, "acme/shop.git");
    const notify = [{ type, address: service.url, secretRef: { name: "service" } }];
    await story.sync({ url: folder.url, notify });
    await story.pass();
    const bad = await story.repository.commit({ "meshes/a.yaml": "kind: [" });
    await story.pass();
    const told = await tale.told();
    assertEquals(told.map(({ state }) => state), states);
    assertEquals(service.seen.map((one) => one.path), [good, good, bad].map((one) => path + one));
    const name = told[0]?.["context"] ?? told[0]?.["name"];
    assertEquals(name, `meshwright/${story.namespace}/shop`);
    assertMatch(String(told[2]?.["description"]), /^Held back main@sha1:/);
    assertEquals(service.seen[0]?.headers.get(header[0]), header[1]);
    assertEquals(tale.logLines.join("\n").includes(TOKEN), false);
  });
}

/** The story's repository under a path of its own. */
async function servedAs(
  story: SyncStory,
  path: string,
): Promise<AsyncDisposable & { readonly url: string }> {
  const root = await Deno.makeTempDir({ prefix: "meshwright-served-" });
  await Deno.mkdir(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
  await Deno.symlink(`${story.repository.directory}/.git`, `${root}/${path}`);
  const server = gitServer({ folder: root });
  return {
    url: `${server.url}/${path}`,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(root, { recursive: true });
    },
  };
}

Deno.test("a service that is away for a moment is told in the end, in order", async () => {
  await using tale = await notifyStory((call) => call < 2 ? 503 : 200);
  const { story, service } = tale;
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.sync({ url: tale.url, notify: [{ type: "webhook", address: service.url }] });
  await story.pass();
  const told = await tale.told();
  assertEquals(told.map(({ event }) => event), ["Applied", "Applied", "Applied", "Healthy"]);
  assertEquals(tale.events, []);
});

Deno.test("a service that refuses is given up with an event that tells no secret", async () => {
  await using tale = await notifyStory(() => 403);
  const { story, service } = tale;
  await tale.secret({ address: `${service.url}/${TOKEN}` });
  await story.repository.commit({ "meshes/f.yaml": functionText("exclaim") });
  await story.sync({
    url: tale.url,
    notify: [
      { type: "slack", secretRef: { name: "service" } },
      { type: "webhook", secretRef: { name: "missing" } },
      { type: "slack", address: "http://127.0.0.1:1/gone" },
    ],
  });
  await story.pass();
  await tale.notifier.flush();
  const said = tale.events.map((event) => event.message.replace(/main@\S+/, "it"));
  assertEquals(said.sort(), [
    "Cannot tell slack that it is Applied: it answered 403",
    "Cannot tell slack that it is Applied: no success in 5 tries",
    "Cannot tell webhook that it is Applied: its Secret does not exist",
  ]);
  const everything = [...tale.logLines, JSON.stringify(tale.events)].join("\n");
  assertEquals(everything.includes(TOKEN), false);
  assertStringIncludes(everything, "Cannot tell somebody");
});

Deno.test("a program that ends tells what it still has to, once more and at once, or says that it could not", async () => {
  await using tale = await notifyStory((call) => call < 3 ? 503 : 200, { retryMs: 3_600_000 });
  const { story, service } = tale;
  await using away = scriptedServer(() => new Response(null, { status: 503 }));
  await story.repository.commit({ "meshes/f.yaml": functionText("exclaim") });
  const later = { address: `${service.url}/second`, type: "webhook" };
  await story.sync({
    url: tale.url,
    notify: [
      { type: "webhook", address: service.url },
      later,
      { type: "slack", address: away.url },
    ],
  });
  await story.pass();
  await eventually(() => service.seen.length === 2 && away.seen.length === 1);
  await tale.notifier[Symbol.asyncDispose]();
  assertEquals([service.seen.length, away.seen.length], [4, 2]);
  const said = tale.events.map((event) => event.message.replace(/main@\S+/, "it")).sort();
  assertEquals(said, [
    "Cannot tell slack that it is Applied: no success before the program ended",
    "Cannot tell webhook that it is Applied: no success before the program ended",
  ]);
  const { text } = await story.metrics.exposition();
  assertStringIncludes(text, `mesh_notification_total{type="webhook",result="told"} 1`);
  assertStringIncludes(text, `mesh_notification_total{type="slack",result="failed"} 1`);
});

Deno.test("a service that does not answer holds up the end of the program for a few seconds only", async () => {
  await using tale = await notifyStory();
  await using hanging = hangingServer();
  const { story } = tale;
  await story.repository.commit({ "meshes/f.yaml": functionText("exclaim") });
  await story.sync({ url: tale.url, notify: [{ type: "webhook", address: `${hanging.url}/x` }] });
  await story.pass();
  await eventually(() => hanging.waiting().length === 1);
  await tale.notifier[Symbol.asyncDispose]();
  assertEquals(tale.events.map(({ reason }) => reason), ["NotificationFailed"]);
});
