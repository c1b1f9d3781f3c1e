import { assert, assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { filesHolding } from "../support/disk_search.ts";
import { syncStory } from "../support/sync_story.ts";

const cluster = testCluster();
const FIXTURES = new URL("../fixtures/sops/", import.meta.url);
const PASSWORD = "p4ss ${NOT_A_VARIABLE} w0rd";

function fixture(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, FIXTURES));
}

Deno.test("a Secret that SOPS encrypted for an age key is decrypted in memory only", async () => {
  await using story = await syncStory(cluster);
  const { namespace } = story;
  await story.repository.commit({ "meshes/secret.yaml": await fixture("secret.yaml.enc") });
  await story.sync();
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False InvalidManifests: .*meshes\/secret\.yaml:2: Secret\/shop: is encrypted with SOPS; name .* spec\.decryption/,
  );
  const key = async (name: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "age", namespace },
    stringData: { "identity.agekey": await fixture(name) },
  });
  // With variables on, as what was encrypted holds none.
  await story.sync({ decryption: { secretRef: { name: "age" } }, variables: { STAGE: "prod" } });
  await story.pass();
  assertMatch(await story.ready(), /^False SecretNotFound: .*\/age: it does not exist$/);
  await cluster.apply(await key("other_key.agekey"));
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False InvalidManifests: .*is encrypted for age1\w+; the Secret/,
  );

  await cluster.apply(await key("test_key.agekey"));
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  const live = await cluster.get<{ data: Record<string, string>; sops?: unknown }>(
    ["secret", "shop", "-n", namespace],
  );
  assertEquals(atob(live.data["password"] ?? ""), PASSWORD);
  assertEquals(live.sops, undefined);
  const identity = /AGE-SECRET-KEY-1\w+/.exec(await fixture("test_key.agekey"))?.[0] ?? "";
  assert(identity !== "");
  const seen = JSON.stringify([await story.status(), story.events, story.logs]);
  for (const secret of [PASSWORD, btoa(PASSWORD), identity]) assert(!seen.includes(secret));
  assertEquals(await filesHolding(story.cacheDirectory, [PASSWORD, identity]), []);
});

Deno.test("an encrypted file that somebody changed holds the revision back", async () => {
  await using story = await syncStory(cluster);
  const { namespace } = story;
  const text = await fixture("secret.yaml.enc");
  await story.repository.commit({
    "meshes/secret.yaml": text.replace("type: Opaque", "type: example.org/other"),
  });
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "age", namespace },
    stringData: { "identity.agekey": await fixture("test_key.agekey") },
  });
  await story.sync({ decryption: { secretRef: { name: "age" } } });
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False InvalidManifests: .*meshes\/secret\.yaml:1: was changed after SOPS encrypted it/,
  );
});
