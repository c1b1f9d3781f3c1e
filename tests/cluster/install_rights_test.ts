import { CONFIGURATION_TYPE } from "#admission";
import type { KubeObject } from "#base";
import { programArguments } from "#install";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { localTarget } from "../support/admission.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type TestRepository, testRepository } from "../support/git_repository.ts";
import { type GitServer, gitServer } from "../support/git_server.ts";
import {
  install,
  installation,
  type RunningProgram,
  startProgram,
} from "../support/installed_program.ts";
import { functionObject } from "../support/objects.ts";

const cluster = testCluster({ alone: true });

const REFUSED = /^403$/;
const DONE = /^2/;

const SYNC = ["msync", "bootstrap", "-n"];

/** A namespace that is being deleted refuses as well, with the same status: the one of the last test has to be gone. */
Deno.test.beforeEach(async () => {
  await eventually(async () => {
    const { items } = await cluster.get<{ items: readonly KubeObject[] }>(["namespaces"]);
    return items.every(({ metadata }) => metadata.deletionTimestamp === undefined);
  }, { intervalMs: 200 });
});

/** The files of a folder of this repository, below `prefix`. */
async function filesOf(folder: string, prefix: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) {
    files[`${prefix}/${name}`] = await Deno.readTextFile(`${folder}/${name}`);
  }
  return files;
}

async function untilSynced(namespace: string, commit: string): Promise<void> {
  await eventually(async () => {
    const sync = await cluster.get<KubeObject>([...SYNC, namespace]);
    const { conditions = [], lastAppliedRevision = "" } = (sync.status ?? {}) as {
      readonly conditions?: readonly { type: string; status: string; message: string }[];
      readonly lastAppliedRevision?: string;
    };
    const ready = conditions.find(({ type }) => type === "Ready");
    if (ready?.status === "True" && lastAppliedRevision.includes(commit)) return true;
    throw new Error(`${lastAppliedRevision}: ${ready?.message}`);
  }, { intervalMs: 200 });
}

/** Deletes the sync while there is a program that lets it go, or its namespace would never end. */
async function deleteSync(namespace: string): Promise<void> {
  const { code, stderr } = await cluster.tryKubectl([
    ...["delete", ...SYNC, namespace, "--timeout=30s"],
  ]);
  if (code === 0) return;
  const { status } = await cluster.get<KubeObject>([...SYNC, namespace]);
  throw new Error(`${stderr}: ${JSON.stringify(status)}`);
}

async function untilReady(program: RunningProgram): Promise<void> {
  await eventually(async () => {
    const text = await program.readiness();
    if (/^\[-\]|error|Error/m.test(text)) throw new Error(text);
    return text.includes("[+]");
  }, { intervalMs: 200 });
}

/** What the webhook may do under its usual name, under the one that a program beside the cluster gives it. */
async function allowLocalWebhook(namespace: string): Promise<void> {
  const renamed = async (kind: string, name: string, place: readonly string[]) => {
    const { apiVersion, rules } = await cluster.get<KubeObject & { rules: unknown }>([
      kind,
      name,
      ...place,
    ]);
    const text = JSON.stringify(rules).replaceAll("meshwright-webhook", "meshwright-local");
    const metadata = { name: "local-webhook", ...(place.length === 0 ? {} : { namespace }) };
    await cluster.apply({ apiVersion, kind, metadata, rules: JSON.parse(text) });
  };
  await renamed("Role", "meshwright", ["-n", namespace]);
  await renamed("ClusterRole", `meshwright.${namespace}`, []);
  const account = `--serviceaccount=${namespace}:meshwright`;
  const words = ["local-webhook", account];
  await cluster.kubectl([
    "create",
    "rolebinding",
    ...words,
    "--role=local-webhook",
    "-n",
    namespace,
  ]);
  await cluster.kubectl(["create", "clusterrolebinding", ...words, "--clusterrole=local-webhook"]);
}

Deno.test("M6: the rights that install gives are enough for all that the program does, and none is refused", async () => {
  const chosen = installation({ replicas: 2 });
  const { namespace } = chosen;
  await install(cluster, chosen);
  await allowLocalWebhook(namespace);
  await using repository = await testRepository();
  const leaving = functionObject("leaving", { cleanupSubscription: true });
  const commit = await repository.commit({
    ...await filesOf("gitops/mesh", "mesh"),
    "mesh/leaving.yaml": JSON.stringify({
      ...leaving,
      metadata: { name: "leaving", namespace: "shop" },
    }),
  });
  await using server = await privateServer(repository, namespace);
  const { address, url } = localTarget();
  const flags = [
    ...programArguments(chosen),
    ...[`--git-url=${server.url}/work/.git`, "--git-path=mesh", "--git-interval=1s"],
    "--git-secret=git",
  ];
  await using standby = await startProgram(cluster, {
    namespace,
    flags: [...flags, "--enable-webhooks=true", `--webhook-addr=${localTarget().address}`],
  });
  let done: readonly string[];
  {
    await using leader = await startProgram(cluster, {
      namespace,
      flags: [...flags, `--webhook-addr=${address}`, `--webhook-url=${url}`],
    });
    await Promise.all([untilReady(leader), untilReady(standby)]);
    await untilSynced(namespace, commit);
    await eventuallyRefused();
    assertEquals([await leader.answered(REFUSED), await standby.answered(REFUSED)], [[], []]);
    done = [...await leader.answered(DONE), ...await standby.answered(DONE)];
  }
  // The other one takes over, and cleans up after what leaves Git.
  const next = await repository.commit({ "mesh/leaving.yaml": undefined });
  await untilSynced(namespace, next);
  await untilCleanedUp();
  assertEquals(await standby.answered(REFUSED), []);
  await deleteSync(namespace);
  // The namespace of the mesh goes with the sync, and refuses with 403 whatever is made in it
  // meanwhile: what was done before with the same rights was not refused for want of them.
  const wanting = (await standby.answered(REFUSED)).filter((request) => !done.includes(request));
  assertEquals(wanting, []);
  assertStringIncludes(standby.log(), "Admission webhook is installed");
  await cluster.kubectl([
    "delete",
    CONFIGURATION_TYPE.kind,
    `meshwright-local.${namespace}`,
    `meshwright-webhook.${namespace}`,
  ]);
});

async function untilCleanedUp(): Promise<void> {
  await eventually(async () => {
    const { stdout } = await cluster.tryKubectl(["get", "fn,job", "-n", "shop", "-o", "name"]);
    if (stdout.includes("leaving")) throw new Error(stdout);
    return true;
  }, { intervalMs: 200 });
}

/** A server that wants what the Secret `git` holds. */
async function privateServer(repository: TestRepository, namespace: string): Promise<GitServer> {
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "git", namespace },
    stringData: { username: "ada", password: "secret" },
  });
  const folder = repository.directory.replace(/\/work$/, "");
  return gitServer({ folder, authorization: `Basic ${btoa("ada:secret")}` });
}

/** The webhook that the program set up with its own rights is asked. */
async function eventuallyRefused(): Promise<void> {
  const object = { ...functionObject("x", { output: { topic: "http://no" } }) };
  const stdin = JSON.stringify({ ...object, metadata: { name: "x", namespace: "shop" } });
  await eventually(async () => {
    const { code, stderr } = await cluster.tryKubectl(["apply", "--dry-run=server", "-f", "-"], {
      stdin,
    });
    return code === 1 && stderr.includes("spec.output.topic");
  });
}

Deno.test("M6: with one namespace to watch the rights there are enough", async () => {
  await using space = await cluster.namespace();
  const chosen = installation({
    namespace: "one-namespace",
    watchedNamespace: space.name,
    singleTenant: true,
  });
  await install(cluster, chosen);
  await using repository = await testRepository();
  const object = functionObject("orders");
  await repository.commit({
    "orders.yaml": JSON.stringify({ ...object, metadata: { name: "orders" } }),
  });
  await using server = gitServer({ folder: repository.directory.replace(/\/work$/, "") });
  await using program = await startProgram(cluster, {
    namespace: chosen.namespace,
    flags: [...programArguments(chosen), "--webhook-addr=0"],
  });
  await untilReady(program);
  await cluster.apply({
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "bootstrap", namespace: space.name },
    spec: { url: `${server.url}/work/.git`, targetNamespace: space.name, interval: "1s" },
  });
  await untilSynced(space.name, await repository.git("rev-parse", "HEAD"));
  await deleteSync(space.name);
  assertEquals(await program.answered(REFUSED), []);
});

Deno.test("a MeshSync acts as another account where roles let the program do so, with mesh-only rights", async () => {
  const chosen = installation({ namespace: "acting" });
  await install(cluster, chosen);
  await using space = await cluster.namespace();
  const place = ["-n", space.name];
  await cluster.kubectl(["create", "serviceaccount", "deployer", ...place]);
  await cluster.kubectl([
    ...["create", "rolebinding", "deployer", "--clusterrole=edit", ...place],
    `--serviceaccount=${space.name}:deployer`,
  ]);
  await cluster.kubectl([
    ...["create", "role", "act-as", "--verb=impersonate", "--resource=serviceaccounts"],
    ...["--resource-name=deployer", ...place],
  ]);
  await cluster.kubectl([
    ...["create", "rolebinding", "act-as", "--role=act-as", ...place],
    `--serviceaccount=${chosen.namespace}:meshwright`,
  ]);
  await using repository = await testRepository();
  const metadata = { name: "allowed-by-edit-only", namespace: space.name };
  const commit = await repository.commit({
    "policy.json": JSON.stringify({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata,
      spec: { podSelector: {}, policyTypes: ["Ingress"] },
    }),
  });
  await using server = gitServer({ folder: repository.directory.replace(/\/work$/, "") });
  await using program = await startProgram(cluster, {
    namespace: chosen.namespace,
    flags: [...programArguments(chosen), "--webhook-addr=0"],
  });
  await cluster.apply({
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "bootstrap", namespace: space.name },
    spec: { url: `${server.url}/work/.git`, interval: "1s", serviceAccountName: "deployer" },
  });
  await untilSynced(space.name, commit);
  await deleteSync(space.name);
  assertEquals(await program.answered(REFUSED), []);
});

Deno.test("gitops/operator lets a cluster run the program from Git, itself included", async () => {
  // Once by hand, as docs/install.md has it; from then on Git is what counts.
  const overlay = "gitops/operator/overlays/cluster-admin";
  const apply = ["apply", "--server-side", "--force-conflicts"];
  await cluster.kubectl([...apply, "-f", "gitops/operator/base/namespace.yaml"]);
  await cluster.kubectl([...apply, "-k", overlay]);
  await using repository = await testRepository();
  const rendered = await cluster.kubectl(["kustomize", overlay]);
  const commit = await repository.commit({ "operator/install.yaml": rendered });
  await using server = gitServer({ folder: repository.directory.replace(/\/work$/, "") });
  await using program = await startProgram(cluster, {
    namespace: "meshwright",
    flags: [
      ...programArguments(installation({ gitOpsRights: "cluster-admin" })),
      "--webhook-addr=0",
    ],
  });
  await cluster.apply({
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "bootstrap", namespace: "meshwright" },
    // What was applied by hand belongs to kubectl.
    spec: {
      ...{ url: `${server.url}/work/.git`, path: "operator", interval: "1s", force: true },
      // Or the program would delete itself with the sync.
      deletionPolicy: "Orphan",
    },
  });
  await untilSynced("meshwright", commit);
  const generation = async () =>
    (await cluster.get<{ metadata: { generation: number } }>([
      "deployment",
      "meshwright",
      "-n",
      "meshwright",
    ])).metadata.generation;
  const before = await generation();
  const changed = rendered.replace("\n  replicas: 1\n", "\n  replicas: 2\n");
  await untilSynced("meshwright", await repository.commit({ "operator/install.yaml": changed }));
  assertEquals(await generation(), before + 1);
  await deleteSync("meshwright");
  assertEquals(await generation(), before + 1, "it stays");
  assertEquals(await program.answered(REFUSED), []);
});
