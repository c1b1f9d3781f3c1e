import { assertEquals } from "@std/assert";
import { parse, stringify } from "@std/yaml";
import type { KubeObject } from "#base";
import { testAuthority } from "../support/certificates.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { livingObjects } from "../support/living_objects.ts";
import { isWrite, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

/** Kinds of which nothing that lives is anybody's wish. */
const LEFT = [
  "apiservices.apiregistration.k8s.io",
  "certificatesigningrequests.certificates.k8s.io",
  "controllerrevisions.apps",
  "csinodes.storage.k8s.io",
  "csistoragecapacities.storage.k8s.io",
  "events",
  "events.events.k8s.io",
  "ipaddresses.networking.k8s.io",
  "replicasets.apps",
  "resourceslices.resource.k8s.io",
  "volumeattachments.storage.k8s.io",
];

/** Kinds of which controllers make some, and people others. */
const PARTED = [
  "clusterrolebindings.rbac.authorization.k8s.io",
  "clusterroles.rbac.authorization.k8s.io",
  "configmaps",
  "endpoints",
  "endpointslices.discovery.k8s.io",
  "flowschemas.flowcontrol.apiserver.k8s.io",
  "pods",
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
];

/** A kind as `kubectl` asks for it. */
interface Kind {
  readonly resource: string;
  readonly isNamespaced: boolean;
}

/** Every kind that can be created, read and listed, but for those that other tests define. */
async function everyKind(own: string): Promise<Kind[]> {
  const list = async (isNamespaced: boolean) => {
    const flags = ["--verbs=create,get,list", `--namespaced=${isNamespaced}`, "-o", "name"];
    const text = await cluster.kubectl(["api-resources", ...flags]);
    return text.trim().split("\n")
      .filter((resource) => !resource.includes("example") || resource.includes(own))
      .map((resource) => ({ resource, isNamespaced }));
  };
  return [...await list(true), ...await list(false)];
}

/** Makes living objects, and waits until controllers made what they make of them. */
async function makeObjects(story: SyncStory): Promise<void> {
  await using folder = await temporaryFolder();
  await testAuthority(folder.path, "own");
  const encoded = async (file: string) => btoa(await Deno.readTextFile(`${folder.path}/${file}`));
  const objects = livingObjects({
    name: story.namespace,
    namespace: story.namespace,
    authority: await encoded("own-ca.crt"),
    request: await encoded("own-tls.csr"),
  });
  for (const text of objects) {
    await create(parse(text) as KubeObject, story);
  }
  const wanted = ["rs", "controllerrevisions", "endpointslices"];
  await eventually(async () => {
    const counts = await Promise.all(
      wanted.map(async (kind) =>
        (await cluster.get<{ items: unknown[] }>([kind, "-n", story.namespace])).items.length
      ),
    );
    return counts.every((count) => count > 0);
  }, { timeoutMs: 180_000, intervalMs: 200 });
  const widget = {
    apiVersion: `${story.namespace}.example.org/v1`,
    kind: "Widget",
    metadata: { name: "w", namespace: story.namespace },
    spec: {},
  };
  await eventually(async () => {
    await cluster.apply(widget);
    return true;
  }, { timeoutMs: 180_000, intervalMs: 200 });
  await untilCalm(story.namespace);
}

/** Waits until controllers changed nothing of all that lives in a namespace from one look to the next. */
async function untilCalm(namespace: string): Promise<void> {
  const kinds = (await everyKind(namespace)).filter(({ isNamespaced, resource }) =>
    isNamespaced && !resource.startsWith("events")
  );
  const all = ["get", kinds.map(({ resource }) => resource).join(), "-n", namespace, "-o", "json"];
  let before = "";
  await eventually(async () => {
    const { items } = JSON.parse(await cluster.kubectl(all)) as { items: readonly KubeObject[] };
    const now = items.map(content).sort().join("\n");
    const isCalm = now === before;
    before = now;
    return isCalm;
  }, { intervalMs: 3_000 });
}

async function create(object: KubeObject, { client, namespace }: SyncStory): Promise<void> {
  const type = await client.cluster.resourceType(object.apiVersion, object.kind);
  const metadata = type?.namespaced === true ? { ...object.metadata, namespace } : object.metadata;
  await client.cluster.create({ ...object, metadata }, { fieldManager: "a person" });
}

/** The living objects of a kind: in the namespace, or by name, and the first that the cluster itself has. */
async function livingOf({ isNamespaced, resource }: Kind, own: string): Promise<KubeObject[]> {
  const scope = isNamespaced ? ["-n", own] : [];
  const text = await cluster.kubectl(["get", resource, ...scope, "-o", "yaml"]);
  const { items } = parse(text) as { readonly items: readonly KubeObject[] };
  if (isNamespaced) return [...items];
  const named = items.filter(({ metadata }) => metadata.name.includes(own));
  const built = items.filter(({ metadata }) => !/test|example|functionmesh/.test(metadata.name));
  return [...named, ...built.slice(0, 2)];
}

const isObjectWrite = (one: string) => isWrite(one) && !/MeshSync|Event/.test(one);

/** What of an object nobody but its authors changes: all but the marks of the loop, versions, and what is reported. */
function content({ apiVersion, kind, metadata, status: _status, ...rest }: KubeObject): string {
  const { annotations, labels, name, namespace } = metadata;
  const marks = Object.entries({ ...annotations, ...labels })
    .filter(([name]) => !/^(gitops|compute)\.functionmesh\.io\/|renew/.test(name)).sort();
  // Who holds a Lease renews it.
  const said = kind === "Lease" ? {} : rest;
  return JSON.stringify({ apiVersion, kind, name, namespace, marks, ...said });
}

/** What becomes of the living objects of a kind that are committed as they are. */
async function outcome(kind: Kind, story: SyncStory): Promise<string> {
  const before = (await livingOf(kind, story.namespace))
    .filter(({ kind, metadata }) => kind !== "MeshSync" || metadata.name !== story.key.name);
  if (before.length === 0) return "nothing of it lives";
  const text = before.map((object) => `---\n${stringify(object)}`).join("");
  await story.repository.commit({ "meshes/all.yaml": text });
  await story.pass();
  const ready = await story.ready();
  const { notes = [] } = await story.status();
  if (/NothingToApply: .* nothing but what is somebody else's \(.*: not applied\)/.test(ready)) {
    return "left";
  }
  if (!/^True |Reconciling|Progressing|HealthCheck|Unhealthy|Degraded/.test(ready)) return ready;
  for (const round of ["at once", "after a restart"]) {
    story.requests();
    if (round === "after a restart") story.restart();
    await story.pass();
    const writes = story.requests().filter(isObjectWrite);
    if (writes.length > 0) return `${round} ${writes.join(", ")}`;
  }
  const after = new Set((await livingOf(kind, story.namespace)).map(content));
  const changed = before.map(content).filter((one) => !after.has(one));
  if (changed.length > 0) return `changed ${changed[0]} to ${[...after].join(" ")}`;
  const left = notes.filter((note) => note.endsWith(": not applied")).length;
  return left === 0 ? "applied" : left === before.length ? "left" : "applied or left";
}

Deno.test("every kind that an API server has: what was exported is applied once and then calm, or left to whom it belongs", async () => {
  await using story = await syncStory(cluster);
  await makeObjects(story);
  await story.repository.commit({ "meshes/none.yaml": "# nothing yet\n" });
  await story.sync({ prune: false });
  const outcomes: Record<string, string> = {};
  for (const kind of await everyKind(story.namespace)) {
    outcomes[kind.resource] = await outcome(kind, story);
  }
  const failed = Object.entries(outcomes).filter(([, words]) =>
    !["applied", "left", "applied or left"].includes(words)
  );
  assertEquals(failed, []);
  const left = Object.keys(outcomes).filter((kind) => outcomes[kind] === "left").sort();
  assertEquals(left, LEFT);
  const parted = Object.keys(outcomes).filter((kind) => outcomes[kind] === "applied or left");
  assertEquals(parted.sort(), PARTED);
});
