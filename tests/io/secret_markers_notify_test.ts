/**
 * Markers in the tokens and addresses with which others are told of revisions, services and API servers that repeat them; then
 * events, log and counts are looked through for every spelling (H3).
 */
import { assert, assertEquals } from "@std/assert";
import type { MeshSync } from "#api";
import { type KubeObject, systemClock } from "#base";
import { apiErrorFrom } from "#kube";
import { Notifier } from "#notify";
import type { Notice } from "#plan";
import { createLogger } from "#telemetry";
import { REFUSALS } from "../support/quoting_refusals.ts";
import { type ScriptedServer, scriptedServer } from "../support/scripted_server.ts";
import { leaksIn, secretSpellings, spelledParts } from "../support/secret_spellings.ts";

const TOKEN = "MARKTOKENnotify-0a1b2c3d";
const PATH = "MARKPATHnotify-77";
const PARTS = spelledParts([TOKEN, PATH]);
const QUOTED = [TOKEN, PATH].flatMap((value) => [...secretSpellings(value).values()]).join(" ");
const TYPES = ["github", "gitlab", "slack", "webhook"] as const;

type Type = typeof TYPES[number];

/** What the Secret of a destination holds, or how an API server refuses to say. */
type Held = { readonly token: string; readonly address?: string } | { readonly refusal: string };

/** Tells one destination once, and answers all that was said of that. */
async function saidOf(
  held: Held,
  { type, url, allowLoopback = true }: {
    readonly type: Type;
    readonly url?: string;
    readonly allowLoopback?: boolean;
  },
): Promise<string[]> {
  const said: string[] = [];
  const encoded = (text: string) => new TextEncoder().encode(text).toBase64();
  const data = Object.entries(held).map(([name, value]) => [name, encoded(value)]);
  const metadata = { namespace: "a", name: "s", uid: type };
  const secret = { apiVersion: "v1", kind: "Secret", metadata, data: Object.fromEntries(data) };
  const key = { namespace: "a", name: "hook" };
  const refusal = "refusal" in held ? REFUSALS[held.refusal]?.(QUOTED) : undefined;
  const get = () =>
    refusal === undefined
      ? Promise.resolve(secret)
      : Promise.reject(apiErrorFrom(refusal, { verb: "get", kind: "Secret", key }));
  const notify = [{
    type,
    secretRef: { name: "hook" },
    ...(url === undefined ? {} : { address: url }),
  }];
  const sync: MeshSync = {
    ...{ apiVersion: "v1", kind: "MeshSync", metadata, spec: { url: "", notify } },
  };
  const notifier = new Notifier({
    readerFor: () => ({ get }),
    clock: systemClock,
    log: createLogger({ sink: (line) => said.push(line), level: "debug" }),
    addresses: { apiServer: [], allowLoopback },
    events: { record: (_object: KubeObject, event) => said.push(JSON.stringify(event)) },
    metrics: { countNotification: (...labels) => said.push(JSON.stringify(labels)) },
    retryMs: 1,
  });
  {
    await using _ending = notifier;
    notifier.tell(sync, NOTICE);
    await notifier.flush();
  }
  return said;
}

const NOTICE: Notice = {
  ...{ event: "Failed", namespace: "a", sync: "s", revision: "main@sha1:12", commit: "12" },
  ...{ subject: "", author: "", reason: "Failed", message: "it failed", path: "." },
  repository: "git.example/a",
};

/** A service that repeats all that it is told, in the ways that are left to it. */
function repeatingService(status: number, seen: string[]): ScriptedServer {
  return scriptedServer(({ headers, path }) => {
    const told = JSON.stringify([...headers, path]);
    seen.push(told);
    const location = `http://127.0.0.1:1/${encodeURIComponent(QUOTED)}`;
    return new Response(`${told} ${QUOTED}`, {
      status,
      statusText: `${TOKEN} is not known`,
      headers: { location, "www-authenticate": `Bearer error="${TOKEN}"` },
    });
  });
}

Deno.test("no token of whom it tells comes out, whatever a service answers (H3)", async () => {
  for (const type of TYPES) {
    for (const status of [200, 302, 401, 418, 500]) {
      const seen: string[] = [];
      await using service = repeatingService(status, seen);
      const isHidden = type === "slack" || type === "webhook";
      const address = `${service.url}/${PATH}`;
      const said = await saidOf(
        isHidden ? { token: TOKEN, address } : { token: TOKEN },
        isHidden ? { type } : { type, url: service.url },
      );
      assertEquals(leaksIn(said, PARTS), [], `${type} ${status}`);
      assert(said.length > 0 && seen.join().includes(isHidden ? PATH : TOKEN));
    }
  }
});

Deno.test("no address or token that cannot be used comes out of a notification (H3)", async () => {
  const odd: readonly Held[] = [
    ...[`${PATH} is none`, `ftp://${PATH}.example/`, `http://${PATH} .example/`, `http://[${PATH}]`]
      .map((address) => ({ token: TOKEN, address })),
    { token: TOKEN, address: `http://bot:${TOKEN}@127.0.0.1:1/${PATH}` },
    { token: TOKEN, address: `http://127.0.0.1:1/${PATH}` },
    { token: `${TOKEN}\n${PATH}`, address: `http://127.0.0.1:1/${PATH}` },
    ...Object.keys(REFUSALS).map((refusal) => ({ refusal })),
  ];
  for (const type of TYPES) {
    for (const held of odd) {
      const isHidden = type === "slack" || type === "webhook";
      const at = isHidden ? {} : { url: "http://127.0.0.1:1" };
      const said = await saidOf(held, { type, ...at });
      assertEquals(leaksIn(said, PARTS), [], `${type} ${JSON.stringify(held)}`);
      assert(said.some((one) => one.includes("NotificationFailed")), said.join("\n"));
    }
  }
  const address = `http://127.0.0.1/${PATH}`;
  const refused = await saidOf({ token: TOKEN, address }, { type: "slack", allowLoopback: false });
  assertEquals(leaksIn(refused, PARTS), []);
});
