/** Servers that send without end what git keeps in memory. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { errorText, GIT_BUDGETS } from "#base";
import { GitError, gitSource } from "#git";
import { GitMemory } from "../../src/git/memory.ts";
import { ProcessShell } from "../../src/git/process_shell.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { commandLinesWith } from "../support/processes.ts";
import { type ScriptedServer, scriptedServer } from "../support/scripted_server.ts";

/** A line of Git's protocol. */
function line(text: string): string {
  return `${(text.length + 4).toString(16).padStart(4, "0")}${text}`;
}

const ADVERTISED = "application/x-git-upload-pack-advertisement";
const RESULT = "application/x-git-upload-pack-result";
const BEGIN = `${line("# service=git-upload-pack\n")}0000`;
const REF = line(`${"a".repeat(40)} refs/heads/${"b".repeat(60)}\n`);
const SECOND_VERSION = `${BEGIN}${line("version 2\n")}${line("ls-refs=unborn\n")}${
  line("fetch=shallow filter\n")
}${line("object-format=sha1\n")}0000`;

/** An answer that begins like one of Git's and never ends; `sent` tells how long it was when nobody listened any more. */
function endless(type: string, begin: string, again: string, sent: (bytes: number) => void) {
  const [first, chunk] = [begin, again.repeat(2_000)].map((text) => new TextEncoder().encode(text));
  let bytes = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(first ?? new Uint8Array()),
    pull: (controller) => {
      bytes += chunk?.length ?? 0;
      sent(bytes);
      controller.enqueue(chunk ?? new Uint8Array());
    },
  });
  return new Response(body, { headers: { "content-type": type } });
}

/** How a look at the server ends, when no git is left that talks to it. */
async function ended(server: ScriptedServer): Promise<string> {
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: `${folder.path}/cache`, timeoutMs: 600_000 });
  const look = () => source.resolveRef({ url: `${server.url}/a.git` }, { branch: "main" });
  const error = await assertRejects(look, GitError);
  await eventually(async () => (await commandLinesWith(server.url)).length === 0);
  return `${error.kind} ${errorText(error)}`;
}

Deno.test("C2: an answer without end that git reads as a whole ends at the size of one piece of memory", async () => {
  for (const [name, begin, again] of [["refs", BEGIN, REF], ["one line", "", "x".repeat(64)]]) {
    let bytes = 0;
    await using server = scriptedServer(() =>
      endless(ADVERTISED, begin ?? "", again ?? "", (sent) => bytes = sent)
    );
    assertMatch(
      await ended(server),
      /^too_large Cannot look at .*: it takes too much memory/,
      name,
    );
    // What was under way besides is in buffers of the system.
    assertEquals(bytes < 4 * GIT_BUDGETS.commandPieceBytes, true, `${bytes} bytes`);
  }
});

Deno.test("C2: refs without end, each of which git keeps, end at the memory that it may take", async () => {
  await using server = scriptedServer(({ path }) =>
    path.endsWith("/info/refs")
      ? new Response(SECOND_VERSION, { headers: { "content-type": ADVERTISED } })
      : endless(RESULT, "", REF, () => {})
  );
  assertMatch(
    await ended(server),
    /^too_large Cannot look at .*: it takes more than 128 MiB of memory/,
  );
});

/** A program that takes so many bytes of memory, or hardly any, and then waits. */
function taking(bytes: number): Deno.ChildProcess {
  const take = `head -c ${bytes} /dev/zero | tail -c ${bytes} | sleep 600`;
  const args = ["-c", bytes === 0 ? "sleep 600; true" : take];
  return new Deno.Command("sh", { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
}

Deno.test("C2: where all git programs take too much the one ends that takes most", async () => {
  const shell = new ProcessShell();
  const memory = new GitMemory((ids) => shell.bytesOf(ids), { ofOne: 1e9, ofAll: 40e6 });
  const children = [taking(0), taking(60e6), taking(20e6)];
  const ended: number[] = [];
  const watches = children.map(({ pid }, index) => memory.watch(pid, () => ended.push(index)));
  try {
    await eventually(() => ended.length > 0);
    assertEquals(ended, [1]);
    const excesses = watches.map((watch) => watch.end());
    assertEquals(excesses, [undefined, "of all", undefined]);
  } finally {
    for (const { pid } of children) await shell.end(pid);
    await shell.close();
    await Promise.all(children.map(({ status }) => status));
  }
});
