/** Limits that every port has, whatever it serves. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { HTTP_BUDGETS } from "#base";
import { type RawCaller, rawCaller } from "../support/raw_caller.ts";
import { type OpenPort, openPorts, PORT_NAMES } from "./ports.ts";

const HOST = "Host: localhost\r\n";

const callerOf = (place: OpenPort) => rawCaller(place.port, place);

/** What a port answers to somebody who asks in order. */
async function answerOf(place: OpenPort): Promise<string> {
  using caller = await callerOf(place);
  const { headers, method, path } = place;
  const length = method === "POST" ? "Content-Length: 2\r\n" : "";
  const body = method === "POST" ? "{}" : "";
  await caller.say(
    `${method} ${path} HTTP/1.1\r\n${HOST}${headers}${length}Connection: close\r\n\r\n${body}`,
  );
  return await caller.rest();
}

/** Says something that the other side may cut short, and answers what it said. */
async function saidTo(caller: RawCaller, text: string): Promise<string> {
  const saying = caller.say(text).catch((error) => {
    const isCut = error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.ConnectionReset;
    if (!isCut) throw error;
  });
  const heard = await caller.rest();
  await saying;
  return heard;
}

/** What a stranger does, and what is heard until the port closes: a test that ends shows that it did. */
const STRANGERS: Readonly<
  Record<string, (place: OpenPort) => Promise<{ readonly heard: string; readonly words: RegExp }>>
> = {
  "sends half of its headers": async (place) => {
    using caller = await callerOf(place);
    const heard = await saidTo(caller, `${place.method} ${place.path} HTTP/1.1\r\n${HOST}X-`);
    return { heard, words: /^(HTTP\/1\.1 408 [^]*)?$/ };
  },
  "sends half of a body": async (place) => {
    using caller = await callerOf(place);
    const head = `${place.method} ${place.path} HTTP/1.1\r\n${HOST}${place.headers}`;
    const heard = await saidTo(caller, `${head}Content-Length: 1000\r\n\r\nabc`);
    return { heard, words: /^(HTTP\/1\.1 (200|401|404|408|500) [^]*)?$/ };
  },
  "sends a header without end": async (place) => {
    using caller = await callerOf(place);
    const head = `GET ${place.path} HTTP/1.1\r\n${HOST}X: `;
    const heard = await saidTo(caller, head + "a".repeat(2_000_000));
    return { heard, words: /^(HTTP\/1\.1 431 [^]*)?$/ };
  },
  "asks a thousand times in one breath": async (place) => {
    using caller = await callerOf(place);
    const heard = await saidTo(caller, `GET ${place.path} HTTP/1.1\r\n${HOST}\r\n`.repeat(1_000));
    const answers = heard.split("HTTP/1.1 ").length - 1;
    assert(answers <= HTTP_BUDGETS.requestsOfConnection, `${answers} answers`);
    return { heard, words: /^(HTTP\/1\.1 [^]*)?$/ };
  },
};

for (const [what, stranger] of Object.entries(STRANGERS)) {
  Deno.test(`M5: every port closes a stranger who ${what}, and answers the next`, async () => {
    await using open = await openPorts();
    await Promise.all(PORT_NAMES.map(async (name) => {
      const place = open.ports[name];
      const { heard, words } = await stranger(place);
      assertMatch(heard, words, name);
      assertMatch(await answerOf(place), /^HTTP\/1\.1 \d+ /, name);
    }));
  });
}

Deno.test("M5: every port answers beside more silent connections than it has places", async () => {
  await using open = await openPorts();
  for (const name of PORT_NAMES) {
    using silent = new DisposableStack();
    const first = silent.use(await rawCaller(open.ports[name].port));
    for (let index = 0; index < HTTP_BUDGETS.connections + 20; index++) {
      silent.use(await rawCaller(open.ports[name].port));
    }
    assertMatch(await answerOf(open.ports[name]), /^HTTP\/1\.1 \d+ /, name);
    assertEquals(await first.rest(), "", `the oldest of ${name} went`);
  }
});

Deno.test("the program opens no port besides those that are tried here", async () => {
  const found = await usersOf(
    /\b(Deno\.(serve|listen\w*)|createServer|startPlainServer|new TlsServer)\(/,
  );
  assertEquals(found, [
    "admission/server.ts",
    "console_server.ts",
    // Of metrics and of the console.
    "own_tls_server.ts",
    "receiver/server.ts",
    "telemetry/http.ts",
    "telemetry/tls_server.ts",
  ]);
  assertEquals(await usersOf(/\bnew OwnTlsServer\(/), ["console_server.ts", "secure_metrics.ts"]);
});

/** The files of the program in which something is called. */
async function usersOf(call: RegExp): Promise<string[]> {
  const found: string[] = [];
  const look = async (folder: URL) => {
    for await (const { isDirectory, name } of Deno.readDir(folder)) {
      const at = new URL(isDirectory ? `${name}/` : name, folder);
      if (isDirectory) await look(at);
      else if (call.test(await Deno.readTextFile(at))) {
        found.push(at.pathname.split("/src/")[1] ?? "");
      }
    }
  };
  await look(new URL("../../src/", import.meta.url));
  return found.sort();
}
