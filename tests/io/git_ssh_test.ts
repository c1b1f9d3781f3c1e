import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { errorText } from "#base";
import { GitError, gitSource, type Remote } from "#git";
import { countedGit, temporaryFolder, testRepository } from "../support/git_repository.ts";
import { keyPair, sshServer } from "../support/ssh_server.ts";

Deno.test("a repository over ssh is fetched with a key and a known host, and the key is gone after", async () => {
  await using server = await sshServer({ passesProtocol: true });
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const commit = await repository.commit({ "meshes/a.yaml": "a: 1\n" });
  const git = await countedGit(folder.path);
  const cacheDirectory = `${folder.path}/cache`;
  const source = gitSource({ cacheDirectory, environment: git.environment });
  const { identity, knownHosts } = server;
  const remote: Remote = {
    url: `${server.url}${repository.directory}`,
    // As people paste it: with the line ends of Windows and none at the end.
    credentials: {
      kind: "ssh",
      privateKey: identity.trimEnd().replaceAll("\n", "\r\n"),
      knownHosts,
    },
    account: "shop/git",
  };
  const resolved = await source.resolveRef(remote, { branch: "main" });
  assertEquals(resolved.commit, commit);
  const { tree = "" } = await source.fetchRevision(remote, resolved, { path: "meshes" });
  const entries = await source.listTree(remote, tree);
  const files = await source.readFiles(remote, { tree, entries });
  assertEquals(files.map((file) => file.text), ["a: 1\n"]);
  const secret = identity.split("\n").slice(1, 4).join("");
  assert(!(await git.take()).some((call) => call.includes(secret.slice(0, 40))));
  const left = await Array.fromAsync(Deno.readDir(`${cacheDirectory}/home`));
  assertEquals(left.filter((entry) => entry.isDirectory), []);
});

Deno.test("an sshd out of the box, which knows no filters, gives the files all the same", async () => {
  await using server = await sshServer();
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  await repository.git("config", "uploadpack.allowFilter", "false");
  const { identity, knownHosts } = server;
  const remote: Remote = {
    url: `${server.url}${repository.directory}`,
    credentials: { kind: "ssh", privateKey: identity, knownHosts },
  };
  const source = gitSource({ cacheDirectory: folder.path });
  for (const text of ["a: 1\n", "a: 2\n"]) {
    await repository.commit({ "meshes/a.yaml": text });
    const resolved = await source.resolveRef(remote, {});
    const { tree = "" } = await source.fetchRevision(remote, resolved, { path: "meshes" });
    const entries = await source.listTree(remote, tree);
    const files = await source.readFiles(remote, { tree, entries });
    assertEquals(files.map((file) => file.text), [text]);
  }
});

Deno.test("an ssh server with another host key than the known one is refused", async () => {
  await using server = await sshServer();
  await using folder = await temporaryFolder();
  const other = await keyPair(`${folder.path}/other`);
  const source = gitSource({ cacheDirectory: `${folder.path}/cache` });
  const [host = ""] = server.knownHosts.split(" ");
  const known = (knownHosts: string): Remote => ({
    url: `${server.url}/nowhere`,
    credentials: { kind: "ssh", privateKey: server.identity, knownHosts },
  });
  const kindOf = async (remote: Remote) =>
    (await assertRejects(() => source.resolveRef(remote, {}), GitError)).kind;
  assertEquals(await kindOf(known(`${host} ${other.publicKey}`)), "host_unknown");
  assertEquals(await kindOf(known(`elsewhere.example ${other.publicKey}`)), "host_unknown");
  assertEquals(await kindOf(known(server.knownHosts)), "not_found", "let in, nothing there");
});

Deno.test("an ssh key that the server does not know, or that needs a passphrase, is refused with what to do", async () => {
  await using server = await sshServer();
  await using folder = await temporaryFolder();
  const stranger = await keyPair(`${folder.path}/stranger`);
  const source = gitSource({ cacheDirectory: `${folder.path}/cache` });
  const refused = async (privateKey: string) => {
    const { knownHosts, url } = server;
    const credentials = { kind: "ssh", privateKey, knownHosts } as const;
    const remote: Remote = { url: `${url}/nowhere`, credentials };
    return await assertRejects(() => source.resolveRef(remote, {}), GitError);
  };
  assertEquals((await refused(stranger.privateKey)).kind, "no_access");
  const error = await refused(server.protectedIdentity);
  assertEquals(error.kind, "no_access");
  assertStringIncludes(errorText(error), "protected by a passphrase");
  assertStringIncludes(errorText(await refused(stranger.publicKey)), "public key");
  assertStringIncludes(errorText(await refused("hello")), "no private key");
});

Deno.test("key files that a killed program left are removed by the next one", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  await repository.commit({ "a.yaml": "a: 1\n" });
  const left = `${folder.path}/home/access-left`;
  await Deno.mkdir(left, { recursive: true });
  await Deno.writeTextFile(`${left}/identity`, "secret");
  await Deno.utime(left, 1, 1);
  const recent = `${folder.path}/home/access-recent`;
  await Deno.mkdir(recent);
  const source = gitSource({ cacheDirectory: folder.path });
  await source.resolveRef({ url: repository.url, fileAllowed: true }, {});
  await assertRejects(() => Deno.stat(left), Deno.errors.NotFound);
  await Deno.stat(recent);
});
