import { assertEquals, assertMatch } from "@std/assert";
import { BOOTSTRAP_NAME, ensureBootstrap, readManifests, syncOnce } from "#gitops";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, functionText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

Deno.test("syncOnce() of the MeshSync that flags make ends with 0 when all is applied and healthy", async () => {
  await using story = await syncStory(cluster);
  const commit = await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  const flags = { namespace: story.namespace, url: story.repository.url, path: "meshes" };
  const bootstrap = await ensureBootstrap(story.client.cluster, {
    ...flags,
    ref: "main",
    interval: "30s",
  });
  assertEquals(bootstrap.key, { namespace: story.namespace, name: BOOTSTRAP_NAME });
  const ctx = { ...story.context(), bootstrap };
  const report = await syncOnce(bootstrap.key, ctx, { timeoutMs: 10_000 });
  assertEquals([report.exit, report.reason, report.revision], [
    0,
    "Healthy",
    `main@sha1:${commit}`,
  ]);
  assertEquals(report.counts["created"], 1);
});

Deno.test("syncOnce() ends with 1 at once for a bad file, and when time is up for what does not get ready", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/f.yaml": "kind: [\n" });
  await story.sync();
  const bad = await syncOnce(story.key, story.context(), { timeoutMs: 60_000 });
  assertEquals([bad.exit, bad.reason], [1, "InvalidManifests"]);
  assertMatch(bad.message, /meshes\/f\.yaml:\d+: not valid YAML/);
  await story.repository.commit({ "meshes/f.yaml": functionText("exclaim") });
  story.restart();
  const late = await syncOnce(story.key, story.context(), { timeoutMs: 1_500 });
  assertEquals([late.exit, late.reason], [1, "Progressing"]);
});

/** Scalars that readers of YAML disagree about, one a line. */
const SCALARS = `
on
yes
n
y
Off
NO
TRUE
0644
0o644
-0644
-0o17
08
09.5
0o8
1_000
1__0
1_0.5
1e3
1E5
1e-3
12e03
1e
e2
E5
0x1F
0X1f
0b11
~
Null
10:30
1:2:3
2026-01-01
2026-01-01T00:00:00Z
=
1.
.5
+5
+.5
1.10
1.2.3
!!str 12
'on'
"-"
1.5e
0x
0b2
`.trim().split("\n");

Deno.test("manifests are read as kubectl reads them", async () => {
  const text = [
    "apiVersion: apps/v1",
    "kind: Deployment",
    "metadata: {name: a, labels: {a: b}}",
    "data:",
    ...SCALARS.map((value, index) => `  k${index}: ${value}`),
    "",
  ].join("\n");
  const answer = await cluster.kubectl(
    ["label", "--local", "-f", "-", "a=b", "--overwrite", "-o", "json"],
    { stdin: text },
  );
  const { documents, problems } = readManifests([{ path: "a.yaml", text }]);
  assertEquals(problems, []);
  assertEquals(documents[0]?.object["data"], JSON.parse(answer).data);
});
