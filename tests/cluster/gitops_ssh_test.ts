import { assert, assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { filesHolding } from "../support/disk_search.ts";
import { keyPair, sshServer } from "../support/ssh_server.ts";
import { configMapText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

Deno.test("a repository over ssh is applied with the key and the known hosts of the Secret", async () => {
  await using story = await syncStory(cluster);
  await using server = await sshServer({ passesProtocol: true });
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.sync({
    url: `${server.url}${story.repository.directory}`,
    secretRef: { name: "git" },
  });
  const secret = async (stringData: Record<string, string>) => {
    const metadata = { name: "git", namespace: story.namespace };
    await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData });
    await story.pass();
    return await story.ready();
  };
  const { identity, knownHosts } = server;
  const other = await keyPair(`${story.cacheDirectory}-host`);
  const [host = ""] = knownHosts.split(" ");
  assertMatch(
    await secret({ identity, known_hosts: `${host} ${other.publicKey}` }),
    /^False HostKeyUnknown: .*the server's host key is not among the known hosts/,
  );
  assertMatch(
    await secret({ identity: server.protectedIdentity, known_hosts: knownHosts }),
    /^False AccessDenied: Cannot use the ssh key: it is protected by a passphrase/,
  );
  assertMatch(await secret({ identity, known_hosts: knownHosts }), /^True Healthy: .*: 1 object$/);
  const secrets = identity.split("\n").slice(1, 4);
  const seen = JSON.stringify([await story.status(), story.events, story.logs]) +
    (await story.git.take()).join();
  assert(!secrets.some((line) => seen.includes(line)));
  assertEquals(await filesHolding(story.cacheDirectory, secrets), []);
});
