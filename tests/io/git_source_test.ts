import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { GitError, gitSource, parseRef, type Remote } from "#git";
import { countedGit, temporaryFolder, testRepository } from "../support/git_repository.ts";

/** A source of which it is told which commands it runs. */
async function countedSource(folder: string) {
  const git = await countedGit(folder);
  const { environment } = git;
  return { git, source: gitSource({ cacheDirectory: `${folder}/cache`, environment }) };
}

Deno.test("resolveRef() costs one ls-remote, and a fetched revision costs nothing more", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const { git, source } = await countedSource(folder.path);
  const remote: Remote = { url: repository.url, fileAllowed: true };
  const commit = await repository.commit({ "meshes/a.yaml": "a: 1\n", "other/big.txt": "x" });

  const resolved = await source.resolveRef(remote, { branch: "main" });
  assertEquals(resolved, { commit, name: "main", fullName: "refs/heads/main" });
  const calls = await git.take();
  assertEquals(calls.length, 1);
  assertMatch(calls[0] ?? "", /^ls-remote --quiet file:.* refs\/heads\/main$/);

  const revision = await source.fetchRevision(remote, resolved, { path: "meshes" });
  assertEquals(revision.author, "Ada Author");
  assertEquals(revision.subject, "Change files");
  assertEquals(revision.tree, await repository.git("rev-parse", "HEAD:meshes"));
  const tree = revision.tree ?? "";
  const entries = await source.listTree(remote, tree);
  assertEquals(entries.map((entry) => entry.path), ["a.yaml"]);
  const files = await source.readFiles(remote, { tree, entries });
  assertEquals(files.map((file) => file.text), ["a: 1\n"]);
  const fetches = (await git.take()).filter((call) => call.includes(" fetch "));
  assertEquals(fetches.length, 2, "one fetch for the commit, one for the contents");

  await source.fetchRevision(remote, resolved, { path: "meshes" });
  await source.readFiles(remote, { tree, entries });
  assertEquals((await git.take()).filter((call) => call.includes(" fetch ")), []);
});

Deno.test("a commit that changes a file costs ten git commands", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const { git, source } = await countedSource(folder.path);
  const remote: Remote = { url: repository.url, fileAllowed: true };
  const bring = async () => {
    const resolved = await source.resolveRef(remote, { branch: "main" });
    const { tree = "" } = await source.fetchRevision(remote, resolved, { path: "meshes" });
    const entries = await source.listTree(remote, tree);
    return (await source.readFiles(remote, { tree, entries })).map(({ text }) => text);
  };
  await repository.commit({ "meshes/a.yaml": "a: 1\n", "meshes/b.yaml": "b: 1\n" });
  await bring();
  await git.take();
  await repository.commit({ "meshes/a.yaml": "a: 2\n" });
  assertEquals(await bring(), ["a: 2\n", "b: 1\n"]);
  const commands = (await git.take()).map((call) =>
    call.split(" ").find((word) => /^[a-z]/.test(word))
  );
  assertEquals(commands, [
    ...["ls-remote", "for-each-ref", "for-each-ref", "fetch"],
    ...["log", "ls-tree", "ls-tree", "rev-list"],
    ...["fetch", "cat-file"],
  ]);
});

Deno.test("fetchRevision() fetches one commit deep and no content outside the path", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote: Remote = { url: repository.url, fileAllowed: true };
  const first = await repository.commit({ "meshes/a.yaml": "a: 1\n" });
  await repository.commit({ "meshes/a.yaml": "a: 2\n", "other/b.yaml": "b: 1\n" });
  const resolved = await source.resolveRef(remote, {});
  assertEquals(resolved.name, "main", "the default branch by its own name");
  const { tree = "" } = await source.fetchRevision(remote, resolved, { path: "./meshes/" });
  await source.readFiles(remote, { tree, entries: await source.listTree(remote, tree) });

  const cache = (await Array.fromAsync(Deno.readDir(folder.path))).find((e) =>
    e.name.endsWith(".git")
  );
  const here = `${folder.path}/${cache?.name}`;
  const has = async (object: string) => {
    const hash = await repository.git("rev-parse", object);
    const listed = await repository.git(
      `--git-dir=${here}`,
      "cat-file",
      "--batch-all-objects",
      "--batch-check",
    );
    return listed.includes(hash);
  };
  assertEquals(await has("HEAD:meshes/a.yaml"), true);
  assertEquals(await has("HEAD:other/b.yaml"), false, "blob outside the path");
  assertEquals(await has(first), false, "the commit before");
});

Deno.test("fetchRevision() answers the same tree for a commit outside the path, none for a missing path", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote: Remote = { url: repository.url, fileAllowed: true };
  const look = async (path: string) =>
    await source.fetchRevision(remote, await source.resolveRef(remote, { branch: "main" }), {
      path,
    });
  await repository.commit({ "meshes/a.yaml": "a: 1\n" });
  const before = await look("meshes");
  await repository.commit({ "README.md": "hello" });
  const after = await look("meshes");
  assertEquals(after.tree, before.tree);
  assertEquals(after.commit === before.commit, false);
  assertEquals((await look("nowhere")).tree, undefined);
  const error = await assertRejects(
    () => look("README.md"),
    GitError,
    "it is a file, not a folder",
  );
  assertEquals(error.kind, "no_path");
});

Deno.test("resolveRef() follows tags (annotated ones peeled), version ranges and commits", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote: Remote = { url: repository.url, fileAllowed: true };
  const one = await repository.commit({ "a.yaml": "a: 1\n" });
  await repository.git("tag", "v1.9.0");
  const two = await repository.commit({ "a.yaml": "a: 2\n" });
  await repository.git("tag", "--annotate", "--message", "second", "v1.10.0");
  await repository.commit({ "a.yaml": "a: 3\n" });
  await repository.git("tag", "v2.0.0");

  const commitOf = async (ref: string) => (await source.resolveRef(remote, parseRef(ref))).commit;
  assertEquals(await commitOf("tag:v1.9.0"), one);
  assertEquals(await commitOf("tag:v1.10.0"), two);
  assertEquals(await source.resolveRef(remote, parseRef("semver:^1.0.0")), {
    commit: two,
    name: "v1.10.0",
    fullName: "refs/tags/v1.10.0",
    tagObject: await repository.git("rev-parse", "v1.10.0"),
    versions: {
      chosen: "v1.10.0",
      passedOver: [{ tag: "v2.0.0", reason: "OutOfRange" }],
      morePassedOver: 0,
    },
  });
  const byCommit = await source.resolveRef(remote, parseRef(`commit:${one}`));
  assertEquals(byCommit, { commit: one, name: "commit" });
  const { tree = "" } = await source.fetchRevision(remote, byCommit, { path: "." });
  const files = await source.readFiles(remote, {
    tree,
    entries: await source.listTree(remote, tree),
  });
  assertEquals(files.map((file) => file.text), ["a: 1\n"], "a commit that no ref points to");
});

Deno.test("resolveRef() tells branches and tags of one name, or of one ending, from each other", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote: Remote = { url: repository.url, fileAllowed: true };
  const commits: Record<string, string> = {};
  for (
    const ref of ["heads/v1.2.3", "tags/v1.2.3", "heads/x/v1.2.3", "tags/x/v1.2.3", "tags/main"]
  ) {
    commits[ref] = await repository.commit({ "a.yaml": `a: ${ref}\n` });
    await repository.git("update-ref", `refs/${ref}`, "HEAD");
  }
  await repository.git("update-ref", "refs/heads/heads/v1.2.3", "HEAD");
  await repository.git("update-ref", "refs/notes/v9.9.9", "HEAD");
  const main = await repository.commit({ "a.yaml": "a: last\n" });
  const commitOf = async (ref: string) => (await source.resolveRef(remote, parseRef(ref))).commit;
  assertEquals(await commitOf("branch:main"), main);
  assertEquals(await commitOf("tag:main"), commits["tags/main"]);
  assertEquals(await commitOf("branch:v1.2.3"), commits["heads/v1.2.3"]);
  assertEquals(await commitOf("branch:x/v1.2.3"), commits["heads/x/v1.2.3"]);
  assertEquals(await commitOf("tag:v1.2.3"), commits["tags/v1.2.3"]);
  assertEquals(await commitOf("tag:x/v1.2.3"), commits["tags/x/v1.2.3"]);
  assertEquals(await commitOf("semver:>=1"), commits["tags/v1.2.3"]);
  await assertRejects(() => commitOf("tag:heads/v1.2.3"), GitError, "does not exist");
  await assertRejects(() => commitOf("branch:HEAD"), GitError);
});

Deno.test("a repository that is empty, or has tags only, is told as that and followed once it has a branch", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote: Remote = { url: repository.url, fileAllowed: true };
  for (const ref of [{}, { branch: "main" }, { tag: "v1.0.0" }, { semver: "*" }]) {
    const error = await assertRejects(() => source.resolveRef(remote, ref), GitError);
    assertEquals(error.kind, "no_ref", JSON.stringify(ref));
  }
  const commit = await repository.commit({ "a.yaml": "a: 1\n" });
  await repository.git("tag", "v1.0.0");
  await repository.git("checkout", "--quiet", "--detach");
  await repository.git("branch", "--delete", "--force", "main");
  await assertRejects(
    () => source.resolveRef(remote, { branch: "main" }),
    GitError,
    "main does not",
  );
  assertEquals((await source.resolveRef(remote, { tag: "v1.0.0" })).commit, commit);
  assertEquals((await source.resolveRef(remote, { semver: "*" })).commit, commit);
  await repository.git("branch", "main");
  assertEquals((await source.resolveRef(remote, { branch: "main" })).commit, commit);
});

Deno.test("resolveRef() says what the remote has when a ref is not there", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote: Remote = { url: repository.url, fileAllowed: true };
  const empty = await assertRejects(() => source.resolveRef(remote, {}), GitError, "is it empty?");
  assertEquals(empty.kind, "no_ref");
  await repository.commit({ "a.yaml": "a: 1\n" });
  await repository.git("branch", "release");
  await assertRejects(
    () => source.resolveRef(remote, { branch: "mian" }),
    GitError,
    "branch mian does not exist; the remote has the branches main, release",
  );
  await assertRejects(
    () => source.resolveRef(remote, { semver: "^1" }),
    GitError,
    "no tag is a version",
  );
  const gone = await assertRejects(
    () => source.fetchRevision(remote, { commit: "a".repeat(40), name: "commit" }, { path: "" }),
    GitError,
    "not in the repository",
  );
  assertEquals(gone.kind, "no_ref");
});

Deno.test("fetchRevision() follows a force-push and makes a broken cache anew", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote: Remote = { url: repository.url, fileAllowed: true };
  const look = async () =>
    await source.fetchRevision(remote, await source.resolveRef(remote, { branch: "main" }), {
      path: "",
    });
  await repository.commit({ "a.yaml": "a: 1\n" });
  await look();
  await repository.git("commit", "--quiet", "--amend", "--message", "Rewritten");
  assertEquals((await look()).subject, "Rewritten");

  const cache = (await Array.fromAsync(Deno.readDir(folder.path))).find((e) =>
    e.name.endsWith(".git")
  );
  await Deno.writeTextFile(
    `${folder.path}/${cache?.name}/shallow.lock`,
    "left by a killed program",
  );
  await repository.commit({ "a.yaml": "a: 2\n" }, "After the lock");
  assertEquals((await look()).subject, "After the lock");
});

Deno.test("listTree() shows links and submodules for what they are", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote: Remote = { url: repository.url, fileAllowed: true };
  await repository.commit({ "a.yaml": "a: 1\n", "name with space\tand tab.yaml": "b: 1\n" });
  await Deno.symlink("/etc/passwd", `${repository.directory}/out.yaml`);
  await repository.git("update-index", "--add", "--cacheinfo", `160000,${"b".repeat(40)},sub`);
  const commit = await repository.git("rev-parse", "HEAD");
  await repository.git("add", "out.yaml");
  await repository.git("commit", "--quiet", "--message", `Links, after ${commit}`);
  const resolved = await source.resolveRef(remote, { branch: "main" });
  const { tree = "" } = await source.fetchRevision(remote, resolved, { path: "" });
  const entries = await source.listTree(remote, tree);
  assertEquals(entries.map(({ path, kind }) => ({ path, kind })), [
    { path: "a.yaml", kind: "file" },
    { path: "name with space\tand tab.yaml", kind: "file" },
    { path: "out.yaml", kind: "symlink" },
    { path: "sub", kind: "submodule" },
  ]);
  const files = await source.readFiles(remote, { tree, entries });
  assertEquals(files.find((file) => file.path === "out.yaml")?.text, "/etc/passwd");
  assertEquals(files.some((file) => file.path === "sub"), false);
});

Deno.test("readFiles() refuses more content than allowed", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path, contentBytesMax: 1000 });
  const remote: Remote = { url: repository.url, fileAllowed: true };
  await repository.commit({ "a.yaml": "x".repeat(2000) });
  const resolved = await source.resolveRef(remote, { branch: "main" });
  const { tree = "" } = await source.fetchRevision(remote, resolved, { path: "" });
  const entries = await source.listTree(remote, tree);
  const error = await assertRejects(() => source.readFiles(remote, { tree, entries }), GitError);
  assertEquals(error.kind, "too_large");
});
