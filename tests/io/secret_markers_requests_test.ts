/**
 * Markers in Secrets that are read and written, with API servers that quote them while they refuse, or answer half; then the
 * errors are looked through, causes included (H3).
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { errorText } from "#base";
import { type ClusterClient, httpCluster, httpTransport, type ResourceType } from "#kube";
import { createLogger } from "#telemetry";
import { REFUSALS, type Refusing } from "../support/quoting_refusals.ts";
import { type ScriptedServer, scriptedServer } from "../support/scripted_server.ts";
import { leaksIn, secretSpellings, spelledParts } from "../support/secret_spellings.ts";

const VALUE = 'MARKSTORED"in<side>&x';
const PARTS = [...spelledParts([VALUE]), "MARK"];
const QUOTED = [...secretSpellings(VALUE).values()].join(" ");
const TYPE: ResourceType = {
  ...{ apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true },
};
const KEY = { namespace: "a", name: "s" };
const DATA = { password: new TextEncoder().encode(VALUE).toBase64() };
const SECRET = { apiVersion: "v1", kind: "Secret", metadata: KEY };
const ID = { apiVersion: "v1", kind: "Secret", ...KEY };
const BY = { fieldManager: "test" };

/** Every way in which the program reads and writes a Secret. */
const CALLS: Readonly<Record<string, (cluster: ClusterClient) => Promise<unknown>>> = {
  get: (cluster) => cluster.get(TYPE, KEY),
  list: (cluster) => cluster.list(TYPE, { namespace: "a" }),
  apply: (cluster) => cluster.apply({ ...SECRET, data: DATA }, BY),
  "apply text": (cluster) => cluster.apply({ ...SECRET, stringData: { a: VALUE } }, BY),
  create: (cluster) => cluster.create({ ...SECRET, data: DATA }),
  patch: (cluster) => cluster.patch(ID, { data: DATA }, BY),
};

/** The error of one call, as a message and as a line of the log says it. */
async function saidOf(server: ScriptedServer, call: keyof typeof CALLS): Promise<string[]> {
  const place = { server: server.url, credentials: () => Promise.resolve({}) };
  await using transport = httpTransport(place, { triesMax: 1 });
  const lines: string[] = [];
  try {
    await CALLS[call]?.(httpCluster(transport));
  } catch (error) {
    createLogger({ sink: (line) => lines.push(line) }).warn("Cannot do it", { error });
    return [errorText(error), ...lines];
  }
  throw new Error(`${call} is not refused`);
}

/** A server that knows Secrets and refuses all that is asked of them. */
function refusingServer(answer: () => Response): ScriptedServer {
  const resources = [{ name: "secrets", kind: "Secret", namespaced: true, verbs: ["get"] }];
  const list = { kind: "APIResourceList", apiVersion: "v1", groupVersion: "v1", resources };
  return scriptedServer(({ path }) => path === "/api/v1" ? Response.json(list) : answer());
}

function statusAnswer(refusing: Refusing): () => Response {
  const { body, status } = refusing(QUOTED);
  const whole = { kind: "Status", apiVersion: "v1", status: "Failure", code: status, ...body };
  return () => Response.json(whole, { status });
}

Deno.test("no Secret comes out of an error about it, whatever an API server quotes in whichever spelling (H3)", async () => {
  for (const [name, refusing] of Object.entries(REFUSALS)) {
    await using server = refusingServer(statusAnswer(refusing));
    for (const call of Object.keys(CALLS)) {
      const said = await saidOf(server, call);
      assertEquals(leaksIn(said, PARTS), [], `${call}: ${name}`);
      assert(said.every((text) => text.includes("Secret")), said.join("\n"));
    }
  }
});

Deno.test("no Secret comes out of an answer that breaks off, or of a proxy's page (H3)", async () => {
  const texts = [`{"data":{"password":"${DATA.password}"`, `${VALUE} is odd`, `"${VALUE}"`];
  for (const status of [200, 502]) {
    for (const text of texts) {
      await using server = refusingServer(() => new Response(text, { status }));
      for (const call of ["get", "list"]) {
        assertEquals(leaksIn(await saidOf(server, call), PARTS), [], `${call}: ${status} ${text}`);
      }
    }
  }
});

Deno.test("who lacks the right to read a Secret is told so, with nothing else that the server says", async () => {
  const lack = 'secrets "s" is forbidden: User "u" cannot get resource "secrets" in API group "" ' +
    'in the namespace "a"';
  const message = `${lack}: ${QUOTED}`;
  await using server = refusingServer(() => Response.json({ message }, { status: 403 }));
  const [text = ""] = await saidOf(server, "get");
  assertStringIncludes(text, `${lack} (403 Forbidden)`);
  assertEquals(leaksIn([text], PARTS), []);
});
