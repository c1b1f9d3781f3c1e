import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { errorText } from "#base";
import { GitError, type GitSource, gitSource, type Remote } from "#git";
import { countedGit, temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";
import { scriptedServer } from "../support/scripted_server.ts";

const MARK = "INTERNAL-BODY-MARK password=hunter2";

/** How looking at a remote fails. */
async function failure(source: GitSource, url: string, more: Partial<Remote> = {}) {
  const error = await assertRejects(() => source.resolveRef({ url, ...more }, {}), GitError);
  return { kind: error.kind, text: errorText(error) };
}

/** A server before a Git server: what it is asked below `/old/` it answers with a redirect. */
function redirecting(location: (path: string) => string, status = 302) {
  return scriptedServer(({ path, query }) => {
    const question = query.toString() === "" ? "" : `?${query}`;
    return new Response(MARK, { status, headers: { location: location(`${path}${question}`) } });
  });
}

async function served() {
  const stack = new AsyncDisposableStack();
  const repository = stack.use(await testRepository());
  const commit = await repository.commit({ "a.yaml": "a: 1\n" });
  const folder = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
  const cache = stack.use(await temporaryFolder());
  return {
    commit,
    folder,
    cache: cache.path,
    repository,
    source: gitSource({ cacheDirectory: cache.path }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("M1: what an HTTP server answers is told by its code and its kind, never by its text", async () => {
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const answers: Record<string, readonly [number, string, string, RegExp]> = {
    "/teapot/a.git": [418, "text/plain", "not_git", /answered 418 with text\/plain, which no Git/],
    "/broken/a.git": [
      500,
      "text/plain",
      "unreachable",
      /cannot be reached: .* 500 with text\/plain/,
    ],
    "/gone/a.git": [404, "text/plain", "not_found", /repository not found or no access/],
    "/closed/a.git": [403, "text/html", "no_access", /repository not found or no access/],
    "/login/a.git": [
      200,
      "text/html",
      "not_git",
      /200 with text\/html, which is a web page, perhaps/,
    ],
    "/metadata/x?q=": [
      200,
      "text/plain",
      "not_git",
      /200 with text\/plain, which is none of Git's/,
    ],
    "/strange/a.git": [200, `${MARK}/x`, "not_git", /200 with unknown/],
  };
  await using server = scriptedServer(({ path }) => {
    const [name = ""] = path.slice(1).split("/");
    const [, answer] = Object.entries(answers).find(([one]) => one.startsWith(`/${name}/`)) ?? [];
    const [status = 500, type = ""] = answer ?? [];
    return new Response(`${MARK}\n${MARK}\n`, {
      status,
      headers: { "content-type": type, "x-words": `Repository not found ${MARK}` },
    });
  });
  for (const [path, [, , kind, words]] of Object.entries(answers)) {
    const failed = await failure(source, `${server.url}${path}`);
    assertEquals(failed.kind, kind, path);
    assertMatch(failed.text, words, path);
    assert(!/INTERNAL|hunter2/.test(failed.text), failed.text);
  }
});

Deno.test("a server that only hands out files is said to be one", async () => {
  await using place = await served();
  await place.repository.git("update-server-info");
  await using server = scriptedServer(async ({ path }) => {
    const file = `${place.folder}/work${path}`;
    const found = await Deno.readFile(file).catch(() => undefined);
    return found === undefined ? new Response("", { status: 404 }) : new Response(found, {
      headers: { "content-type": "text/plain" },
    });
  });
  const { kind, text } = await failure(place.source, `${server.url}/.git`);
  assertEquals(kind, "not_git");
  assertMatch(text, /none of Git's smart protocol/);
});

Deno.test("a redirect on the same host is followed, with credentials and for fetches too", async () => {
  await using place = await served();
  const allowed = "Bearer abc.def";
  await using inner = gitServer({ folder: place.folder, authorization: allowed });
  await using server = scriptedServer(async ({ body, headers, method, path, query }) => {
    const question = query.toString() === "" ? "" : `?${query}`;
    if (path.startsWith("/old/")) {
      const location = `${path.replace("/old/", "/work/")}${question}`;
      return new Response("", { status: 301, headers: { location } });
    }
    const forwarded = await fetch(`${inner.url}${path}${question}`, {
      method,
      headers: [...headers].filter(([name]) => /^(auth|content-t|git-p)/.test(name)),
      ...(method === "POST" ? { body } : {}),
    });
    return new Response(await forwarded.arrayBuffer(), {
      status: forwarded.status,
      headers: { "content-type": forwarded.headers.get("content-type") ?? "" },
    });
  });
  const credentials = { kind: "bearer", token: "abc.def" } as const;
  const remote: Remote = { url: `${server.url}/old/.git`, credentials, account: "shop/a" };
  const resolved = await place.source.resolveRef(remote, { branch: "main" });
  assertEquals(resolved.commit, place.commit);
  const { tree = "" } = await place.source.fetchRevision(remote, resolved, { path: "" });
  const entries = await place.source.listTree(remote, tree);
  const [file] = await place.source.readFiles(remote, { tree, entries });
  assertEquals(file?.text, "a: 1\n");
  const asked = server.seen.filter(({ path }) => path.startsWith("/old/"));
  assertEquals(asked.length, 1, "a redirect is believed for a while");
});

Deno.test("M1: a redirect to another host or without an end is not followed, and named with its target", async () => {
  await using place = await served();
  await using other = scriptedServer(() => new Response(MARK));
  await using server = redirecting((path) => `${other.url}${path}#${MARK}`);
  const credentials = { kind: "basic", username: "bot", password: "s3cr3t" } as const;
  for (const more of [{}, { credentials, account: "shop/a" }]) {
    const { kind, text } = await failure(place.source, `${server.url}/old/a.git`, more);
    assertEquals(kind, "redirected");
    assert(text.includes(`redirects to ${other.url}/old/a.git`), text);
    assert(!text.includes("INTERNAL"), text);
  }
  assertEquals(other.seen, []);

  await using login = redirecting(() => "/users/sign_in?next=%2Fold");
  const signIn = await failure(place.source, `${login.url}/old/a.git`);
  assertMatch(signIn.text, /redirects to http:\/\/127\.0\.0\.1:\d+\/users\/sign_in, which/);
  await using loop = redirecting((path) => path.replace(/^\/\w+/, (part) => `${part}x`));
  assertEquals((await failure(place.source, `${loop.url}/a/a.git`)).kind, "redirected");
  assert(loop.seen.length <= 8, "a few times, then no more");
});

Deno.test("L3: a name in the url is seen by nobody: no argument, no message, no file", async () => {
  await using place = await served();
  await using server = gitServer({ folder: place.folder });
  const git = await countedGit(place.cache);
  const source = gitSource({
    cacheDirectory: `${place.cache}/cache`,
    environment: git.environment,
  });
  const token = "ghp_0123456789abcdefghij";
  const url = `${server.url.replace("://", `://${token}@`)}/work/.git`;
  const resolved = await source.resolveRef({ url }, {});
  await source.fetchRevision({ url }, resolved, { path: "" });
  assertEquals((await git.take()).filter((call) => call.includes(token)), []);
  const grep = new Deno.Command("grep", { args: ["-r", "-l", token, `${place.cache}/cache`] });
  assertEquals((await grep.output()).code, 1);
  const { text } = await failure(source, `${url}x`);
  assert(!text.includes(token), text);
});

Deno.test("a fetch takes as long as its caller's signal allows, and ends with its reason", async () => {
  await using place = await served();
  const slow = Promise.withResolvers<void>();
  await using server = gitServer({ folder: place.folder, hold: () => slow.promise });
  const remote: Remote = { url: `${server.url}/work/.git` };
  const resolved = await place.source.resolveRef(remote, {});
  const controller = new AbortController();
  const call = { path: "", signal: controller.signal, timeoutMs: 1_800_000 };
  const late = new Error("Cannot finish within 1800 s");
  const pending = place.source.fetchRevision(remote, resolved, call);
  controller.abort(late);
  assertEquals(await assertRejects(() => pending), late);
  const again = place.source.fetchRevision(remote, resolved, { path: "", timeoutMs: 1_800_000 });
  slow.resolve();
  assertEquals((await again).commit, place.commit);
});
