import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GitError, gitSource, type Remote } from "#git";
import { testAuthority } from "../support/certificates.ts";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";

Deno.test("a server whose certificate comes from the authority in the Secret is trusted, others are not", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const commit = await repository.commit({ "a.yaml": "a: 1\n" });
  const ours = await testAuthority(folder.path, "ours");
  const other = await testAuthority(folder.path, "other");
  const root = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
  await using server = gitServer({ folder: root, tls: ours });
  const source = gitSource({ cacheDirectory: `${folder.path}/cache` });
  const look = (trust: Partial<Remote>) =>
    source.resolveRef({ url: `${server.url}/work/.git`, ...trust }, { branch: "main" });
  assertEquals((await look({ caPem: ours.caPem })).commit, commit);
  for (const trust of [{}, { caPem: other.caPem }]) {
    const error = await assertRejects(() => look(trust), GitError);
    assertEquals(error.kind, "unreachable");
    assertStringIncludes(error.message, "put its authority as ca.crt in the Secret");
  }
});
