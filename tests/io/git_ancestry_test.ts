import { assertEquals } from "@std/assert";
import { type GitSource, gitSource, type Remote } from "#git";
import { temporaryFolder, type TestRepository, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";
import { sshServer } from "../support/ssh_server.ts";

interface Story extends AsyncDisposable {
  readonly repository: TestRepository;
  readonly source: GitSource;
  /** Fetches the branch and answers its commit, as a sync does before it asks. */
  fetch(): Promise<string>;
  descends(commit: string, ancestor: string): Promise<boolean | undefined>;
}

async function story(over: "http" | "ssh"): Promise<Story> {
  const stack = new AsyncDisposableStack();
  const repository = stack.use(await testRepository());
  const folder = stack.use(await temporaryFolder());
  const remote = over === "http"
    ? httpRemote(repository, stack)
    : await sshRemote(repository, stack);
  const source = gitSource({ cacheDirectory: folder.path });
  return {
    repository,
    source,
    fetch: async () => {
      const resolved = await source.resolveRef(remote, { branch: "main" });
      return (await source.fetchRevision(remote, resolved, { path: "" })).commit;
    },
    descends: (commit, ancestor) => source.descends(remote, { commit, ancestor }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function httpRemote(repository: TestRepository, stack: AsyncDisposableStack): Remote {
  const parent = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
  const server = stack.use(gitServer({ folder: parent }));
  return { url: `${server.url}/work/.git` };
}

async function sshRemote(
  repository: TestRepository,
  stack: AsyncDisposableStack,
): Promise<Remote> {
  const server = stack.use(await sshServer({ passesProtocol: true }));
  return {
    url: `${server.url}${repository.directory}`,
    credentials: { kind: "ssh", privateKey: server.identity, knownHosts: server.knownHosts },
  };
}

async function commits(repository: TestRepository, texts: readonly string[]): Promise<string[]> {
  const made: string[] = [];
  for (const text of texts) made.push(await repository.commit({ "a.yaml": `a: ${text}\n` }));
  return made;
}

for (const over of ["http", "ssh"] as const) {
  Deno.test(`over ${over}, a push, a force-push and a branch that went back are told from each other`, async () => {
    await using at = await story(over);
    const [first = "", second = ""] = await commits(at.repository, ["1", "2"]);
    assertEquals(await at.fetch(), second);
    const [, fourth = ""] = await commits(at.repository, ["3", "4"]);
    assertEquals(await at.fetch(), fourth);
    assertEquals(await at.descends(fourth, second), true, "two commits later");
    await at.repository.git("reset", "--quiet", "--hard", second);
    const [forced = ""] = await commits(at.repository, ["5"]);
    assertEquals(await at.fetch(), forced);
    assertEquals(await at.descends(forced, fourth), false, "another line");
    await at.repository.git("reset", "--quiet", "--hard", first);
    assertEquals(await at.fetch(), first);
    assertEquals(await at.descends(first, forced), false, "back to an older commit");
    assertEquals(await at.descends(first, first), true);
  });
}

Deno.test("a merge of the commit that was there before is no rewritten history", async () => {
  await using at = await story("http");
  const [base = ""] = await commits(at.repository, ["1"]);
  await at.repository.git("checkout", "--quiet", "-b", "side");
  await at.repository.commit({ "b.yaml": "b: 1\n" });
  await at.repository.git("checkout", "--quiet", "main");
  const [before = ""] = await commits(at.repository, ["2"]);
  assertEquals(await at.fetch(), before);
  await at.repository.git("checkout", "--quiet", "side");
  await at.repository.git("merge", "--quiet", "--no-edit", "main");
  await at.repository.git("branch", "--force", "main", "side");
  const merged = await at.fetch();
  assertEquals(await at.descends(merged, before), true);
  assertEquals(await at.descends(merged, base), true);
});

Deno.test("an ancestry too long to look through, or of a commit that is nowhere, has no answer", async () => {
  await using at = await story("http");
  const [first = ""] = await commits(at.repository, ["1"]);
  await at.fetch();
  const stream = Array.from(
    { length: 300 },
    (_, index) =>
      `commit refs/heads/main\ncommitter A <a@example.org> ${1_700_000_000 + index} +0000\n` +
      `data 1\nx\n${index === 0 ? `from ${first}\n` : ""}\n`,
  ).join("");
  await Deno.writeTextFile(`${at.repository.directory}/../stream`, stream);
  await at.repository.git("config", "alias.import", "!git fast-import --quiet --force <../stream");
  await at.repository.git("import");
  const last = await at.fetch();
  assertEquals(await at.descends(last, first), undefined, "300 commits later");
  const near = await at.repository.git("rev-parse", "main~200");
  assertEquals(await at.descends(last, near), true);
  assertEquals(await at.descends(last, "1".repeat(40)), undefined);
});
