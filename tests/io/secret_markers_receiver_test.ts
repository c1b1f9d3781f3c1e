/**
 * Markers in everything that a call of the receiver brings and the receiver knows, with an API server that refuses and quotes
 * what the receiver knows; then answers and log are looked through for every spelling (H3).
 */
import { assertEquals } from "@std/assert";
import { systemClock } from "#base";
import { apiErrorFrom, type ClusterClient } from "#kube";
import { startReceiver } from "#receiver";
import { createLogger, type Server } from "#telemetry";
import { createHmac } from "node:crypto";
import { REFUSALS } from "../support/quoting_refusals.ts";
import { leaksIn, secretSpellings, spelledParts } from "../support/secret_spellings.ts";

const SECRET = 'MARKHOOK"in<side>&x';
/** What strangers and services say, which is nobody's to show either. */
const SAID = {
  gitlab: "MARKTOKENgitlab-77",
  authorization: "Bearer MARKBEARER0a1b2c",
  cookie: "session=MARKCOOKIE9f8e7d",
  body: "MARKBODY5d4c3b",
};
const PARTS = spelledParts([SECRET, ...Object.values(SAID)]);

/** Which request of a call is refused, in which of the ways of an API server. */
interface Refused {
  readonly verb: "list" | "get" | "patch";
  readonly how: string;
}

const REFUSED: readonly (Refused | undefined)[] = [
  undefined,
  ...["invalid", "forbidden", "broken"].flatMap((how) =>
    (["list", "get", "patch"] as const).map((verb) => ({ verb, how }))
  ),
];
const QUOTED = [...secretSpellings(SECRET).values()].join(" ");

/** A receiver whose API server refuses some calls. */
async function receiverBeside(refused: Refused | undefined, type: "generic" | "gitlab" | "github") {
  const log: string[] = [];
  let lists = 0;
  const answer = <T>(verb: Refused["verb"], value: T): Promise<T> => {
    // The first list is of who has a receiver: nobody's secret is known by then.
    const isMeant = verb === refused?.verb && (verb !== "list" || ++lists > 1);
    const refusal = isMeant ? REFUSALS[refused.how]?.(QUOTED) : undefined;
    if (refusal === undefined) return Promise.resolve(value);
    const ask = { verb, kind: verb === "get" ? "Secret" : "MeshSync" };
    return Promise.reject(apiErrorFrom(refusal, ask));
  };
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
    for (const refused of REFUSED) {
      await using story = await receiverBeside(refused, type);
      const answers = await Promise.all(
        callsOf(type).map(({ body, headers }) => story.call(body, headers)),
      );
      for (const answer of answers) codes.add(answer.slice(0, 3));
      const hash = hmac(SECRET, callsOf(type)[0]?.body ?? "").slice(7);
      const leaks = leaksIn([...answers, ...story.log], [...PARTS, hash]);
      assertEquals(leaks, [], JSON.stringify(refused));
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
