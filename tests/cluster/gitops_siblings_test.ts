import { assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { type SyncStory, syncStory, WRITES } from "../support/sync_story.ts";

const cluster = testCluster();

async function fixture(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(`../fixtures/siblings/${name}`, import.meta.url));
}

function writes(story: SyncStory): string[] {
  return story.requests().filter((one) => WRITES.includes(one.split(" ")[0] ?? ""));
}

const SPELLED = (await fixture("spelled.yaml")).split("---\n");

for (const text of SPELLED) {
  const [, kind = ""] = /^kind: (.*)$/m.exec(text) ?? [];
  Deno.test(`a ${kind} in another spelling is no drift and no write`, async () => {
    await using story = await syncStory(cluster);
    await story.repository.commit({ "meshes/all.yaml": text });
    await story.sync({ health: { ignore: [{ kind }] } });
    await story.pass();
    assertMatch(await story.ready(), /^True Healthy/);
    for (const restart of [false, true, false]) {
      if (restart) story.restart();
      story.requests();
      await story.pass();
      assertEquals(writes(story), []);
    }
  });
}

/** A definition of a group of its own. */
function defined(group: string): string {
  const versions =
    `[{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]`;
  const names = "{kind: Knob, plural: knobs}";
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: knobs.${group}}
spec: {group: ${group}, names: ${names}, scope: Namespaced, versions: ${versions}}
`;
}

Deno.test("definitions of groups that are new to the cluster are applied, without a failure until they are served", async () => {
  await using story = await syncStory(cluster);
  const groups = Array.from({ length: 6 }, (_, at) => `k${at}.${story.namespace}.example.org`);
  await story.sync({ targetNamespace: story.namespace });
  for (const group of groups) {
    await story.repository.commit({ [`meshes/${group}.yaml`]: defined(group) });
    await story.pass();
    assertMatch(await story.ready(), /^True Healthy/);
  }
  const names = groups.map((group) => `knobs.${group}`);
  await cluster.kubectl(["delete", "crd", "--wait=false", ...names]);
});
