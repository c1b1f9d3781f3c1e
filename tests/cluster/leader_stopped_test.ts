import { assertEquals, assertNotEquals } from "@std/assert";
import { isPlainObject, type KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  type Conditioned,
  kubectlIn,
  readyText,
  userFunction,
} from "../support/controller_story.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { type ProgramProcess, programProcess } from "../support/program_process.ts";
import { proxyKubeconfig, recordingProxy } from "../support/recording_proxy.ts";

const cluster = testCluster();
const COUNT = 5;
const LEASE = "a3f45fce.functionmesh.io";

/** One of two replicas. */
function replica(kubeconfig: string, namespace: string): ProgramProcess {
  const flags = ["--enable-leader-election", "--leader-election-namespace", namespace];
  return programProcess({ kubeconfig, namespace, flags });
}

Deno.test("a leader that is stopped writes nothing when it goes on after another one leads, and ends (F9, F11)", async () => {
  await using space = await cluster.namespace();
  await using folder = await temporaryFolder();
  const story = kubectlIn(cluster, space.name);
  const holder = async () => {
    const spec = (await story.find<KubeObject>(`lease/${LEASE}`))?.spec;
    return isPlainObject(spec) ? String(spec["holderIdentity"]) : "";
  };
  const names = Array.from({ length: COUNT }, (_, index) => `fn-${index}`);
  const changed = async (cpu: string) => {
    const resources = { requests: { cpu, memory: "1G" }, limits: { cpu, memory: "1G" } };
    await story.apply(...names.map((name) => userFunction(name, { resources })));
    await eventually(async () => {
      const objects = await story.list<Conditioned>("functions");
      return objects.filter((object) => readyText(object).startsWith("True ")).length === COUNT;
    }, { timeoutMs: 120_000, intervalMs: 500 });
  };

  await using proxy = recordingProxy(await cluster.access());
  await Deno.writeTextFile(`${folder.path}/kubeconfig`, proxyKubeconfig(proxy));
  await using first = replica(`${folder.path}/kubeconfig`, space.name);
  await eventually(async () => (await cluster.tryKubectl(["get", "fn", "-A"])).code === 0);
  await changed("100m");
  const stopped = await holder();
  assertNotEquals(stopped, "");

  first.signal("SIGSTOP");
  await using second = replica(cluster.kubeconfigPath, space.name);
  await eventually(async () => await holder() !== stopped, { intervalMs: 500 });
  // What the stopped one will see first is a lot to do.
  await changed("200m");
  const seen = proxy.seen.length;
  first.signal("SIGCONT");
  assertEquals(await first.ended, 1);
  const late = proxy.seen.slice(seen);
  assertEquals(late.filter((one) => !one.startsWith("GET ") && !one.includes("/leases/")), []);

  second.signal("SIGTERM");
  assertEquals(await second.ended, 0);
  assertEquals(await holder(), "");
});
