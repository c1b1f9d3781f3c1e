import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { GitError, type GitSource, gitSource, type Remote } from "#git";
import { selectedFiles } from "#manifests";
import { temporaryFolder, type TestRepository, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";

async function served(objectFormat = "sha1") {
  const stack = new AsyncDisposableStack();
  const repository = stack.use(await testRepository());
  if (objectFormat !== "sha1") {
    await Deno.remove(`${repository.directory}/.git`, { recursive: true });
    await repository.git(
      "init",
      "--quiet",
      "--initial-branch=main",
      `--object-format=${objectFormat}`,
    );
    await repository.git("config", "uploadpack.allowFilter", "true");
  }
  const folder = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
  const server = stack.use(gitServer({ folder }));
  const cache = stack.use(await temporaryFolder());
  return {
    repository,
    remote: { url: `${server.url}/work/.git` } satisfies Remote,
    source: gitSource({ cacheDirectory: cache.path }),
    cacheDirectory: cache.path,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What a MeshSync reads of a folder: texts by path, problems, and the name of the content. */
async function read(source: GitSource, remote: Remote, path: string) {
  const resolved = await source.resolveRef(remote, { branch: "main" });
  const { tree = "" } = await source.fetchRevision(remote, resolved, { path });
  const { files, problems } = await selectedFiles({
    root: path,
    entries: await source.listTree(remote, tree),
    read: (entries) => source.readFiles(remote, { tree, entries }),
  }, {});
  return {
    tree,
    files: Object.fromEntries(files.map((file) => [file.path, file.text])),
    problems: problems.map(({ file, message }) => `${file} ${message}`),
  };
}

async function linkTo(repository: TestRepository, path: string, target: string): Promise<void> {
  const at = `${repository.directory}/${path}`;
  await Deno.mkdir(at.slice(0, at.lastIndexOf("/")), { recursive: true });
  await Deno.symlink(target, at);
}

Deno.test("a SHA-256 repository is followed as any: branches, tags, files, signers, history", async () => {
  await using place = await served("sha256");
  const { remote, repository, source } = place;
  const one = await repository.commit({ "meshes/cm.yaml": "a: 1\n" });
  assertEquals(one.length, 64);
  await repository.git("tag", "--annotate", "--message", "one", "v1.0.0");
  const two = await repository.commit({ "meshes/cm.yaml": "a: 2\n" });
  assertEquals((await read(source, remote, "meshes")).files, { "meshes/cm.yaml": "a: 2\n" });
  const tagged = await source.resolveRef(remote, { semver: "^1" });
  assertEquals([tagged.commit, tagged.name], [one, "v1.0.0"]);
  const { tree = "" } = await source.fetchRevision(remote, tagged, { path: "meshes" });
  assertEquals((await source.listTree(remote, tree)).length, 1);
  assertEquals(await source.descends(remote, { commit: two, ancestor: one }), true);
  assertEquals(await source.keep(remote, { sync: "a", commits: [one] }), [one]);
  // Another program finds the clone and goes on with it.
  const next = gitSource({ cacheDirectory: place.cacheDirectory });
  assertEquals((await read(next, remote, "meshes")).files, { "meshes/cm.yaml": "a: 2\n" });
});

Deno.test("a remote that was made anew with other hashes is followed", async () => {
  await using place = await served();
  const { remote, repository, source } = place;
  const old = await repository.commit({ "meshes/cm.yaml": "a: 1\n" });
  await read(source, remote, "meshes");
  await Deno.remove(`${repository.directory}/.git`, { recursive: true });
  await repository.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256");
  await repository.git("config", "uploadpack.allowFilter", "true");
  const commit = await repository.commit({ "meshes/cm.yaml": "a: 2\n" });
  assertEquals((await read(source, remote, "meshes")).files, { "meshes/cm.yaml": "a: 2\n" });
  assertEquals(await source.descends(remote, { commit, ancestor: old }), false);
});

Deno.test("folders and files that links bring from elsewhere in the repository are read, and their changes seen", async () => {
  await using place = await served();
  const { remote, repository, source } = place;
  await linkTo(repository, "meshes/base", "../base");
  await linkTo(repository, "meshes/one.yaml", "../other/single.yaml");
  await linkTo(repository, "base/deep", "../deeper/way");
  await linkTo(repository, "deeper/way", "./real");
  await linkTo(repository, "meshes/again", "own");
  await repository.commit({
    "meshes/own/own.yaml": "own\n",
    "base/cm.yaml": "base 1\n",
    "base/README.md": "no manifest\n",
    "other/single.yaml": "single\n",
    "deeper/real/far.yaml": "far\n",
    "unrelated.yaml": "unrelated\n",
  });
  const first = await read(source, remote, "meshes");
  assertEquals(first.problems, []);
  assertEquals(first.files, {
    "meshes/base/cm.yaml": "base 1\n",
    "meshes/base/deep/far.yaml": "far\n",
    "meshes/one.yaml": "single\n",
    "meshes/own/own.yaml": "own\n",
  });
  await repository.commit({ "unrelated.yaml": "changed\n" });
  assertEquals((await read(source, remote, "meshes")).tree, first.tree);
  await repository.commit({ "deeper/real/far.yaml": "far 2\n" });
  const second = await read(source, remote, "meshes");
  assertEquals(second.tree === first.tree, false, "a change behind two links is a change");
  assertEquals(second.files["meshes/base/deep/far.yaml"], "far 2\n");
});

Deno.test("links out of the repository, back to themselves and to nowhere hold a revision back, each with its cause", async () => {
  await using place = await served();
  const { remote, repository, source } = place;
  const links: Record<string, string> = {
    "meshes/etc": "/etc",
    "meshes/up": "../../elsewhere",
    "meshes/all": "..",
    "meshes/self": "self",
    "meshes/sub/back": "../sub",
    "meshes/round": "../round",
    "round/home": "../meshes",
    "meshes/gone.yaml": "../gone.yaml",
    "meshes/text.yaml": "notes.txt",
    "meshes/gone": "../gone",
    "meshes/.hidden": "/etc",
  };
  for (const [path, target] of Object.entries(links)) await linkTo(repository, path, target);
  await repository.commit({
    "meshes/a.yaml": "a\n",
    "meshes/notes.txt": "",
    "round/b.yaml": "b\n",
  });
  const { problems } = await read(source, remote, "meshes");
  const back = "leads back to a folder that it is in; remove it, or leave it out by spec.exclude";
  const out =
    "leads out of the repository; commit what it leads to, or leave it out by spec.exclude";
  assertEquals(problems, [
    `meshes/all is a symbolic link to "..", which ${back}`,
    `meshes/etc is a symbolic link to "/etc", which ${out}`,
    'meshes/gone.yaml is a symbolic link to "../gone.yaml", which leads nowhere; commit the file itself',
    `meshes/round/home is a symbolic link to "../meshes", which ${back}`,
    `meshes/self is a symbolic link to "self", which ${back}`,
    `meshes/sub/back is a symbolic link to "../sub", which ${back}`,
    'meshes/text.yaml is a symbolic link to "notes.txt", which is no manifest below this path; commit the file itself',
    `meshes/up is a symbolic link to "../../elsewhere", which ${out}`,
  ]);
});

Deno.test("a path through links inside of the repository is read like any folder", async () => {
  await using place = await served();
  const { remote, repository, source } = place;
  await linkTo(repository, "meshes", "env/prod");
  await linkTo(repository, "env", "environments");
  await linkTo(repository, "environments/prod/base", "../../base");
  await linkTo(repository, "again", "./meshes/../../environments/prod");
  await repository.commit({
    "environments/prod/a.yaml": "a 1\n",
    "base/cm.yaml": "base 1\n",
    "unrelated.yaml": "unrelated\n",
  });
  const first = await read(source, remote, "meshes");
  assertEquals([first.problems, first.files], [[], {
    "meshes/a.yaml": "a 1\n",
    "meshes/base/cm.yaml": "base 1\n",
  }]);
  for (const path of ["env/prod", "environments/prod", "again"]) {
    assertEquals(Object.values((await read(source, remote, path)).files), ["a 1\n", "base 1\n"]);
  }
  await repository.commit({ "unrelated.yaml": "changed\n" });
  assertEquals((await read(source, remote, "meshes")).tree, first.tree);
  await repository.commit({ "base/cm.yaml": "base 2\n" });
  const second = await read(source, remote, "meshes");
  assertEquals(second.files["meshes/base/cm.yaml"], "base 2\n");
  assertEquals(second.tree === first.tree, false);
});

Deno.test("a path that is a link out of the repository, in a circle, to nowhere or to a file is refused with its target", async () => {
  await using place = await served();
  const { remote, repository, source } = place;
  const links: Record<string, readonly [target: string, words: RegExp]> = {
    out: ["/etc", /it is a symbolic link to "\/etc", which leads out of the repository/],
    up: ["../elsewhere", /it is a symbolic link to "\.\.\/elsewhere", which leads out/],
    self: ["self", /it is a symbolic link to "self", which leads back/],
    root: [".", /it is a symbolic link to "\.", which leads back to a folder that it is in/],
    "deep/back": ["..", /it is a symbolic link to "\.\.", which leads back/],
    gone: ["nowhere", /it is a symbolic link to "nowhere", which leads nowhere/],
    file: ["a.yaml", /it is a file, not a folder/],
  };
  for (const [path, [target]] of Object.entries(links)) await linkTo(repository, path, target);
  await repository.commit({ "a.yaml": "a\n", "deep/b.yaml": "b\n" });
  for (const [path, [, words]] of Object.entries(links)) {
    const error = await assertRejects(() => read(source, remote, path), GitError);
    assertMatch(error.message, words);
    assertEquals(error.kind, "no_path");
  }
  const below = await assertRejects(() => read(source, remote, "out/below"), GitError);
  assertMatch(
    below.message,
    /path out\/below of .*: out is a symbolic link to "\/etc", which leads/,
  );
});

Deno.test("links that multiply a folder without end are refused", async () => {
  await using place = await served();
  const { remote, repository, source } = place;
  const files: Record<string, string> = { "meshes/a.yaml": "a\n" };
  await linkTo(repository, "meshes/l", "../f0");
  for (let level = 0; level < 20; level++) {
    files[`f${level}/a.yaml`] = "a\n";
    for (const name of ["x", "y"]) {
      await linkTo(repository, `f${level}/${name}`, `../f${level + 1}`);
    }
  }
  files["f20/a.yaml"] = "a\n";
  await repository.commit(files);
  const error = await assertRejects(() => read(source, remote, "meshes"), GitError);
  assertEquals(error.kind, "too_large");
});

Deno.test("a tag of a file or a folder is said to be one, a tag of a tag is followed", async () => {
  await using place = await served();
  const { remote, repository, source } = place;
  const commit = await repository.commit({ "meshes/a.yaml": "a\n" });
  const blob = await repository.git("rev-parse", "HEAD:meshes/a.yaml");
  const tree = await repository.git("rev-parse", "HEAD:meshes");
  await repository.git("tag", "file", blob);
  await repository.git("tag", "folder", tree);
  await repository.git("tag", "--annotate", "--message", "file", "noted", blob);
  await repository.git("tag", "--annotate", "--message", "one", "inner");
  await repository.git("tag", "--annotate", "--message", "two", "outer", "inner");
  const fetched = async (tag: string) =>
    await source.fetchRevision(remote, await source.resolveRef(remote, { tag }), { path: "" });
  for (const [tag, what] of [["file", "a file"], ["folder", "a folder"], ["noted", "a file"]]) {
    const error = await assertRejects(() => fetched(tag ?? ""), GitError);
    assertEquals(error.kind, "no_ref", tag);
    assertMatch(error.message, new RegExp(`Cannot follow ${tag} of .* it names ${what}`));
  }
  assertEquals((await fetched("outer")).commit, commit);
});

Deno.test("a range of versions tells which tag it chose, and which it passed over and why", async () => {
  await using place = await served();
  const { remote, repository, source } = place;
  await repository.commit({ "meshes/a.yaml": "a\n" });
  for (const tag of ["v1.10.0", "v1.9.0", "v2.0.0-rc.1", "nightly"]) {
    await repository.git("tag", tag);
  }
  await repository.git("tag", "--annotate", "--message", "one", "release/v1.0.0");
  const chosen = async (semver: string) => {
    const { versions } = await source.resolveRef(remote, { semver });
    return [
      versions?.chosen,
      ...versions?.passedOver.map(({ reason, tag }) => `${tag} ${reason}`) ?? [],
    ];
  };
  const others = ["nightly NoVersion", "release/v1.0.0 OtherName"];
  assertEquals(await chosen(">=0.0.0-0"), ["v2.0.0-rc.1", ...others]);
  assertEquals(await chosen(">=1.0.0, <2.0.0"), ["v1.10.0", "v2.0.0-rc.1 OutOfRange", ...others]);
  assertEquals(await chosen(">=1.0.0"), ["v1.10.0", "v2.0.0-rc.1 Prerelease", ...others]);
  assertEquals((await chosen("^1, !=1.10.0"))[0], "v1.9.0");
  assertEquals((await chosen("release/^1"))[0], "release/v1.0.0");
  const error = await assertRejects(() => source.resolveRef(remote, { semver: "^3" }), GitError);
  assertMatch(error.message, /no tag is a version in "\^3" \(a name before the version, as of rel/);
});
