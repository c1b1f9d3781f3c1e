import { assertEquals, assertRejects } from "@std/assert";
import { GitError, gitSource, type Remote } from "#git";
import { countedGit, temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";

const maxAgeMs = 600_000;

async function served() {
  const stack = new AsyncDisposableStack();
  const repository = stack.use(await testRepository());
  const folder = stack.use(await temporaryFolder());
  const root = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
  const server = stack.use(gitServer({ folder: root }));
  const git = await countedGit(folder.path);
  const cacheDirectory = `${folder.path}/cache`;
  return {
    repository,
    git,
    source: gitSource({ cacheDirectory, environment: git.environment }),
    remote: { url: `${server.url}/work/.git` } satisfies Remote,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const isLook = (call: string) => call.startsWith("ls-remote");
const isFetch = (call: string) => call.includes(" fetch ");

Deno.test("many syncs of one repository cost one ls-remote and one fetch of a commit", async () => {
  await using place = await served();
  const { git, remote, source } = place;
  await place.repository.commit({ "a/x.yaml": "x: 1\n", "b/y.yaml": "y: 1\n" });
  const paths = ["a", "b", "a", "b", "."];
  const trees = await Promise.all(paths.map(async (path) => {
    const resolved = await source.resolveRef(remote, { branch: "main" }, { maxAgeMs });
    return (await source.fetchRevision(remote, resolved, { path })).tree;
  }));
  assertEquals(new Set(trees).size, 3);
  const calls = await git.take();
  assertEquals(calls.filter(isLook).length, 1);
  const fetches = calls.filter(isFetch);
  assertEquals(fetches.filter((call) => call.includes("--depth=1")).length, 1, "the commit");
  assertEquals(fetches.length, 3, "and the contents of two folders");
});

Deno.test("who knows of something new, or has another access or ref, looks for itself", async () => {
  await using place = await served();
  const { git, remote, source } = place;
  const old = await place.repository.commit({ "a.yaml": "a: 1\n" });
  const look = async (from: Remote, ageMs = maxAgeMs) =>
    (await source.resolveRef(from, { branch: "main" }, { maxAgeMs: ageMs })).commit;
  assertEquals(await look(remote), old);
  const commit = await place.repository.commit({ "a.yaml": "a: 2\n" });
  assertEquals(await look(remote), old, "young enough");
  assertEquals(await look(remote, 0), commit);
  assertEquals(await look(remote), commit, "the fresh answer is shared in turn");
  const credentials = { kind: "bearer", token: "t" } as const;
  await look({ ...remote, credentials, account: "shop/a" });
  await look({ ...remote, credentials: { ...credentials, token: "new" }, account: "shop/a" });
  await source.resolveRef(remote, {}, { maxAgeMs });
  assertEquals((await git.take()).filter(isLook).length, 5);
});

Deno.test("a failed look is not kept, and nothing is shared with who does not ask for it", async () => {
  await using place = await served();
  const { git, remote, source } = place;
  await assertRejects(() => source.resolveRef(remote, { branch: "main" }), GitError, "empty");
  const gone: Remote = { url: remote.url.replace("/work/", "/nothing/") };
  await assertRejects(() => source.resolveRef(gone, {}, { maxAgeMs }), GitError);
  await assertRejects(() => source.resolveRef(gone, {}, { maxAgeMs }), GitError);
  assertEquals((await git.take()).filter((call) => call.includes("/nothing/")).length, 2);

  await using alone = await served();
  await alone.repository.commit({ "a.yaml": "a: 1\n" });
  await Promise.all([1, 2].map(() => alone.source.resolveRef(alone.remote, {})));
  assertEquals((await alone.git.take()).filter(isLook).length, 2);
});

Deno.test("a sync that gives up does not take the answer from the others", async () => {
  await using place = await served();
  const { git, remote, source } = place;
  const commit = await place.repository.commit({ "a.yaml": "a: 1\n" });
  const controller = new AbortController();
  const { signal } = controller;
  const impatient = source.resolveRef(remote, { branch: "main" }, { maxAgeMs, signal });
  const patient = source.resolveRef(remote, { branch: "main" }, { maxAgeMs });
  controller.abort(new Error("enough"));
  await assertRejects(() => impatient, Error, "enough");
  assertEquals((await patient).commit, commit);
  assertEquals((await git.take()).filter(isLook).length, 1);
});
