import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { GIT_BUDGETS } from "#base";
import { GitError, type GitSource, gitSource, type Remote } from "#git";
import { fetchCall } from "../../src/gitops/source/revision.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { temporaryFolder, type TestRepository, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";

const FOLDER = { path: "meshes" };

function local(repository: TestRepository): Remote {
  return { url: repository.url, fileAllowed: true };
}

async function fetched(source: GitSource, remote: Remote, ref = {}) {
  return await source.fetchRevision(remote, await source.resolveRef(remote, ref), FOLDER);
}

async function texts(source: GitSource, remote: Remote, tree = ""): Promise<string[]> {
  const entries = await source.listTree(remote, tree);
  return (await source.readFiles(remote, { tree, entries })).map((file) => file.text);
}

async function clones(folder: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.filter((name) => name.endsWith(".git"));
}

async function packs(folder: string): Promise<number> {
  const [name = ""] = await clones(folder);
  const files = await Array.fromAsync(Deno.readDir(`${folder}/${name}/objects/pack`));
  return files.filter((file) => file.name.endsWith(".pack")).length;
}

Deno.test("a revision can be read however many others are fetched after it, and packs do not pile up", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote = local(repository);
  await repository.commit({ "meshes/a.yaml": "a: 0\n", "meshes/b.yaml": "b: 0\n" });
  const first = await fetched(source, remote);
  // Two fetches each, one for the commit and one for its files.
  for (let count = 1; count <= 52; count++) {
    await repository.commit({ "meshes/a.yaml": `a: ${count}\n` });
    const { tree } = await fetched(source, remote);
    assertEquals(await texts(source, remote, tree), [`a: ${count}\n`, "b: 0\n"]);
  }
  assertEquals(await texts(source, remote, first.tree), ["a: 0\n", "b: 0\n"]);
  assert(await packs(folder.path) < 20, "a clone is made anew after a hundred fetches");
  assertEquals((await clones(folder.path)).length, 1);
});

Deno.test("what was fetched is read while the same remote hangs in another fetch", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let isHeld = false;
  await using server = gitServer({
    folder: repository.directory.slice(0, repository.directory.lastIndexOf("/")),
    hold: async () => {
      if (!isHeld) return;
      asked.resolve();
      await held.promise;
    },
  });
  const remote: Remote = { url: `${server.url}/work/.git` };
  const source = gitSource({ cacheDirectory: folder.path });
  const commit = await repository.commit({ "meshes/a.yaml": "a: 1\n" });
  const { tree = "" } = await fetched(source, remote);
  await repository.commit({ "meshes/a.yaml": "a: 2\n" });
  isHeld = true;
  const newer = fetched(source, remote);
  await asked.promise;
  assertEquals(await texts(source, remote, tree), ["a: 1\n"]);
  const again = await source.fetchRevision(remote, { commit, name: "main" }, FOLDER);
  assertEquals(again.tree, tree, "a revision that is here needs no fetch");
  held.resolve();
  assertEquals(await texts(source, remote, (await newer).tree), ["a: 2\n"]);
});

Deno.test("a fetch takes as long as spec.timeout says, and no longer (F7)", async () => {
  for (const [timeout, kind] of [["30m", undefined], ["28m", "timeout"]] as const) {
    await using repository = await testRepository();
    await using folder = await temporaryFolder();
    const held = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    await using server = gitServer({
      folder: repository.directory.slice(0, repository.directory.lastIndexOf("/")),
      hold: async () => {
        asked.resolve();
        await held.promise;
      },
    });
    const clock = new FakeClock();
    const source = gitSource({ cacheDirectory: folder.path, clock });
    const url = `${server.url}/work/.git`;
    const commit = await repository.commit({ "meshes/a.yaml": "a: 1\n" });
    const sync = {
      apiVersion: "gitops.functionmesh.io/v1alpha1",
      kind: "MeshSync",
      metadata: { name: "shop", namespace: "shop" },
      spec: { url, timeout },
    } as const;
    const call = fetchCall(sync, new AbortController().signal);
    const fetching = source.fetchRevision({ url }, { commit, name: "main" }, call).then(
      () => undefined,
      (error: GitError) => error.kind,
    );
    await asked.promise;
    await clock.advance(29 * 60_000);
    held.resolve();
    assertEquals(await fetching, kind, timeout);
  }
});

Deno.test("a commit that was kept for a sync survives a force-push, a new clone and a restart", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const remote = local(repository);
  const healthy = await repository.commit({ "meshes/a.yaml": "healthy\n" });
  let source = gitSource({ cacheDirectory: folder.path });
  await fetched(source, remote);
  const other = "b".repeat(40);
  const kept = await source.keep(remote, { sync: "shop/shop", commits: [healthy, other] });
  assertEquals(kept, [healthy], "what was never fetched cannot be kept");
  await repository.git("commit", "--quiet", "--amend", "--message", "Rewritten");
  await repository.git("reflog", "expire", "--expire=now", "--all");
  await repository.git("gc", "--quiet", "--prune=now");
  // Another process: nothing but the ref says that the commit is wanted.
  source = gitSource({ cacheDirectory: folder.path });
  for (let count = 1; count <= 52; count++) {
    await repository.commit({ "meshes/a.yaml": `a: ${count}\n` });
    await fetched(source, remote);
  }
  const back = { commit: healthy, name: "commit" };
  const { tree } = await source.fetchRevision(remote, back, FOLDER);
  assertEquals(await texts(source, remote, tree), ["healthy\n"]);
  assertEquals(await source.keep(remote, { sync: "shop/shop", commits: [] }), []);
  await source.forget(remote);
  await assertRejects(() => source.fetchRevision(remote, back, FOLDER), Error, "not in the repo");
});

Deno.test("clones of remotes that nobody uses any longer go, the least recently used ones first (B26, C2)", async () => {
  await using folder = await temporaryFolder();
  await using stack = new AsyncDisposableStack();
  const source = gitSource({ cacheDirectory: folder.path, clonesMax: 2 });
  const remotes: Remote[] = [];
  for (const name of ["a", "b", "c"]) {
    const repository = stack.use(await testRepository());
    await repository.commit({ "meshes/a.yaml": `${name}: 1\n` });
    remotes.push(local(repository));
  }
  const [one, two, three] = remotes as [Remote, Remote, Remote];
  const first = await fetched(source, one);
  await fetched(source, two);
  await source.listTree(one, first.tree ?? "");
  await fetched(source, three);
  assertEquals((await clones(folder.path)).length, 2);
  assertEquals(await texts(source, one, first.tree), ["a: 1\n"]);
  await source.forget(one);
  assertEquals((await clones(folder.path)).length, 1);

  // Those that an earlier program left count, too.
  const next = gitSource({ cacheDirectory: folder.path, cacheBytesMax: 1 });
  await fetched(next, two);
  assertEquals((await clones(folder.path)).length, 1);
  assertEquals(await texts(next, two, (await fetched(next, two)).tree), ["b: 1\n"]);
});

Deno.test("a folder that cannot be cleaned up for a moment is tried again (B17)", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  // What leads to itself can be neither looked at nor, so, taken for old.
  const strange = `${folder.path}/home/access-loop`;
  await Deno.mkdir(`${folder.path}/home`);
  await Deno.symlink(strange, strange);
  const source = gitSource({ cacheDirectory: folder.path });
  const remote = local(repository);
  await repository.commit({ "meshes/a.yaml": "a: 1\n" });
  await assertRejects(() => source.resolveRef(remote, {}));
  await Deno.remove(strange);
  assertEquals((await source.resolveRef(remote, {})).name, "main");
});

Deno.test("a clone that cannot be read is made anew by the next fetch", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote = local(repository);
  await repository.commit({ "meshes/a.yaml": "a: 1\n" });
  const { tree = "" } = await fetched(source, remote);
  const entries = await source.listTree(remote, tree);
  const [name = ""] = await clones(folder.path);
  await Deno.remove(`${folder.path}/${name}/objects/pack`, { recursive: true });
  await assertRejects(() => source.readFiles(remote, { tree, entries }));
  await fetched(source, remote);
  assertEquals(await texts(source, remote, tree), ["a: 1\n"]);
});

/** A `git` that does not end once it has fetched contents: with all that it brought, until it is killed. */
async function lingeringGit(folder: string): Promise<Record<string, string>> {
  const path = Deno.env.get("PATH") ?? "";
  const script = `#!/bin/sh
PATH='${path}' git "$@"
code=$?
case " $* " in *" --stdin "*) PATH='${path}' exec sleep 600;; esac
exit $code
`;
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/bin/git`, script, { mode: 0o755 });
  return { PATH: `${folder}/bin:${path}` };
}

Deno.test("C2: a fetch that brings too much is ended, and says so", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({
    cacheDirectory: `${folder.path}/cache`,
    environment: await lingeringGit(folder.path),
    fetchBytesMax: 100_000,
  });
  const noise = () => crypto.getRandomValues(new Uint8Array(60_000)).toBase64();
  const names = ["a", "b", "c", "d"].map((name) => `meshes/${name}.yaml`);
  await repository.commit(Object.fromEntries(names.map((name) => [name, noise()])));
  const error = await assertRejects(() => fetched(source, local(repository)), GitError);
  assertEquals(error.kind, "too_large");
  assertMatch(error.message, /it is more than 0 MiB/);
});

/** A `git` whose fetches of contents write what never becomes a pack, and go on. */
async function unfinishedGit(folder: string): Promise<Record<string, string>> {
  const path = Deno.env.get("PATH") ?? "";
  const script = `#!/bin/sh
PATH='${path}'
case " $* " in *" --stdin "*)
  for word in "$@"; do case $word in --git-dir=*) dir=\${word#--git-dir=};; esac; done
  head -c 200000 /dev/zero > "$dir/objects/pack/tmp_pack_$$"
  exec sleep 600;;
esac
exec git "$@"
`;
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/bin/git`, script, { mode: 0o755 });
  return { PATH: `${folder}/bin:${path}` };
}

Deno.test("what came of a fetch that was ended takes no room, nor what a process before left", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  await repository.commit({ "meshes/a.yaml": "a: 1\n" });
  const cacheDirectory = `${folder.path}/cache`;
  const environment = await unfinishedGit(folder.path);
  const small = gitSource({ cacheDirectory, environment, fetchBytesMax: 100_000 });
  const error = await assertRejects(() => fetched(small, local(repository)), GitError);
  assertEquals(error.kind, "too_large");
  const [name = ""] = await clones(cacheDirectory);
  const packs = `${cacheDirectory}/${name}/objects/pack`;
  const unfinished = async () =>
    (await Array.fromAsync(Deno.readDir(packs))).filter(({ name }) => name.startsWith("tmp_"));
  assertEquals(await unfinished(), []);
  await Deno.writeTextFile(`${packs}/tmp_pack_of_another`, "x".repeat(100_000));
  await fetched(gitSource({ cacheDirectory }), local(repository));
  assertEquals(await unfinished(), []);
});

Deno.test("C2: every git command that takes a pack apart has bounds for its memory", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  await repository.commit({ "meshes/a.yaml": "a: 1\n" });
  const path = Deno.env.get("PATH") ?? "";
  const script = `#!/bin/sh
(echo "-- $*"; env | grep ^GIT_CONFIG_) >> ${folder.path}/seen
PATH='${path}' exec git "$@"
`;
  await Deno.mkdir(`${folder.path}/bin`);
  await Deno.writeTextFile(`${folder.path}/bin/git`, script, { mode: 0o755 });
  const environment = { PATH: `${folder.path}/bin:${path}` };
  const source = gitSource({ cacheDirectory: `${folder.path}/cache`, environment });
  await fetched(source, local(repository));
  const commands = (await Deno.readTextFile(`${folder.path}/seen`)).split("-- ").slice(1);
  const fetches = commands.filter((command) => /^[^\n]*\bfetch\b/.test(command));
  assertEquals(fetches.length, 2);
  for (const command of fetches) {
    const settings = [...command.matchAll(/^GIT_CONFIG_KEY_(\d+)=(.*)$/gm)].map(([, at, key]) =>
      `${key}=${new RegExp(`^GIT_CONFIG_VALUE_${at}=(.*)$`, "m").exec(command)?.[1]}`
    );
    const wanted = [
      `core.bigFileThreshold=${GIT_BUDGETS.bigFileBytes}`,
      `pack.windowMemory=${GIT_BUDGETS.packWindowBytes}`,
      "pack.threads=1",
    ];
    assertEquals(wanted.filter((one) => !settings.includes(one)), []);
  }
});

Deno.test("L5: paths that git could take for options or magic are names of folders", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const source = gitSource({ cacheDirectory: folder.path });
  const remote = local(repository);
  await repository.commit({
    "-x/a.yaml": "option\n",
    "a.yaml": "root\n",
    ":(top)x/a.yaml": "magic\n",
  });
  const resolved = await source.resolveRef(remote, {});
  for (const [path, text] of [["-x", "option\n"], [":(top)x", "magic\n"]] as const) {
    const { tree } = await source.fetchRevision(remote, resolved, { path });
    assertEquals(await texts(source, remote, tree), [text], path);
  }
  for (const path of [":(glob)**", "--name-only", ":/"]) {
    assertEquals((await source.fetchRevision(remote, resolved, { path })).tree, undefined, path);
  }
});
