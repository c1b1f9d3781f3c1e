import { assertEquals, assertMatch } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  appliedStory,
  configMapText,
  isWrite,
  type SyncStory,
  syncStory,
} from "../support/sync_story.ts";

const cluster = testCluster();

/** A ConfigMap that the API server refuses, and that looks right to everybody else. */
const REFUSED = configMapText("z", "1").replace("name: z", "name: Z_is_no_name");

const QUOTA = (count: number) =>
  `apiVersion: v1
kind: ResourceQuota
metadata: {name: few}
spec: {hard: {count/configmaps: "${count}"}}
`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: other}}
    spec: {containers: [{name: main, image: "example/web:1"}]}
`;

async function names(story: SyncStory, kind = "configmaps"): Promise<string[]> {
  const found = await cluster.get<{ items: { metadata: { name: string } }[] }>(
    [kind, "-n", story.namespace],
  );
  return found.items.map(({ metadata }) => metadata.name).filter((name) =>
    name !== "kube-root-ca.crt"
  );
}

/** Writes of objects since the last call; dry runs and the status of the MeshSync are none. */
function writes(story: SyncStory): string[] {
  return story.requests().filter((one) => isWrite(one) && one !== "patch MeshSync");
}

Deno.test("a revision with one object that the API server refuses is refused as a whole, new objects too", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  story.requests();
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "2"),
    "meshes/b.yaml": configMapText("b", "2"),
    "meshes/web.yaml": DEPLOYMENT,
    "meshes/z.yaml": REFUSED,
  });
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False ApplyFailed: Cannot apply main@\S+, nothing was changed: meshes\/web\.yaml:1: .*selector.*; meshes\/z\.yaml:1: .*Z_is_no_name/,
  );
  assertEquals([await names(story), writes(story)], [["a"], []]);
  await cluster.kubectl(["delete", "configmap", "a", "-n", story.namespace]);
  const memory = story.context().proofs;
  const live = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: story.namespace, name: "a" },
  };
  memory.notice({ before: live });
  await story.idlePass();
  assertEquals(await names(story), ["a"], "what was applied before is still put right");
  assertEquals((await story.status()).lastAppliedRevision?.startsWith("main@"), true);

  await story.repository.commit({ "meshes/z.yaml": undefined, "meshes/web.yaml": undefined });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  assertEquals(await names(story), ["a", "b"]);
});

Deno.test("a new object costs one dry run and one write, a changed one the same, an unchanged one nothing", async () => {
  await using story = await appliedStory(cluster, ["a", "b"]);
  const about = () => story.requests().filter((one) => one.endsWith(" ConfigMap"));
  const count = (requests: string[], verb: string) =>
    requests.filter((one) => one === `${verb} ConfigMap`).length;
  const first = about();
  assertEquals(["get", "dry-run", "apply"].map((verb) => count(first, verb)), [0, 2, 2]);
  await story.repository.commit({ "meshes/b.yaml": configMapText("b", "2") });
  await story.pass();
  const second = about();
  assertEquals([count(second, "dry-run"), count(second, "apply")], [1, 1]);
  await story.repository.commit({ "README.md": "nothing of it" });
  await story.pass();
  assertEquals(about(), []);
});

Deno.test("what comes with its namespace or definition cannot be tried before, and the plan says so", async () => {
  await using story = await syncStory(cluster);
  const other = `${story.namespace}-new`;
  const group = `${story.namespace}.example.org`;
  const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {kind: Thing, plural: things, singular: thing, listKind: ThingList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {size: {type: integer}}}}
`;
  const thing = (body: string) =>
    `apiVersion: ${group}/v1\nkind: Thing\nmetadata: {name: t}\n${body}\n`;
  await story.repository.commit({
    "meshes/n.yaml": `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${other}}\n`,
    "meshes/a.yaml": configMapText("a", "1").replace("name: a", `name: a\n  namespace: ${other}`),
    "meshes/d.yaml": definition,
    "meshes/t.yaml": thing("size: 1"),
  });
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  const { plan } = await story.status();
  assertEquals(plan?.counts["untried"], 2);
  assertEquals(plan?.changes.filter((line) => line.includes("not tried")), [
    `created ConfigMap ${other}/a (not tried before: its Namespace comes with this revision)`,
    `created Thing ${story.namespace}/t (not tried before: its kind is not served yet)`,
  ]);
  // A definition that changes with what needs the change.
  await story.repository.commit({
    "meshes/d.yaml": definition.replace("{size: {type: integer}}", "{weight: {type: integer}}"),
    "meshes/t.yaml": thing("weight: 2"),
  });
  // The API server takes a moment to know the new schema.
  await eventually(async () => {
    await story.pass();
    return (await story.ready()).startsWith("True Healthy");
  }, { timeoutMs: 180_000, intervalMs: 500 });
  const live = await cluster.get<{ weight?: number }>([
    `things.${group}`,
    "t",
    "-n",
    story.namespace,
  ]);
  assertEquals(live.weight, 2);
});

Deno.test("what a quota of the same revision makes room for is applied", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/q.yaml": QUOTA(1) });
  await story.sync();
  await story.pass();
  const isCounted = async () => {
    const quota = await cluster.get<{ status?: { used?: Record<string, string> } }>(
      ["resourcequota", "few", "-n", story.namespace],
    );
    return quota.status?.used?.["count/configmaps"] !== undefined;
  };
  await eventually(isCounted, { timeoutMs: 180_000, intervalMs: 100 });
  const files = Object.fromEntries(
    ["a", "b", "c"].map((name) => [`meshes/${name}.yaml`, configMapText(name, "1")]),
  );
  // The namespace's own authority fills it.
  await story.repository.commit(files);
  // The API server itself may learn later what the quota counts, and refuses with other words until then.
  await eventually(async () => {
    await story.pass();
    const said = await story.ready();
    assertMatch(said, /^False ApplyFailed: .*nothing was changed: .*exceeded quota/);
    return true;
  });
  assertEquals(await names(story), []);
  await story.repository.commit({ "meshes/q.yaml": QUOTA(9) });
  await eventually(async () => {
    await story.pass();
    return (await story.ready()).startsWith("True Healthy");
  }, { timeoutMs: 180_000, intervalMs: 200 });
  assertEquals(await names(story), ["a", "b", "c"]);
});
