import { assertEquals } from "@std/assert";
import { type Clock, systemClock } from "#base";
import { ApiError, type ClusterClient } from "#kube";
import { startReceiver } from "#receiver";
import { createLogger, type Server } from "#telemetry";
import { createHmac } from "node:crypto";
import { eventually } from "../support/eventually.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { rawCaller } from "../support/raw_caller.ts";

const SECRET = "correct horse battery";

interface Story extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** What the API server was asked: `get Secret a/b`, `list MeshSync`, … */
  readonly asked: string[];
  readonly log: string[];
  call(path: string, options?: { readonly body?: string; readonly secret?: string }): Promise<
    number
  >;
}

/** A receiver whose API server has these MeshSyncs, all of them with the same secret. */
async function receiverOf(
  names: readonly string[],
  { secret = () => Promise.resolve(SECRET), clock = systemClock }: {
    readonly secret?: () => Promise<string>;
    readonly clock?: Clock;
  } = {},
): Promise<Story> {
  const [asked, log]: [string[], string[]] = [[], []];
  const syncs = names.map((path) => {
    const [namespace = "", name = ""] = path.split("/");
    const receiver = { type: "generic", secretRef: { name: "hook" } };
    const metadata = { namespace, name };
    return { apiVersion: "v1", kind: "MeshSync", metadata, spec: { url: "", receiver } };
  });
  const cluster: Pick<ClusterClient, "get" | "list" | "patch"> = {
    async get({ kind }, { namespace, name }) {
      asked.push(`get ${kind} ${namespace}/${name}`);
      const data = { token: btoa(await secret()) };
      return { apiVersion: "v1", kind, metadata: { namespace, name }, data };
    },
    list({ kind }, { namespace } = {}) {
      asked.push(`list ${kind} ${namespace ?? ""}`.trim());
      return Promise.resolve(
        syncs.filter(({ metadata }) => [undefined, metadata.namespace].includes(namespace)),
      );
    },
    patch(id) {
      asked.push(`patch ${id.namespace}/${id.name}`);
      return Promise.resolve({ ...id, metadata: id });
    },
  };
  const server = await startReceiver({
    address: "127.0.0.1:0",
    cluster,
    readerFor: () => cluster,
    clock,
    log: createLogger({ sink: (line) => log.push(line) }),
  }) as Server;
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    asked,
    log,
    async call(path, { body = "now", secret = SECRET } = {}) {
      const hash = createHmac("sha256", secret).update(body).digest("hex");
      const headers = { "x-signature-256": `sha256=${hash}` };
      const answer = await fetch(`${server.url}/receive/${path}`, {
        method: "POST",
        headers,
        body,
      });
      await answer.body?.cancel();
      return answer.status;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const wrong = { secret: "a guess" };

Deno.test("M4: a genuine call gets through whatever strangers did before", async () => {
  await using story = await receiverOf(["a/one", "a/two", "b/one"]);
  const paths = ["a/one", "a/none", "b/one", "c/none"];
  const calls = Array.from({ length: 400 }, (_, index) => paths[index % paths.length] ?? "");
  const answers = new Set<number>();
  for (let first = 0; first < calls.length; first += 20) {
    const some = calls.slice(first, first + 20).map((path) => story.call(path, wrong));
    for (const status of await Promise.all(some)) answers.add(status);
  }
  assertEquals([...answers], [401]);
  for (const path of ["a/one", "a/two", "b/one"]) {
    assertEquals(await story.call(path), 202);
  }
  // However many strangers call, what they cost the API server has an end.
  assertEquals(story.asked.length < 60, true, `${story.asked.length}`);
  const refusals = story.log.filter((line) => line.includes("Refused a call"));
  assertEquals(refusals.length < 40, true, `${refusals.length}`);
});

Deno.test("M4: a genuine call gets through while strangers send bodies that never end", async () => {
  await using story = await receiverOf(["a/one"]);
  using callers = new DisposableStack();
  const proof = `X-Signature-256: sha256=${"0".repeat(64)}`;
  const head = `HTTP/1.1\r\nHost: a\r\n${proof}\r\nContent-Length: 4000000\r\n\r\nabc`;
  for (let index = 0; index < 80; index++) {
    const stranger = callers.use(await rawCaller(story.port));
    await stranger.say(`POST /receive/a/one ${head}`);
  }
  await eventually(async () => await story.call("a/one") === 202);
});

Deno.test("calls without a signature are not read, and those of much forgery wait", async () => {
  await using story = await receiverOf(["a/one"]);
  using caller = await rawCaller(story.port);
  await caller.say("POST /receive/a/one HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
  assertEquals((await caller.hear()).startsWith("HTTP/1.1 401 "), true);
  assertEquals(story.asked, []);
  const large = { ...wrong, body: " ".repeat(4_000_000) };
  const statuses: number[] = [];
  for (let index = 0; index < 20; index++) statuses.push(await story.call("a/one", large));
  assertEquals([statuses[0], statuses.includes(429)], [401, true]);
});

Deno.test("M4: how long a refusal takes does not tell whether there is a receiver", async () => {
  const clock = new FakeClock();
  await using story = await receiverOf(["a/one"], { clock });
  const answered: string[] = [];
  const calls = ["a/one", "a/none", "b/none"].map(async (path) => {
    assertEquals(await story.call(path, wrong), 401);
    answered.push(path);
  });
  // All that there is to look up was looked up: what is left is a wait, the same for all. An answer has a limit, too.
  await eventually(() => story.asked.includes("get Secret a/hook") && clock.sleeping === 6);
  await clock.advance(249);
  assertEquals(answered, []);
  await clock.advance(1);
  await Promise.all(calls);
  assertEquals(answered.length, 3);
});

Deno.test("a secret that cannot be read is answered as one that nobody knows", async () => {
  const secret = () =>
    Promise.reject(
      new ApiError({
        ask: { verb: "get", kind: "Secret" },
        status: 403,
        reason: "Forbidden",
        text: "no",
      }),
    );
  await using story = await receiverOf(["a/one"], { secret });
  assertEquals(await story.call("a/one"), 401);
  assertEquals(await story.call("a/none"), 401);
  assertEquals(story.log.some((line) => line.includes("Cannot read the secret")), true);
});

Deno.test("genuine calls of a namespace have a limit, those of another have their own", async () => {
  const names = Array.from({ length: 5 }, (_, index) => `a/${index}`);
  await using story = await receiverOf([...names, "b/one"]);
  const counts = new Map<number, number>();
  for (let round = 0; round < 15; round++) {
    for (const name of names) {
      const status = await story.call(name);
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  }
  assertEquals((counts.get(202) ?? 0) >= 60 && (counts.get(429) ?? 0) > 0, true);
  assertEquals(await story.call("b/one"), 202);
});
