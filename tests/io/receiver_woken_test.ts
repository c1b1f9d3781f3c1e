import { assertEquals } from "@std/assert";
import { HTTP_BUDGETS, systemClock } from "#base";
import type { ClusterClient } from "#kube";
import { startReceiver } from "#receiver";
import { createLogger, type Server } from "#telemetry";
import { createHmac } from "node:crypto";

const SECRET = "correct horse battery";
const URL_OF_ALL = "https://git.example/a.git";

/** What a push does in a namespace with so many MeshSyncs of one repository, the last one of which is called. */
async function pushTo(count: number) {
  const patched: string[] = [];
  const log: string[] = [];
  const receiver = { type: "github", secretRef: { name: "hook" } };
  const syncs = Array.from({ length: count }, (_, index) => ({
    ...{ apiVersion: "v1", kind: "MeshSync", metadata: { namespace: "a", name: `s${index}` } },
    spec: { url: URL_OF_ALL, receiver },
  }));
  const cluster: Pick<ClusterClient, "get" | "list" | "patch"> = {
    get: ({ kind }, key) =>
      Promise.resolve({ apiVersion: "v1", kind, metadata: key, data: { token: btoa(SECRET) } }),
    list: () => Promise.resolve(syncs),
    patch(id) {
      patched.push(id.name);
      return Promise.resolve({ ...id, metadata: id });
    },
  };
  await using server = await startReceiver({
    address: "127.0.0.1:0",
    cluster,
    readerFor: () => cluster,
    clock: systemClock,
    log: createLogger({ sink: (line) => log.push(line) }),
  }) as Server;
  const called = `s${count - 1}`;
  const body = JSON.stringify({ repository: { clone_url: URL_OF_ALL } });
  const hash = createHmac("sha256", SECRET).update(body).digest("hex");
  const answer = await fetch(`${server.url}/receive/a/${called}`, {
    method: "POST",
    headers: { "x-github-event": "push", "x-hub-signature-256": `sha256=${hash}` },
    body,
  });
  const line = log.find((one) => one.includes("A Git service called")) ?? "{}";
  return { answer: `${answer.status} ${(await answer.text()).trim()}`, called, line, patched };
}

Deno.test("a call has a bounded number of MeshSyncs look, the one that is called first, and tells of the others", async () => {
  const most = HTTP_BUDGETS.wokenByCall;
  const all = await pushTo(most);
  assertEquals([all.answer, all.patched.length], ["202 looking", most]);
  assertEquals(JSON.parse(all.line).left, undefined);
  const { answer, called, line, patched } = await pushTo(most + 7);
  assertEquals(answer, "202 looking; 7 more MeshSyncs look at their interval");
  assertEquals([patched.length, patched[0]], [most, called]);
  assertEquals(JSON.parse(line).left, 7);
});
