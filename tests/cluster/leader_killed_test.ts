import { assertEquals } from "@std/assert";
import { type KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  type Conditioned,
  kubectlIn,
  readyText,
  userFunction,
} from "../support/controller_story.ts";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";
import { type ProgramProcess, programProcess } from "../support/program_process.ts";
import {
  proxyKubeconfig,
  type RecordingProxy,
  recordingProxy,
} from "../support/recording_proxy.ts";
import { configMapText } from "../support/sync_story.ts";

const cluster = testCluster();
const NAMES = Array.from({ length: 5 }, (_, index) => `fn-${index}`);

/** One of two replicas. */
function replica(kubeconfig: string, namespace: string, folder: string): ProgramProcess {
  const flags = ["--enable-leader-election", "--leader-election-namespace", namespace];
  const git = ["--allow-local-addresses=true", `--cache-dir=${folder}`];
  return programProcess({ kubeconfig, namespace, flags: [...flags, ...git] });
}

/** What a replica asks for, from its lease on. */
function watchedLead(proxy: RecordingProxy) {
  const lead = { isElected: false, writes: [] as string[], lists: [] as string[] };
  proxy.meet = ({ isLease, isList, isWrite, method, path }) => {
    const text = `${method} ${path}`;
    if (isWrite) lead.writes.push(text);
    if (isList && lead.isElected) lead.lists.push(text);
    if (!isLease || method === "GET") return undefined;
    return {
      after: (answer) => {
        lead.isElected ||= answer.ok;
        return answer;
      },
    };
  };
  return lead;
}

Deno.test("the leader is killed: the one that waited has all it needs to know, and writes by it what changed meanwhile", async () => {
  await using space = await cluster.namespace();
  await using folder = await temporaryFolder();
  await using repository = await testRepository();
  const parent = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
  await using server = gitServer({ folder: parent });
  await using proxy = recordingProxy(await cluster.access());
  const story = kubectlIn(cluster, space.name);
  const functions = (cpu: string) =>
    NAMES.map((name) => {
      const amount = { cpu, memory: "1G" };
      return userFunction(name, { resources: { requests: amount, limits: amount } });
    });
  const isReady = async (plural: string, count: number) =>
    await eventually(async () => {
      const texts = (await story.list<Conditioned>(plural)).map(readyText);
      return texts.filter((text) => text.startsWith("True ")).length === count;
    }, { timeoutMs: 120_000, intervalMs: 500 });

  await using first = replica(cluster.kubeconfigPath, space.name, `${folder.path}/first`);
  for (const kind of ["fn", "msync"]) {
    await eventually(async () => (await cluster.tryKubectl(["get", kind, "-A"])).code === 0);
  }
  await repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.apply(...functions("100m"), {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { namespace: space.name, name: "app" },
    spec: { url: `${server.url}/work/.git`, path: "meshes", interval: "1h" },
  });
  await isReady("functions", NAMES.length);
  await isReady("meshsyncs", 1);

  await Deno.writeTextFile(`${folder.path}/kubeconfig`, proxyKubeconfig(proxy));
  const lead = watchedLead(proxy);
  await using second = replica(`${folder.path}/kubeconfig`, space.name, `${folder.path}/second`);
  // It follows also what nobody but the MeshSync tells of.
  const followed = [`/api/v1/namespaces/${space.name}/configmaps`, `/${space.name}/functions`];
  await eventually(() =>
    followed.every((path) => proxy.seen.filter((one) => one.endsWith(path)).length > 1)
  );
  await eventually(() => second.logTail().includes("Caches are synced"));
  assertEquals(lead, { isElected: false, writes: [], lists: [] });

  first.signal("SIGKILL");
  await first.ended;
  await story.apply(...functions("200m"));
  await cluster.kubectl(["delete", "configmap", "a", "-n", space.name]);
  await eventually(async () => {
    const sets = await story.list<KubeObject>("statefulsets");
    const isChanged = sets.filter((set) => JSON.stringify(set.spec).includes('"200m"'));
    const isBack = await story.find<KubeObject>("configmap/a") !== undefined;
    return isChanged.length === NAMES.length && isBack;
  }, { timeoutMs: 120_000, intervalMs: 250 });
  assertEquals(lead.lists, [], second.logTail());
  second.signal("SIGTERM");
  assertEquals(await second.ended, 0);
});
