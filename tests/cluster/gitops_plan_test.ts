import { assertEquals, assertMatch } from "@std/assert";
import { createLogger } from "#telemetry";
import { reconcileSync } from "#gitops";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

Deno.test("what a revision changes is in the log before it is done, and in the status after", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/b.yaml": configMapText("b", "1"),
    "meshes/c.yaml": configMapText("c", "1"),
  });
  await story.sync();
  await story.pass();
  const commit = await story.repository.commit({
    "meshes/b.yaml": configMapText("b", "2"),
    "meshes/c.yaml": undefined,
    "meshes/d.yaml": configMapText("d", "1"),
  }, "Change some");
  const lines: { msg?: string; changes?: string[] }[] = [];
  const log = createLogger({ level: "info", sink: (line) => lines.push(JSON.parse(line)) });
  const state = story.context().proofs.pass(story.key);
  story.context().proofs.setPass(story.key, { ...state, nextLookAtMs: 0 });
  await story.status();
  await reconcileSync(story.key, { ...story.context(), log });
  const changes = [
    `pruned ConfigMap ${story.namespace}/c`,
    `created ConfigMap ${story.namespace}/d`,
    `configured ConfigMap ${story.namespace}/b`,
  ];
  const planned = lines.findIndex((line) => JSON.stringify(line).includes("Planned a revision"));
  const done = lines.findIndex((line) => JSON.stringify(line).includes("Applied a revision"));
  assertEquals(lines[planned]?.changes, changes);
  assertEquals(planned >= 0 && planned < done, true);
  assertEquals((await story.status()).plan, {
    revision: `main@sha1:${commit}`,
    counts: { configured: 1, created: 1, pruned: 1, skipped: 0, unchanged: 1 },
    changes,
  });
  const event = story.events.find((one) => one.message.includes("Change some"));
  assertMatch(event?.message ?? "", /: 1 created, 1 configured, 1 unchanged, 1 pruned$/);
});

Deno.test("commonLabels are on every object, not in pod templates, and a changed one is applied", async () => {
  await using story = await syncStory(cluster);
  const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "example/web:1"}]}
`;
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/d.yaml": deployment,
  });
  await story.sync({ commonLabels: { team: "blue" } });
  await story.pass();
  const find = async (label: string) => {
    const selector = ["configmaps,deployments", "-n", story.namespace, "-l", label];
    const list = await cluster.get<{ items: { metadata: { name: string } }[] }>(selector);
    return list.items.map((item) => item.metadata.name);
  };
  assertEquals(await find("team=blue"), ["a", "web"]);
  const web = await cluster.get<{ spec: { template: { metadata: { labels: unknown } } } }>(
    ["deployment", "web", "-n", story.namespace],
  );
  assertEquals(web.spec.template.metadata.labels, { app: "web" });
  await story.sync({ commonLabels: { team: "red" } });
  await story.pass();
  assertEquals([await find("team=blue"), await find("team=red")], [[], ["a", "web"]]);
});
