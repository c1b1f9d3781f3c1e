import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { errorText } from "#base";
import { GitError, gitSource, type Remote, RemoteUrlError } from "#git";
import { countedGit, temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";

const PASSWORD = "s3cr3t-Passw0rd";

async function served(authorization?: string) {
  const repository = await testRepository();
  const commit = await repository.commit({ "a.yaml": "a: 1\n" });
  const folder = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
  const server = gitServer({ folder, ...(authorization === undefined ? {} : { authorization }) });
  return {
    commit,
    server,
    url: `${server.url}/work/.git`,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await repository[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a remote over http is fetched by the smart protocol, filtered", async () => {
  await using place = await served();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote: Remote = { url: place.url };
  const resolved = await source.resolveRef(remote, { branch: "main" });
  assertEquals(resolved.commit, place.commit);
  assertEquals(place.server.requests.length, 2, "an ls-remote is one handshake and one question");
  const { tree = "" } = await source.fetchRevision(remote, resolved, { path: "" });
  const files = await source.readFiles(remote, {
    tree,
    entries: await source.listTree(remote, tree),
  });
  assertEquals(files.map((file) => file.text), ["a: 1\n"]);
});

Deno.test("a password reaches the server, and neither arguments, messages nor the disk", async () => {
  const allowed = `Basic ${btoa(`bot:${PASSWORD}`)}`;
  await using place = await served(allowed);
  await using folder = await temporaryFolder();
  const git = await countedGit(folder.path);
  const source = gitSource({
    cacheDirectory: `${folder.path}/cache`,
    environment: git.environment,
  });
  const credentials = { kind: "basic", username: "bot", password: PASSWORD } as const;
  const remote: Remote = { url: place.url, credentials, account: "shop/bot" };
  const resolved = await source.resolveRef(remote, { branch: "main" });
  await source.fetchRevision(remote, resolved, { path: "" });
  assert(place.server.requests.every((request) => request.authorization === allowed));
  assertEquals((await git.take()).filter((call) => call.includes(PASSWORD)), []);
  assertEquals(await filesHolding(folder.path, [PASSWORD, btoa(`bot:${PASSWORD}`)]), []);

  const wrong: Remote = { ...remote, credentials: { ...credentials, password: `${PASSWORD}!` } };
  const error = await assertRejects(() => source.resolveRef(wrong, {}), GitError, "no access");
  assertEquals(error.kind, "no_access");
  assert(!errorText(error).includes(PASSWORD));
});

Deno.test("a bearer token is sent as such", async () => {
  await using place = await served("Bearer abc.def");
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote: Remote = { url: place.url, credentials: { kind: "bearer", token: "abc.def" } };
  assertEquals((await source.resolveRef(remote, { branch: "main" })).commit, place.commit);
});

Deno.test("what one account fetched is not shown to another", async () => {
  await using place = await served(`Basic ${btoa(`bot:${PASSWORD}`)}`);
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const credentials = { kind: "basic", username: "bot", password: PASSWORD } as const;
  const commit = { commit: place.commit, name: "commit" };
  await source.fetchRevision({ url: place.url, credentials, account: "shop/bot" }, commit, {
    path: "",
  });
  await assertRejects(
    () => source.fetchRevision({ url: place.url }, commit, { path: "" }),
    GitError,
  );
});

Deno.test("a repository that is not there is told from a server that is not there", async () => {
  await using place = await served();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const kindOf = async (url: string) =>
    (await assertRejects(() => source.resolveRef({ url, fileAllowed: true }, {}), GitError)).kind;
  assertEquals(await kindOf(`${place.server.url}/nothing/.git`), "not_found");
  assertEquals(await kindOf("http://127.0.0.1:1/a.git"), "unreachable");
  assertEquals(await kindOf(`file://${folder.path}/nothing`), "not_found");
});

Deno.test("a file: url is refused unless a flag named it, a password in a url always", async () => {
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  await assertRejects(() => source.resolveRef({ url: "file:///etc" }, {}), RemoteUrlError);
  await assertRejects(() => source.resolveRef({ url: "ext::sh -c id" }, {}), Error);
  const error = await assertRejects(
    () => source.resolveRef({ url: `https://bot:${PASSWORD}@git.example/a` }, {}),
    RemoteUrlError,
  );
  assert(!errorText(error).includes(PASSWORD));
});

Deno.test("an ssh url without key or known hosts is refused with what to do", async () => {
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const url = "git@git.example:shop/meshes.git";
  const error = await assertRejects(() => source.resolveRef({ url }, {}), GitError);
  assertStringIncludes(error.message, "identity and known_hosts");
  const credentials = { kind: "ssh", privateKey: "x", knownHosts: " " } as const;
  const unknown = await assertRejects(() => source.resolveRef({ url, credentials }, {}), GitError);
  assertEquals(unknown.kind, "host_unknown");
});

Deno.test("a silent server ends in a timeout, an abort in the caller's reason; nothing is left running", async () => {
  const silent = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) =>
      new Promise<Response>((resolve) =>
        request.signal.addEventListener("abort", () => resolve(new Response()))
      ),
  );
  await using folder = await temporaryFolder();
  const url = `http://127.0.0.1:${silent.addr.port}/a.git`;
  const source = gitSource({ cacheDirectory: folder.path, timeoutMs: 300 });
  const error = await assertRejects(() => source.resolveRef({ url }, {}), GitError);
  assertEquals(error.kind, "timeout");

  const reason = new Error("enough");
  const controller = new AbortController();
  const call = { signal: controller.signal, timeoutMs: 60_000 };
  const pending = assertRejects(() => source.resolveRef({ url }, {}, call), Error, "enough");
  setTimeout(() => controller.abort(reason), 200);
  await pending;
  assertEquals(await processesNaming(url), []);
  await silent.shutdown();
});

async function processesNaming(text: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    try {
      const line = await Deno.readTextFile(`/proc/${entry.name}/cmdline`);
      if (line.includes(text)) found.push(line.replaceAll("\0", " "));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return found;
}

/** A process that ended between being listed and being looked at. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && error.message.includes("No such process"));
}

async function filesHolding(folder: string, texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await filesHolding(path, texts));
    else {
      const content = new TextDecoder("latin1").decode(await Deno.readFile(path));
      if (texts.some((text) => content.includes(text))) found.push(path);
    }
  }
  return found;
}
