import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { errorText } from "#base";
import { GitError, gitSource, type SignerKey, signerKeyKind } from "#git";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gpgKey } from "../support/gpg_key.ts";
import { keyPair } from "../support/ssh_server.ts";

async function story() {
  const stack = new AsyncDisposableStack();
  const repository = stack.use(await testRepository());
  const folder = stack.use(await temporaryFolder());
  const source = gitSource({ cacheDirectory: `${folder.path}/cache` });
  const remote = { url: repository.url, fileAllowed: true };
  const verify = async (keys: readonly SignerKey[]) => {
    const resolved = await source.resolveRef(remote, { branch: "main" });
    const { commit } = await source.fetchRevision(remote, resolved, { path: "" });
    return await source.verifySigner(remote, { object: { type: "commit", hash: commit }, keys });
  };
  return {
    repository,
    folder: folder.path,
    verify,
    refusal: async (keys: readonly SignerKey[]) => {
      const error = await assertRejects(() => verify(keys), GitError);
      assertEquals(error.kind, "unverified");
      return errorText(error);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("a commit signed with an ssh key of the Secret is taken, and its signer named", async () => {
  await using at = await story();
  const ada = await keyPair(`${at.folder}/ada`);
  const bob = await keyPair(`${at.folder}/bob`);
  await at.repository.git("config", "gpg.format", "ssh");
  await at.repository.git("config", "user.signingKey", `${at.folder}/ada`);
  await at.repository.git("config", "commit.gpgSign", "true");
  await at.repository.commit({ "a.yaml": "a: 1\n" });
  const keys = [{ name: "bob.pub", text: bob.publicKey }, { name: "ada.pub", text: ada.publicKey }];
  const signer = await at.verify(keys);
  assertEquals(signer.name, "ada.pub");
  assertMatch(signer.key, /^SHA256:/);
  assertMatch(
    await at.refusal([{ name: "bob.pub", text: bob.publicKey }]),
    /^Cannot trust commit [0-9a-f]{40} of file:.*: it is signed with ssh key SHA256:\S+, which is not among the keys of the Secret/,
  );
  assertMatch(await at.refusal([]), /not among the keys of the Secret/);
});

Deno.test("a commit signed with a GPG key of the Secret is taken, and its signer named", async () => {
  await using at = await story();
  await using ada = await gpgKey("Ada Author <ada@example.org>");
  await using bob = await gpgKey("Bob Builder <bob@example.org>");
  await ada.signCommits(at.repository);
  await at.repository.commit({ "a.yaml": "a: 1\n" });
  const keys = [{ name: "bob.asc", text: bob.publicKey }, { name: "ada.asc", text: ada.publicKey }];
  const signer = await at.verify(keys);
  assertEquals(signer.name, "Ada Author <ada@example.org>");
  assertEquals(ada.fingerprint.endsWith(signer.key), true);
  assertMatch(
    await at.refusal([{ name: "bob.asc", text: bob.publicKey }]),
    new RegExp(`it is signed with GPG key \\w+, which is not among the keys of the Secret`),
  );
  const broken = ada.publicKey.replace(/\n\n[\s\S]{40}/, "\n\n");
  assertMatch(await at.refusal([{ name: "a", text: broken }]), /gpg cannot read the public keys/);
});

Deno.test("an unsigned commit is refused, and so is one whose content was changed after signing", async () => {
  await using at = await story();
  await using ada = await gpgKey("Ada Author <ada@example.org>");
  await at.repository.commit({ "a.yaml": "a: 1\n" });
  const keys = [{ name: "ada.asc", text: ada.publicKey }];
  assertMatch(await at.refusal(keys), /: it is not signed$/);

  await ada.signCommits(at.repository);
  await at.repository.commit({ "a.yaml": "a: 2\n" });
  const raw = await at.repository.git("cat-file", "commit", "HEAD");
  const forged = raw.replace("Change files", "Other files");
  await Deno.writeTextFile(`${at.folder}/forged`, forged);
  const hash = await at.repository.git("hash-object", "-t", "commit", "-w", `${at.folder}/forged`);
  await at.repository.git("update-ref", "refs/heads/main", hash);
  assertMatch(await at.refusal(keys), /its signature does not fit its content/);
});

Deno.test("signerKeyKind() tells public keys from private ones and from other texts", () => {
  assertEquals(signerKeyKind("ssh-ed25519 AAAAC3Nz ada@example.org"), "ssh");
  assertEquals(signerKeyKind("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmD=\n"), "pgp");
  assertEquals(signerKeyKind("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n"), undefined);
  assertEquals(signerKeyKind("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nmD=\n"), undefined);
  assertEquals(signerKeyKind("hello"), undefined);
});
