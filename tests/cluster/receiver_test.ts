import { assertEquals, assertStringIncludes } from "@std/assert";
import { type KubeObject, systemClock } from "#base";
import { startReceiver } from "#receiver";
import { createLogger, type Server } from "#telemetry";
import { createHmac } from "node:crypto";
import { testCluster } from "../support/control_plane.ts";
import { gitServer } from "../support/git_server.ts";
import { configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();
const SECRET = "correct horse battery";
const REQUESTED = "reconcile.functionmesh.io/requestedAt";

interface ReceiverStory extends AsyncDisposable {
  readonly story: SyncStory;
  readonly url: string;
  readonly logLines: readonly string[];
  /** Posts to the receiver of the sync `shop`. */
  call(headers: Record<string, string>, body: string, name?: string): Promise<number>;
  /** What a sync was asked last. */
  asked(name?: string): Promise<string | undefined>;
}

async function receiverStory(type: string): Promise<ReceiverStory> {
  const stack = new AsyncDisposableStack();
  const story = stack.use(await syncStory(cluster));
  const logLines: string[] = [];
  const receiver = await startReceiver({
    address: "127.0.0.1:0",
    cluster: story.client.cluster,
    readerFor: () => story.client.cluster,
    clock: systemClock,
    log: createLogger({ sink: (line) => logLines.push(line) }),
  }) as Server;
  stack.use(receiver);
  const server = stack.use(gitServer({ folder: story.repository.directory }));
  const url = `${server.url}/.git`;
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "hook", namespace: story.namespace },
    stringData: { token: SECRET },
  });
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.sync({ url, receiver: { type, secretRef: { name: "hook" } } });
  return {
    story,
    url,
    logLines,
    call: async (headers, body, name = "shop") => {
      const path = `/receive/${story.namespace}/${name}`;
      const answer = await fetch(`${receiver.url}${path}`, { method: "POST", headers, body });
      await answer.body?.cancel();
      return answer.status;
    },
    asked: async (name = "shop") => {
      const found = await cluster.get<KubeObject>(["meshsync", name, "-n", story.namespace]);
      return found.metadata.annotations?.[REQUESTED];
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function hmac(body: string): string {
  return createHmac("sha256", SECRET).update(body).digest("hex");
}

/** How each service signs, and what it says of a push to a branch. */
const SERVICES: Readonly<
  Record<string, {
    readonly headers: (body: string) => Record<string, string>;
    readonly push: (url: string, branch: string) => unknown;
  }>
> = {
  github: {
    headers: (body) => ({
      "x-github-event": "push",
      "x-hub-signature-256": `sha256=${hmac(body)}`,
    }),
    push: (url, branch) => ({
      ref: `refs/heads/${branch}`,
      repository: { clone_url: url, default_branch: "main" },
    }),
  },
  gitlab: {
    headers: () => ({ "x-gitlab-event": "Push Hook", "x-gitlab-token": SECRET }),
    push: (url, branch) => ({
      ref: `refs/heads/${branch}`,
      project: { git_http_url: url, default_branch: "main" },
    }),
  },
  gitea: {
    headers: (body) => ({ "x-gitea-event": "push", "x-gitea-signature": hmac(body) }),
    push: (url, branch) => ({
      ref: `refs/heads/${branch}`,
      repository: { clone_url: url, default_branch: "main" },
    }),
  },
  bitbucket: {
    headers: (body) => ({
      "x-event-key": "repo:push",
      "x-hub-signature": `sha256=${hmac(body)}`,
    }),
    push: (url, branch) => ({
      push: { changes: [{ new: { type: "branch", name: branch } }] },
      repository: { links: { html: { href: url } } },
    }),
  },
};

for (const [type, { headers, push }] of Object.entries(SERVICES)) {
  Deno.test(`a push that ${type} tells of is applied at once, and only what is signed counts`, async () => {
    await using hook = await receiverStory(type);
    const { story } = hook;
    await story.sync({
      url: hook.url,
      ref: { branch: "main" },
      receiver: { type, secretRef: { name: "hook" } },
    });
    await story.pass();
    const body = JSON.stringify(push(hook.url, "main"));
    const forged = Object.fromEntries(
      Object.entries(headers(body)).map(([name, value]) => [
        name,
        /signature|token/.test(name) ? `${value.slice(0, -1)}?` : value,
      ]),
    );
    assertEquals(await hook.call(forged, body), 401);
    assertEquals(await hook.call({}, body), 401, "no signature at all");
    const other = JSON.stringify(push(hook.url, "feature"));
    assertEquals(await hook.call(headers(other), other), 202, "another branch");
    const stranger = JSON.stringify(push("https://git.example/else.git", "main"));
    assertEquals(await hook.call(headers(stranger), stranger), 202, "another repository");
    assertEquals(await hook.asked(), undefined);

    await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
    assertEquals(await hook.call(headers(body), body), 202);
    await story.idlePass();
    const live = await cluster.get<{ data: unknown }>(["configmap", "a", "-n", story.namespace]);
    assertEquals(live.data, { value: "2" });
    assertEquals(hook.logLines.join("\n").includes(SECRET), false);
  });
}

Deno.test("a generic caller signs any body, and asks only for the sync it names", async () => {
  await using hook = await receiverStory("generic");
  await cluster.apply({
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "other", namespace: hook.story.namespace },
    spec: { url: hook.url },
  });
  assertEquals(await hook.call({ "x-signature-256": `sha256=${hmac("now")}` }, "now"), 202);
  assertEquals(typeof await hook.asked(), "string");
  assertEquals(await hook.asked("other"), undefined);
});

Deno.test("a push wakes every sync of the namespace that follows the repository", async () => {
  await using hook = await receiverStory("github");
  const { headers, push } = SERVICES["github"] ?? SERVICES["gitea"] as never;
  for (const [name, branch] of [["same", "main"], ["release", "release"]]) {
    await cluster.apply({
      apiVersion: "gitops.functionmesh.io/v1alpha1",
      kind: "MeshSync",
      metadata: { name, namespace: hook.story.namespace },
      spec: { url: hook.url, ref: { branch }, suspend: true },
    });
  }
  const body = JSON.stringify(push(hook.url, "main"));
  assertEquals(await hook.call(headers(body), body), 202);
  assertEquals(
    [await hook.asked(), await hook.asked("same"), await hook.asked("release")].map((one) =>
      one !== undefined
    ),
    [true, true, false],
  );
});

Deno.test("who is not signed cannot tell which syncs there are, nor send too much or too often", async () => {
  await using hook = await receiverStory("github");
  assertEquals(await hook.call({}, "{}"), 401);
  assertEquals(await hook.call({}, "{}", "no-such-sync"), 401);
  const { push } = SERVICES["github"] ?? SERVICES["gitea"] as never;
  const ping = JSON.stringify(push(hook.url, "main"));
  const pinged = { "x-github-event": "ping", "x-hub-signature-256": `sha256=${hmac(ping)}` };
  assertEquals(await hook.call(pinged, ping), 200);
  assertEquals(await hook.asked(), undefined, "a ping is no push");
  const noName = { "x-hub-signature-256": `sha256=${"0".repeat(64)}` };
  assertEquals(await hook.call(noName, "{}"), 401);
  assertEquals(await hook.call(noName, "{}", "no-such-sync"), 401);
  const broken = { "x-github-event": "push", "x-hub-signature-256": `sha256=${hmac("{")}` };
  assertEquals(await hook.call(broken, "{"), 400);
  const large = await hook.call(noName, " ".repeat(6 * 1024 * 1024)).catch((error) => {
    // The answer may be lost while the rest of the body is still being sent: either way it is no 202.
    if (!(error instanceof TypeError)) throw error;
    return 413;
  });
  assertEquals(large, 413);
  // Whatever strangers do costs those nothing who are signed.
  const calls = Array.from(
    { length: 200 },
    (_, index) => hook.call(noName, "{}", index % 2 === 0 ? "shop" : `no-such-${index}`),
  );
  assertEquals(new Set(await Promise.all(calls)).has(202), false);
  const codes = new Set<number>();
  for (let call = 0; call < 30; call++) codes.add(await hook.call(pinged, ping));
  assertEquals([...codes].sort(), [200, 429]);
  assertStringIncludes(hook.logLines.join("\n"), "Refused a call");
});
