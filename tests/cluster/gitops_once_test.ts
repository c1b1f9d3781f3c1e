import { assertEquals, assertMatch } from "@std/assert";
import { BOOTSTRAP_NAME, ensureBootstrap, syncOnce } from "#gitops";
import { readManifests } from "#manifests";
import { resourceOf } from "#api";
import { meshwright } from "../support/cli.ts";
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
  const report = await syncOnce(bootstrap.key, ctx, { timeoutMs: 180_000 });
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
  const bad = await syncOnce(story.key, story.context(), { timeoutMs: 180_000 });
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

Deno.test("sync --once leaves the MeshSync of a running program alone, and makes one of its own name", async () => {
  await using story = await syncStory(cluster);
  const { namespace } = story;
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "other/b.yaml": configMapText("b", "1"),
    "third/c.yaml": configMapText("c", "1"),
  });
  const url = story.repository.url;
  await ensureBootstrap(story.client.cluster, { namespace, url, path: "meshes", interval: "30s" });
  const once = async (...args: string[]) => {
    const where = ["--kubeconfig", cluster.kubeconfigPath, "--namespace", namespace];
    const cache = ["--cache-dir", story.cacheDirectory, "--log-level", "error"];
    const flags = ["--git-url", url, "--reconcile=false", ...where, ...cache, ...args];
    const { code, out } = await meshwright(["sync", "--once", ...flags]);
    return `${code} ${out.join("\n")}`;
  };
  const spec = async () =>
    (await story.client.cluster.get(resourceOf("MeshSync"), { namespace, name: BOOTSTRAP_NAME }))
      ?.spec;
  const before = await spec();
  assertMatch(
    await once("--git-path", "other", "--git-target-namespace", "x"),
    /^1 OtherSync: Cannot use MeshSync \S+\/bootstrap: somebody else made it, with another path, targetNamespace; .*--name$/,
  );
  assertEquals(await spec(), before);
  assertMatch(await once("--git-path", "meshes"), /^0 Healthy: /);
  assertEquals(await spec(), before, "one that means the same is used, not written");
  assertMatch(await once("--git-path", "other", "--name", "ci"), /^0 Healthy: /);
  assertMatch(await once("--git-path", "third", "--name", "ci"), /^0 Healthy: /);
  const own = await story.client.cluster.get(resourceOf("MeshSync"), { namespace, name: "ci" });
  assertEquals((own?.spec as { path?: string } | undefined)?.path, "third", "its own it changes");
});

Deno.test("run refuses flags that make a MeshSync where it does not look", async () => {
  await using space = await cluster.namespace();
  const { code, notes } = await meshwright([
    "run",
    "--git-url",
    "https://git.example/a.git",
    "--kubeconfig",
    cluster.kubeconfigPath,
    "--namespace",
    space.name,
    "--watched-namespace",
    "default",
    "--metrics-addr=0",
    "--health-probe-addr=0",
    "--enable-webhooks=false",
  ]);
  assertEquals(code, 2);
  assertMatch(notes.join("\n"), /--watched-namespace default leaves out/);
});
