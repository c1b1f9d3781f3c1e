/** Where an object stands in Git, as its annotation says. */
import { assertEquals } from "@std/assert";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { configMapId, functionId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

type Id = ReturnType<typeof configMapId>;

function fileOf(world: SyncWorld, id: Id): string | undefined {
  return world.object(id)?.metadata.annotations?.["gitops.functionmesh.io/file"];
}

function versionOf(world: SyncWorld, id: Id): string | undefined {
  return world.object(id)?.metadata.resourceVersion;
}

for (const isForgetful of [false, true]) {
  const when = isForgetful ? ", after a restart" : "";
  Deno.test(`an object tells its file, and is not written because that is renamed${when}`, async () => {
    const world = new SyncWorld();
    world.repository.commit({
      "a/one.json": configMapText("one", "1"),
      "a/f.json": functionText("f"),
    });
    await world.sync("a", { interval: "1m" });
    await world.advance(1_000);
    assertEquals(fileOf(world, configMapId("one")), "a/one.json");
    assertEquals(fileOf(world, functionId("f")), "a/f.json");
    const version = versionOf(world, configMapId("one"));
    if (isForgetful) world.restart();
    world.repository.commit({
      "a/one.json": undefined,
      "a/sub/uno.json": configMapText("one", "1"),
    });
    await world.advance(12 * MINUTE_MS);
    assertEquals(versionOf(world, configMapId("one")), version);
    // With the next change it is true again.
    world.repository.commit({ "a/sub/uno.json": configMapText("one", "2") });
    await world.advance(2 * MINUTE_MS);
    assertEquals(fileOf(world, configMapId("one")), "a/sub/uno.json");
    assertEquals(fileOf(world, functionId("f")), "a/f.json");
  });
}

Deno.test("putting right what somebody edited keeps the file, and says where it stands now", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": configMapText("one", "1") });
  await world.sync("a", { interval: "1m" });
  await world.advance(1_000);
  for (const isForgetful of [false, true]) {
    if (isForgetful) world.restart();
    await world.advance(MINUTE_MS);
    world.patchNow(configMapId("one"), { data: { value: "by hand" } });
    await world.advance(5 * MINUTE_MS);
    assertEquals(world.object(configMapId("one"))?.["data"], { value: "1" });
    assertEquals(fileOf(world, configMapId("one")), "a/one.json");
  }
  // A file name that somebody changed is nobody's business: it is put right with the next write.
  const annotations = { "gitops.functionmesh.io/file": "elsewhere.yaml" };
  world.patchNow(configMapId("one"), { metadata: { annotations } });
  const version = versionOf(world, configMapId("one"));
  await world.advance(12 * MINUTE_MS);
  assertEquals(versionOf(world, configMapId("one")), version);
  world.repository.commit({ "a/one.json": configMapText("one", "2") });
  await world.advance(2 * MINUTE_MS);
  assertEquals(fileOf(world, configMapId("one")), "a/one.json");
});
