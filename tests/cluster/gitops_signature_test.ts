import { assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { gpgKey } from "../support/gpg_key.ts";
import { keyPair } from "../support/ssh_server.ts";
import { configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

async function trust(story: SyncStory, stringData: Record<string, string>): Promise<void> {
  const metadata = { name: "signers", namespace: story.namespace };
  await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData });
}

async function valueOf(story: SyncStory): Promise<string> {
  const live = await cluster.get<{ data: { value: string } }>(
    ["configmap", "a", "-n", story.namespace],
  );
  return live.data.value;
}

const VERIFY = { verify: { mode: "commit", secretRef: { name: "signers" } } };

Deno.test("with verify only commits by a GPG key of the Secret are applied, and what runs stays", async () => {
  await using story = await syncStory(cluster);
  await using ada = await gpgKey("Ada Author <ada@example.org>");
  await using mallory = await gpgKey("Mallory <mallory@example.org>");
  await ada.signCommits(story.repository);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.sync(VERIFY);
  await story.pass();
  assertMatch(await story.ready(), /^False SecretNotFound: Cannot use Secret .*\/signers/);
  await trust(story, { "ada.asc": ada.publicKey });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  assertMatch((await story.status()).signer ?? "", /^Ada Author <ada@example\.org> \(\w{16}\)$/);

  await story.repository.git("config", "commit.gpgSign", "false");
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False SignatureRefused: Cannot trust commit \w{40} of http:\S+: it is not signed; nothing was changed$/,
  );
  await mallory.signCommits(story.repository);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "3") });
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False SignatureRefused: .*GPG key \w+, which is not among the keys of the Secret/,
  );
  assertEquals(await valueOf(story), "1");
  assertEquals((await story.status()).signer, "");

  await trust(story, { "mallory.asc": mallory.publicKey });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  assertEquals(await valueOf(story), "3", "another key in the Secret is seen without a commit");
});

Deno.test("with verify a commit by an ssh key of the Secret is applied", async () => {
  await using story = await syncStory(cluster);
  await using folder = await temporaryFolder();
  const ada = await keyPair(`${folder.path}/ada`);
  const bob = await keyPair(`${folder.path}/bob`);
  await story.repository.git("config", "gpg.format", "ssh");
  await story.repository.git("config", "user.signingKey", `${folder.path}/ada`);
  await story.repository.git("config", "commit.gpgSign", "true");
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await trust(story, { "bob.pub": bob.publicKey });
  await story.sync(VERIFY);
  await story.pass();
  assertMatch(await story.ready(), /^False SignatureRefused: .*with ssh key SHA256:\S+, which/);
  await trust(story, { "ada.pub": ada.publicKey });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  assertMatch((await story.status()).signer ?? "", /^ada\.pub \(SHA256:\S+\)$/);
});

/** Tags the newest commit, signed by the key that the repository is set up for. */
async function signTag(story: SyncStory, name: string): Promise<void> {
  await story.repository.git("tag", "--sign", "--force", "--message", `Release ${name}`, name);
}

Deno.test("with mode tag only tags by a GPG key of the Secret are applied, whoever signed the commit", async () => {
  await using story = await syncStory(cluster);
  await using ada = await gpgKey("Ada Author <ada@example.org>");
  await using mallory = await gpgKey("Mallory <mallory@example.org>");
  await trust(story, { "ada.asc": ada.publicKey });
  await ada.signCommits(story.repository);
  await story.repository.git("config", "commit.gpgSign", "false");
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await signTag(story, "v1.0.0");
  const verify = { mode: "tag", secretRef: { name: "signers" } };
  await story.sync({ ref: { semver: "^1.0.0" }, verify });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: Applied v1\.0\.0@/);
  assertMatch(
    (await story.status()).signer ?? "",
    /^tag: Ada Author <ada@example\.org> \(\w{16}\)$/,
  );

  const refused = async (pattern: RegExp) => {
    await story.pass();
    assertMatch(await story.ready(), pattern);
    assertEquals(await valueOf(story), "1");
    assertEquals((await story.status()).signer, "");
  };
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  await story.repository.git("tag", "v1.1.0");
  await refused(/^False SignatureRefused: Cannot trust tag v1\.1\.0: it is a lightweight tag/);
  await story.repository.git("tag", "--force", "--annotate", "--message", "x", "v1.1.0");
  await refused(
    /^False SignatureRefused: Cannot trust tag v1\.1\.0 of http:\S+: it is not signed; /,
  );
  await mallory.signCommits(story.repository);
  await story.repository.git("config", "commit.gpgSign", "false");
  await signTag(story, "v1.1.0");
  await refused(
    /^False SignatureRefused: .*GPG key \w+, which is not among the keys of the Secret/,
  );
  await story.repository.git("update-ref", "refs/tags/v1.1.0", "refs/tags/v1.0.0");
  await refused(/^False SignatureRefused: .*what is signed is the tag v1\.0\.0, not v1\.1\.0/);

  await ada.signCommits(story.repository);
  await signTag(story, "v1.1.0");
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: Applied v1\.1\.0@/);
  assertEquals(await valueOf(story), "2", "signed anew, the same commit is taken");
});

Deno.test("with mode tagAndCommit both need a key of the Secret, and a branch is refused for it", async () => {
  await using story = await syncStory(cluster);
  await using folder = await temporaryFolder();
  const ada = await keyPair(`${folder.path}/ada`);
  await trust(story, { "ada.pub": ada.publicKey });
  await story.repository.git("config", "gpg.format", "ssh");
  await story.repository.git("config", "user.signingKey", `${folder.path}/ada`);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await signTag(story, "v1");
  const verify = { mode: "tagAndCommit", secretRef: { name: "signers" } };
  await story.sync({ ref: { tag: "v1" }, verify });
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False SignatureRefused: Cannot trust commit .*it is not signed/,
  );
  await story.repository.git("config", "commit.gpgSign", "true");
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  await signTag(story, "v1");
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: Applied v1@/);
  const { signer = "" } = await story.status();
  assertMatch(signer, /^tag: ada\.pub \(SHA256:\S+\), ada\.pub \(SHA256:\S+\)$/);
  await story.sync({ ref: { branch: "main" }, verify });
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False InvalidSpec: spec\.verify\.mode: needs a tag to look at/,
  );
});

Deno.test("a Secret for verify that holds no public key is refused with its member", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await trust(story, { "ada.pub": "hello" });
  await story.sync(VERIFY);
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False SignerKeysNotFound: .*ada\.pub is no armored GPG public key and no ssh public key$/,
  );
});
