import { assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { functionText, isWrite, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

const POD = "spec: {restartPolicy: Never, containers: [{name: c, image: 'shop/c:1'}]}";
const LABELLED = "metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'shop/c:1'}]}";

/** One object of each of many kinds, as somebody wrote it once. */
const WRITTEN = `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1, selector: {matchLabels: {app: a}}, template: {${LABELLED}}}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {serviceName: a, replicas: 1, selector: {matchLabels: {app: a}}, template: {${LABELLED}}, volumeClaimTemplates: [{metadata: {name: v}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a}, spec: {selector: {matchLabels: {app: a}}, template: {${LABELLED}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {${POD}}}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: "0 0 1 1 *", jobTemplate: {spec: {template: {${POD}}}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort, selector: {app: a}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}}
---
{apiVersion: v1, kind: Secret, metadata: {name: token, annotations: {kubernetes.io/service-account.name: a}}, type: kubernetes.io/service-account-token}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: a, finalizers: [example.org/kept]}, data: {a: "1"}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, maxReplicas: 3}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {minAvailable: 1, selector: {matchLabels: {app: a}}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {defaultBackend: {service: {name: a, port: {number: 80}}}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}
---
{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: a}, spec: {holderIdentity: somebody}}
---
{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {hard: {pods: "100"}}}
---
${functionText("exclaim")}`;

const KINDS =
  "deploy,sts,ds,job,cronjob,svc,pvc,sa,secret,cm,hpa,pdb,ing,role,lease,quota,functions";

async function exported(story: SyncStory): Promise<string> {
  const get = ["get", KINDS, "-n", story.namespace, "-o", "yaml"];
  return await cluster.kubectl(get);
}

Deno.test("what was exported comes back: applied once, then calm, also after a restart", async () => {
  await using story = await syncStory(cluster);
  await using folder = await writtenFolder(WRITTEN);
  await cluster.kubectl(["create", "-n", story.namespace, "-f", folder.path]);
  await eventually(async () => {
    const text = await exported(story);
    assertMatch(text, /deployment\.kubernetes\.io\/revision: "1"/);
    assertMatch(text, /kubernetes\.io\/service-account\.uid/);
    assertMatch(text, /batch\.kubernetes\.io\/controller-uid/);
    return true;
  });
  await story.repository.commit({ "meshes/all.yaml": await exported(story) });
  await story.sync();
  await story.pass();
  const ready = await story.ready();
  assertEquals(/ApplyFailed|InvalidManifests|Conflict/.test(ready), false, ready);
  const isObjectWrite = (one: string) => isWrite(one) && !/MeshSync|Event/.test(one);
  for (const round of ["at once", "after a restart", "and again"]) {
    story.requests();
    if (round === "after a restart") story.restart();
    await story.pass();
    assertEquals(story.requests().filter(isObjectWrite), [], round);
  }
});

async function writtenFolder(text: string) {
  const path = await Deno.makeTempDir();
  await Deno.writeTextFile(`${path}/all.yaml`, text);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("a member of stringData that leaves Git leaves the cluster", async () => {
  await using story = await syncStory(cluster);
  const secret = (members: string) =>
    `apiVersion: v1\nkind: Secret\nmetadata: {name: basic}\nstringData: {${members}}\ndata: {kept: eA==}\n`;
  const live = async () => {
    const get = ["get", "secret", "basic", "-n", story.namespace, "-o", "jsonpath={.data}"];
    return JSON.parse(await cluster.kubectl(get)) as Record<string, string>;
  };
  await story.repository.commit({ "meshes/s.yaml": secret("username: admin, password: t0p") });
  await story.sync();
  await story.pass();
  assertEquals(await live(), { kept: "eA==", password: btoa("t0p"), username: btoa("admin") });
  await story.repository.commit({ "meshes/s.yaml": secret("username1: admin, password: t0p") });
  await story.pass();
  assertMatch(await story.ready(), /^True /);
  assertEquals(await live(), { kept: "eA==", password: btoa("t0p"), username1: btoa("admin") });
  await story.repository.commit({ "meshes/s.yaml": secret("pin: 81726354") });
  await story.pass();
  const said = JSON.stringify([await story.status(), story.events, story.logs]);
  assertMatch(
    await story.ready(),
    /s\.yaml:4: Secret\/basic stringData\["pin"\]: must be text, but is a number/,
  );
  assertEquals([said.includes("81726354"), said.includes("t0p")], [false, false]);
});
