import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GitError, gitSource, type Remote } from "#git";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";
import { needProgram, ran } from "../support/programs.ts";

/** A certificate authority and a server's certificate by it. */
async function authority(folder: string, name: string) {
  await needProgram("/usr/bin/openssl", "openssl");
  const at = (file: string) => `${folder}/${name}-${file}`;
  const request = (
    subject: string,
    key: string,
  ) => ["req", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${subject}`, "-keyout", at(key)];
  await ran("openssl", [...request(name, "ca.key"), "-x509", "-days", "2", "-out", at("ca.crt")]);
  await ran("openssl", [...request("127.0.0.1", "tls.key"), "-out", at("tls.csr")]);
  await Deno.writeTextFile(at("ext"), "subjectAltName=IP:127.0.0.1\n");
  const sign = ["x509", "-req", "-days", "2", "-CAcreateserial", "-extfile", at("ext")];
  const by = ["-CA", at("ca.crt"), "-CAkey", at("ca.key")];
  await ran("openssl", [...sign, ...by, "-in", at("tls.csr"), "-out", at("tls.crt")]);
  const read = (file: string) => Deno.readTextFile(at(file));
  return { caPem: await read("ca.crt"), cert: await read("tls.crt"), key: await read("tls.key") };
}

Deno.test("a server whose certificate comes from the authority in the Secret is trusted, others are not", async () => {
  await using repository = await testRepository();
  await using folder = await temporaryFolder();
  const commit = await repository.commit({ "a.yaml": "a: 1\n" });
  const ours = await authority(folder.path, "ours");
  const other = await authority(folder.path, "other");
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
