import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { testCluster } from "../support/control_plane.ts";
import { isWrite, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

const TEMPLATE = (image: string) =>
  `selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "${image}"}]}`;

const MESSAGING = `pulsar: {pulsarConfig: pulsar}
  java: {jar: /pulsar/a.jar}`;

/** Kinds that can be scaled, with what follows the number of replicas in their spec. */
const SCALED: Readonly<Record<string, (image: string) => string>> = {
  "apps/v1 StatefulSet": (image) => `serviceName: web\n  ${TEMPLATE(image)}`,
  "apps/v1 ReplicaSet": TEMPLATE,
  "v1 ReplicationController": (image) =>
    TEMPLATE(image).replace("{matchLabels: {app: web}}", "{app: web}"),
  "compute.functionmesh.io/v1alpha1 Function": (image) =>
    `className: a.A\n  image: "${image}"\n  input: {topics: [persistent://public/default/in]}\n  ${MESSAGING}`,
  "compute.functionmesh.io/v1alpha1 Source": (image) =>
    `sourceConfig: {}\n  className: a.A\n  image: "${image}"\n  output: {topic: persistent://public/default/out}\n  ${MESSAGING}`,
  "compute.functionmesh.io/v1alpha1 Sink": (image) =>
    `sinkConfig: {}\n  className: a.A\n  image: "${image}"\n  input: {topics: [persistent://public/default/in]}\n  ${MESSAGING}`,
};

interface Scaled extends KubeObject {
  readonly spec: { readonly replicas: number };
}

for (const [type, rest] of Object.entries(SCALED)) {
  const [apiVersion = "", kind = ""] = type.split(" ");
  Deno.test(`the number that kubectl scale gave a ${kind} stays, until Git has another one`, async () => {
    await using story = await syncStory(cluster);
    const commit = async (replicas: number, image: string) => {
      const head = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web}\nspec:\n`;
      const text = `${head}  replicas: ${replicas}\n  ${rest(image)}\n`;
      await story.repository.commit({ "meshes/web.yaml": text });
      await story.pass();
      assertMatch(await story.ready(), /^True Healthy/);
    };
    const resource = `${kind}.${apiVersion.split("/")[1] ?? "v1"}.${
      apiVersion.includes("/") ? apiVersion.split("/")[0] : ""
    }`;
    const replicas = async () =>
      (await cluster.get<Scaled>([resource, "web", "-n", story.namespace])).spec.replicas;
    await story.sync({ health: { ignore: [{ kind }] } });
    await commit(1, "shop/c:1");
    // Of zero the API server does not note who chose it.
    for (const [number, image] of [[3, "shop/c:2"], [0, "shop/c:3"]] as const) {
      const scale = ["scale", resource, "web", "-n", story.namespace, `--replicas=${number}`];
      await cluster.kubectl(scale);
      for (const restart of [false, true, false]) {
        if (restart) story.restart();
        story.requests();
        await story.pass();
        assertEquals([await replicas(), story.requests().filter(isWrite)], [number, []]);
      }
      await commit(1, image);
      assertEquals(await replicas(), number);
      story.restart();
      await story.pass();
      assertEquals(await replicas(), number);
    }
    await commit(2, "shop/c:3");
    assertEquals(await replicas(), 2);
  });
}

for (const version of ["v1", "v2"]) {
  Deno.test(`the number of a Deployment that an HPA of autoscaling/${version} targets stays, whoever writes it`, async () => {
    await using story = await syncStory(cluster);
    const text =
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  ` +
      `${TEMPLATE("shop/c:1")}\n`;
    await story.sync({ health: { ignore: [{ kind: "Deployment" }] } });
    await story.repository.commit({ "meshes/web.yaml": text });
    await story.pass();
    const target = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
    await cluster.apply({
      apiVersion: `autoscaling/${version}`,
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "theirs", namespace: story.namespace },
      spec: { scaleTargetRef: target, minReplicas: 2, maxReplicas: 4 },
    });
    const patch = ["--type=merge", "-p", '{"spec":{"replicas":3}}'];
    await cluster.kubectl(["patch", "deployment", "web", "-n", story.namespace, ...patch]);
    for (const restart of [false, true, false]) {
      if (restart) story.restart();
      story.requests();
      await story.pass();
      assertEquals(story.requests().filter(isWrite), []);
    }
    const live = await cluster.get<Scaled>(["deployment", "web", "-n", story.namespace]);
    assertEquals(live.spec.replicas === 1, false);
  });
}
