import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  type Conditioned,
  kubectlIn,
  readyText,
  userFunction,
} from "../support/controller_story.ts";
import { temporaryFolder, testRepository } from "../support/git_repository.ts";
import { gitServer } from "../support/git_server.ts";
import { ShardedReplicas, spacesInShards } from "../support/sharded_replicas.ts";
import { configMapText } from "../support/sync_story.ts";

// It looks at all namespaces.
const cluster = testCluster({ alone: true });
const NAMES = ["one", "two"];

/** Namespaces with Functions and a MeshSync each. */
async function world(stack: AsyncDisposableStack) {
  const repository = stack.use(await testRepository());
  const parent = repository.directory.slice(0, repository.directory.lastIndexOf("/"));
  const server = stack.use(gitServer({ folder: parent }));
  const spaces = await spacesInShards({ cluster, stack }, { count: 3, each: 2 });
  const stories = spaces.map((name) => kubectlIn(cluster, name));
  await repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  const cpu = async (amount: string) => {
    const size = { cpu: amount, memory: "1G" };
    const resources = { requests: size, limits: size };
    for (const story of stories) {
      await story.apply(...NAMES.map((name) => userFunction(name, { resources })));
    }
  };
  const isDone = async (amount: string) => {
    for (const story of stories) {
      const sets = await story.list<KubeObject>("statefulsets");
      const isChanged = sets.filter(({ spec }) => JSON.stringify(spec).includes(`"${amount}"`));
      const functions = (await story.list<Conditioned>("functions")).map(readyText);
      const isReady = functions.filter((text) => text.startsWith("True "));
      if (isChanged.length !== NAMES.length || isReady.length !== NAMES.length) return false;
      if (await story.find("configmap/a") === undefined) return false;
    }
    return true;
  };
  return {
    spaces,
    stories,
    syncs: () =>
      Promise.all(spaces.map((namespace, index) =>
        stories[index]?.apply({
          apiVersion: "gitops.functionmesh.io/v1alpha1",
          kind: "MeshSync",
          metadata: { namespace, name: "app" },
          spec: { url: `${server.url}/work/.git`, path: "meshes", interval: "1h" },
        })
      )),
    /** Has all Functions change, and resolves when all are as wanted and every object of Git is there. */
    change: async (amount: string) => {
      await cpu(amount);
      await eventually(() => isDone(amount), { timeoutMs: 180_000, intervalMs: 1_000 });
    },
  };
}

Deno.test("three replicas share the work: one is killed, comes back, another is asked to go, and each object has one who looks after it", async () => {
  await using stack = new AsyncDisposableStack();
  const space = stack.use(await cluster.namespace());
  const folder = stack.use(await temporaryFolder());
  const there = await world(stack);
  const replicas = stack.use(
    new ShardedReplicas({
      access: await cluster.access(),
      namespace: space.name,
      folder: folder.path,
      count: 3,
    }),
  );
  const [first, second, third] = [await replicas.add(), await replicas.add(), await replicas.add()];
  for (const kind of ["fn", "msync"]) {
    await eventually(async () => (await cluster.tryKubectl(["get", kind, "-A"])).code === 0, {
      timeoutMs: 60_000,
    });
  }
  await there.syncs();
  await replicas.untilLed([first.name, second.name, third.name], { atMost: 1 });
  await there.change("100m");
  assertEquals(new Set(there.spaces.map((name) => replicas.leaderOf(name))).size, 3);
  assertEquals(replicas.writers.writers.size, 3);

  first.program.signal("SIGKILL");
  await first.program.ended;
  await Promise.all(there.stories.map((story) => story.kubectl("delete", "configmap", "a")));
  await there.change("200m");
  await replicas.untilLed([second.name, third.name], { atMost: 2 });
  replicas.assertNoViolations();

  const fourth = await replicas.add();
  await replicas.untilLed([second.name, third.name, fourth.name], { atMost: 1 });
  await there.change("300m");
  replicas.assertNoViolations();

  second.program.signal("SIGTERM");
  assertEquals(await second.program.ended, 0);
  await replicas.untilLed([third.name, fourth.name], { atMost: 2 });
  await there.change("400m");
  replicas.assertNoViolations();
  for (const { program } of [third, fourth]) {
    program.signal("SIGTERM");
    assertEquals(await program.ended, 0);
  }
  assertEquals(replicas.writers.holders, ["", "", ""]);
});
