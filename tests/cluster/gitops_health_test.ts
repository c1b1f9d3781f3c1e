import { assertEquals, assertMatch } from "@std/assert";
import { conditionOf } from "#base";
import { eventually, FAIL, testCluster } from "../support/control_plane.ts";
import { configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

function deploymentText(name: string, annotations = "{}"): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}, annotations: ${annotations}}
    spec: {containers: [{name: main, image: example/web:1}]}
`;
}

async function passUntil(story: SyncStory, ready: RegExp): Promise<void> {
  await eventually(async () => {
    await story.idlePass();
    assertMatch(await story.ready(), ready);
    return true;
  }, { timeoutMs: 180_000, intervalMs: 200 });
}

Deno.test("a Deployment, a Job and a claim count as healthy when Kubernetes says so", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/settings.yaml": configMapText("settings", "1"),
    "meshes/web.yaml": deploymentText("web"),
    "meshes/load.yaml": `apiVersion: batch/v1
kind: Job
metadata: {name: load}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: example/load:1}]}}}
`,
    "meshes/lost.yaml": `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: lost}
spec: {storageClassName: "", volumeName: lost-${story.namespace}, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`,
  });
  await story.sync();
  await story.pass();
  const first = await story.status();
  assertEquals(conditionOf(first.conditions, "Applied")?.status, "True", "applied before healthy");
  assertEquals(conditionOf(first.conditions, "Healthy")?.status, "False");
  assertEquals(first.lastHealthyRevision, undefined);
  await passUntil(story, /2 of 3 ready: PersistentVolumeClaim .*lost: not bound to a volume$/);
  const name = `lost-${story.namespace}`;
  await cluster.apply({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      hostPath: { path: "/nowhere" },
    },
  });
  await passUntil(story, /^True Healthy: .*3 of 3 ready/);
  const { conditions, lastAppliedRevision, lastHealthyRevision } = await story.status();
  assertEquals(conditionOf(conditions, "Healthy")?.status, "True");
  assertEquals(lastHealthyRevision, lastAppliedRevision);
  await cluster.kubectl(["delete", "pv", name, "--wait=false"]);
});

Deno.test("waiting for a Deployment costs one list a look, and none once it is healthy", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": deploymentText("a"),
    "meshes/b.yaml": deploymentText("b"),
  });
  await story.sync();
  await passUntil(story, /^True Healthy: .*2 of 2 ready/);
  story.requests();
  await story.idlePass();
  assertEquals(story.requests(), []);
  await story.pass();
  assertEquals(story.requests(), ["list Deployment"], "a look at the remote looks at health too");
});

Deno.test("a sick Deployment is named with its cause, and the newer commit does not wait for it", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/web.yaml": deploymentText("web", `{${FAIL}: CrashLoopBackOff}`),
  });
  await story.sync();
  await passUntil(story, /^False Progressing: .*0 of 1 ready: Deployment .*web: 0 of 1 replicas/);
  assertEquals(await story.idlePass(), { after: "delay", delayMs: 2000 }, "holds no worker");
  await story.repository.commit({ "meshes/web.yaml": deploymentText("web") });
  await story.pass();
  await passUntil(story, /^True Healthy/);
});
