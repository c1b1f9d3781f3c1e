import { assertEquals } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

Deno.test("a tag that is passed over is told when it comes, and costs no write of an object", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.repository.git("tag", "v1.0.0");
  await story.sync({ ref: { semver: "1.x" } });
  await story.pass();
  const passedOver = async () => (await story.status()).source?.versions?.passedOver;
  assertEquals(await passedOver(), undefined);
  await story.repository.git("tag", "v2.0.0");
  story.requests();
  await story.pass();
  assertEquals((await passedOver())?.map(({ tag }) => tag), ["v2.0.0"]);
  assertEquals(story.requests().filter((one) => one.endsWith(" ConfigMap")), []);
});
