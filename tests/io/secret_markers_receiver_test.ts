/**
 * Markers in everything that a call of the receiver brings and the receiver knows, with an API server that refuses; then
 * answers and log are looked through for every spelling (H3).
 */
import { assertEquals } from "@std/assert";
import { systemClock } from "#base";
import { ApiError, type ClusterClient } from "#kube";
import { startReceiver } from "#receiver";
import { createLogger, type Server } from "#telemetry";
import { createHmac } from "node:crypto";
import { secretSpellings } from "../support/secret_spellings.ts";

const SECRET = 'MARKHOOK"in<side>&x';
/** What strangers and services say, which is nobody's to show either. */
const SAID = {
  gitlab: "MARKTOKENgitlab-77",
  authorization: "Bearer MARKBEARER0a1b2c",
  cookie: "session=MARKCOOKIE9f8e7d",
  body: "MARKBODY5d4c3b",
};
const PARTS = [SECRET, ...Object.values(SAID)].flatMap((value) =>
  [...secretSpellings(value)].filter(([name]) => name !== "a nested struct")
    .map(([, spelling]) => spelling.slice(2, 10))
);

type Refused = "list" | "get" | "patch";

/** A receiver whose API server refuses some calls. */
async function receiverBeside(refused: Refused | undefined, type: "generic" | "gitlab" | "github") {
  const log: string[] = [];
  const answer = <T>(verb: Refused, value: T): Promise<T> =>
    verb !== refused ? Promise.resolve(value) : Promise.reject(
      new ApiError({
        ask: { verb, kind: "Secret" },
        status: 403,
        reason: "Forbidden",
        text: "not allowed",
      }),
    );
  const receiver = { type, secretRef: { name: "hook" } };
  const metadata = { namespace: "a", name: "s" };
  const sync = { apiVersion: "v1", kind: "MeshSync", metadata, spec: { url: "", receiver } };
  const data = { token: new TextEncoder().encode(SECRET).toBase64() };
  const cluster: Pick<ClusterClient, "get" | "list" | "patch"> = {
    get: ({ kind }) => answer("get", { apiVersion: "v1", kind, metadata, data }),
    list: () => answer("list", [sync]),
    patch: (id) => answer("patch", { ...id, metadata: id }),
  };
  const server = await startReceiver({
    address: "127.0.0.1:0",
    cluster,
    readerFor: () => cluster,
    clock: systemClock,
    log: createLogger({ sink: (line) => log.push(line), level: "debug" }),
  }) as Server;
  return {
    log,
    async call(body: string, headers: Record<string, string>): Promise<string> {
      const response = await fetch(`${server.url}/receive/a/s`, { method: "POST", headers, body });
      const told = JSON.stringify([...response.headers]);
      return `${response.status} ${await response.text()} ${told}`;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const hmac = (secret: string, body: string) =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

/** Genuine and forged calls of one kind of service, with all headers that could say something. */
function callsOf(type: "generic" | "gitlab" | "github") {
  const bodies = [
    `{"ref": "refs/heads/main", "x": "${SAID.body}"}`,
    `${SAID.body} is no JSON`,
    `{"ref": ["${SAID.body}"], "repository": {"clone_url": "https://${SAID.body}@git.example/a"}}`,
  ];
  return bodies.flatMap((body) =>
    [SECRET, SAID.gitlab].map((secret) => ({
      body,
      headers: {
        authorization: SAID.authorization,
        cookie: SAID.cookie,
        "x-github-event": "push",
        "x-gitlab-event": "Push Hook",
        ...(type === "gitlab"
          ? { "x-gitlab-token": secret }
          : { "x-signature-256": hmac(secret, body), "x-hub-signature-256": hmac(secret, body) }),
      },
    }))
  );
}

for (const type of ["generic", "gitlab", "github"] as const) {
  Deno.test(`no secret comes out of the receiver of a ${type} service, whoever calls and whatever fails (H3)`, async () => {
    const codes = new Set<string>();
    for (const refused of [undefined, "list", "get", "patch"] as const) {
      await using story = await receiverBeside(refused, type);
      const answers: string[] = [];
      for (const { body, headers } of callsOf(type)) answers.push(await story.call(body, headers));
      for (const answer of answers) codes.add(answer.slice(0, 3));
      const hash = hmac(SECRET, callsOf(type)[0]?.body ?? "").slice(7);
      const leaks = [...answers, ...story.log].flatMap((text) =>
        [...PARTS, hash].filter((part) => text.includes(part)).map((part) => `${part} in: ${text}`)
      );
      assertEquals(leaks, [], String(refused));
      assertEquals(story.log.length > 0, true);
    }
    assertEquals([...codes].sort().join(), type === "generic" ? "202,401,500" : "202,400,401,500");
  });
}

Deno.test("a push of very many refs is a short line in the log", async () => {
  await using story = await receiverBeside(undefined, "github");
  const changes = Array.from({ length: 20_000 }, (_, index) => ({
    new: { type: "branch", name: `b${index}${"x".repeat(100)}` },
  }));
  const body = JSON.stringify({ push: { changes } });
  const headers = { "x-github-event": "push", "x-hub-signature-256": hmac(SECRET, body) };
  assertEquals((await story.call(body, headers)).slice(0, 3), "202");
  const line = story.log.find((one) => one.includes("A Git service called")) ?? "";
  assertEquals([line === "", line.length < 5_000], [false, true], `${line.length}`);
});
