import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { configMapText, functionText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

function jobText(image: string, annotations = "{}"): string {
  return `apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: ${annotations}}
spec:
  ttlSecondsAfterFinished: 5
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: db, image: "${image}", env: [{name: DB_URL, value: "postgres://svc:pl41n-pw@db/shop"}]}
`;
}

async function read(story: SyncStory, kind: string, name: string) {
  const flags = ["-n", story.namespace, "-o", "json", "--show-managed-fields"];
  const { code, stdout } = await cluster.tryKubectl(["get", kind, name, ...flags]);
  return code === 0 ? JSON.parse(stdout) : undefined;
}

async function list(story: SyncStory, kind: string): Promise<KubeObject[]> {
  const { items } = JSON.parse(
    await cluster.kubectl(["get", kind, "-n", story.namespace, "-o", "json"]),
  );
  return items;
}

Deno.test("a changed Job is refused with its field and no value, and replaced where its annotation says so", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/job.yaml": jobText("shop/db:1") });
  await story.sync();
  await story.pass();
  const { uid } = (await read(story, "job", "migrate")).metadata;
  await story.repository.commit({ "meshes/job.yaml": jobText("shop/db:2") });
  await story.pass();
  assertMatch(await story.ready(), /^False ApplyFailed: .*spec\.template: field is immutable/);
  assertMatch(await story.ready(), /gitops\.functionmesh\.io\/replace: "true"/);
  const said = JSON.stringify([await story.status(), story.events, story.logs]);
  assertEquals(said.includes("pl41n-pw"), false);
  const replace = '{gitops.functionmesh.io/replace: "true"}';
  await story.repository.commit({ "meshes/job.yaml": jobText("shop/db:2", replace) });
  await story.pass();
  const job = await read(story, "job", "migrate");
  assertEquals(job.metadata.uid === uid, false);
  assertEquals(job.spec.template.spec.containers[0].image, "shop/db:2");
});

Deno.test("a Job that finished and was removed is not made again, also by another process", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/job.yaml": jobText("shop/db:1") });
  await story.sync();
  await story.pass();
  const [pod] = await eventually(async () => {
    const pods = await list(story, "pods");
    return pods.length > 0 && pods;
  });
  const flags = ["-n", story.namespace, "--subresource=status", "--type=merge", "-p"];
  const status = JSON.stringify({ status: { phase: "Succeeded" } });
  await cluster.kubectl(["patch", "pod", pod?.metadata.name ?? "", ...flags, status]);
  await eventually(async () => {
    await story.pass();
    return (await story.status()).jobs?.[0]?.result === "Succeeded";
  });
  // The cluster itself takes it away, five seconds after its end.
  await eventually(async () => await read(story, "job", "migrate") === undefined);
  story.restart();
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.pass();
  assertEquals(await read(story, "job", "migrate"), undefined);
  assertMatch(await story.ready(), /^True Healthy: /);
});

Deno.test("beside a kind that nobody serves a Function is applied", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/catalog.yaml":
      "apiVersion: compute.functionmesh.io/v1alpha1\nkind: ConnectorCatalog\n" +
      "metadata: {name: connectors}\nspec: {connectorDefinitions: []}\n",
    "meshes/f.yaml": functionText("beside"),
  });
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^False WaitingForKind: .*ConnectorCatalog/);
  assertEquals((await read(story, "function", "beside")).metadata.name, "beside");
});

Deno.test("replicas that came through the scale subresource stay, of a Deployment too", async () => {
  await using story = await syncStory(cluster);
  const text = (image: string) =>
    `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "${image}"}]}
`;
  await story.repository.commit({ "meshes/web.yaml": text("shop/c:1") });
  await story.sync();
  await story.pass();
  await cluster.kubectl(["scale", "deployment", "web", "-n", story.namespace, "--replicas=3"]);
  story.restart();
  await story.repository.commit({ "meshes/web.yaml": text("shop/c:2") });
  // A pass looks again where the Deployment's controller writes between its look and its write.
  await eventually(async () => {
    await story.pass();
    const { spec } = await read(story, "deployment", "web");
    const found = [spec.replicas, spec.template.spec.containers[0].image];
    assertEquals(found, [3, "shop/c:2"], await story.ready());
    return true;
  });
});

Deno.test("who changes an object again and again is named with the field", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.sync();
  await story.pass();
  const id = { apiVersion: "v1", kind: "ConfigMap", namespace: story.namespace, name: "a" };
  for (let round = 0; round < 3; round++) {
    const by = { fieldManager: "other-controller" };
    await story.client.cluster.patch(id, { data: { value: "2" } }, by);
    await eventually(async () => {
      story.context().proofs.doubt(story.key);
      await story.idlePass();
      return (await read(story, "configmap", "a")).data.value === "1";
    });
  }
  const contested = (await story.status()).conditions?.find(({ type }) => type === "Contested");
  assertMatch(
    contested?.message ?? "",
    /: "other-controller" changes data\.value, and "meshwright-sync/,
  );
  assertEquals(story.events.filter(({ reason }) => reason === "Contested").length, 1);
});

Deno.test("of an API version that is dropped, what left Git is deleted, and the rest is kept", async () => {
  await using story = await syncStory(cluster);
  const group = `${story.namespace}.example`;
  const schema =
    "schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}";
  const definition = (versions: readonly string[]) =>
    `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
${versions.map((version) => `  - {${version}, ${schema}}\n`).join("")}`;
  const widget = (version: string, name: string) =>
    `apiVersion: ${group}/${version}\nkind: Widget\nmetadata: {name: ${name}}\nspec: {size: 1}\n`;
  await story.repository.commit({
    "meshes/definition.yaml": definition(["name: v1beta1, served: true, storage: true"]),
    "meshes/w1.yaml": widget("v1beta1", "w1"),
    "meshes/w2.yaml": widget("v1beta1", "w2"),
  });
  await story.sync({ pruneLimit: { percent: 100 } });
  await eventually(async () => {
    await story.pass();
    return (await story.ready()).startsWith("True");
  });
  const versions = [
    "name: v1beta1, served: false, storage: false",
    "name: v1, served: true, storage: true",
  ];
  await story.repository.commit({
    "meshes/definition.yaml": definition(versions),
    "meshes/w1.yaml": widget("v1", "w1"),
    "meshes/w2.yaml": undefined,
  });
  await eventually(async () => {
    await story.pass();
    return (await story.ready()).startsWith("True");
  });
  const kind = `widgets.v1.${group}`;
  assertEquals((await read(story, kind, "w1")).spec, { size: 1 });
  assertEquals(await read(story, kind, "w2"), undefined);
  const owned = (await story.status()).inventory?.map(({ id }) => id) ?? [];
  assertEquals(owned.filter((id) => id.endsWith("_Widget")), [
    `${story.namespace}_w1_${group}_Widget`,
  ]);
  await cluster.kubectl(["delete", "crd", `widgets.${group}`]);
});
