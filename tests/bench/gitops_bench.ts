/**
 * What a large repository costs: 2,000 mesh objects, by requests to the API server, time, and processor time of this program.
 *
 * @module
 */
import process from "node:process";
import { resourceOf } from "#api";
import { systemClock } from "#base";
import { reconcileSync } from "#gitops";
import { Informer } from "#kube";
import { startedCluster } from "../support/control_plane.ts";
import { commitMany, largeFile, largeName } from "../support/large_repository.ts";
import { functionCaches, isWrite, type SyncStory, syncStory } from "../support/sync_story.ts";

interface Watched extends AsyncDisposable {
  pass(): Promise<void>;
  /** Resolves when the next change of an object asks for a pass. */
  nextWake(): Promise<void>;
}

async function watched(story: SyncStory): Promise<Watched> {
  const stop = new AbortController();
  let woken = Promise.withResolvers<void>();
  const informer = new Informer({
    transport: story.client.transport,
    type: resourceOf("Function"),
    namespace: story.namespace,
    onChange: (change) => {
      if (story.context().proofs.notice(change).length > 0) woken.resolve();
    },
    clock: systemClock,
    signal: stop.signal,
  });
  const running = informer.run();
  await informer.whenSynced();
  return {
    pass: async () => {
      await story.status();
      await reconcileSync(story.key, { ...story.context(), caches: functionCaches(informer) });
    },
    nextWake: () => {
      woken = Promise.withResolvers<void>();
      return woken.promise;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/**
 * Applies a repository of so many Functions, then again, restarted, with one file changed, and with one object edited.
 *
 * @param say prints a line
 */
export async function gitOpsBench(count: number, say: (line: string) => void): Promise<void> {
  const cluster = await startedCluster();
  await using story = await syncStory(cluster);
  const folder = "meshes";
  await commitMany(story.repository, { folder, count });
  await story.sync({ timeout: "10m" });
  await using watch = await watched(story);
  const measured = async (what: string, isDue = true) => {
    const state = story.context().proofs.pass(story.key);
    if (isDue) story.context().proofs.setPass(story.key, { ...state, nextLookAtMs: 0 });
    story.requests();
    const startMs = performance.now();
    const used = process.cpuUsage();
    await watch.pass();
    const tookMs = performance.now() - startMs;
    const { system, user } = process.cpuUsage(used);
    const requests = story.requests().filter((one) => !one.startsWith("watch "));
    const writes = requests.filter(isWrite);
    const each = (requests.length / count).toFixed(3);
    say(
      `${what}: ${tookMs.toFixed(0)} ms (${
        ((system + user) / 1000).toFixed(0)
      } ms of processor), ` +
        `${requests.length} requests (${each} an object), ${writes.length} of them writes`,
    );
  };
  await measured(`sync of ${count} new objects`);
  await measured("sync of an unchanged revision");
  story.restart();
  await measured("sync after a restart");
  const [path, text] = largeFile(folder, Math.floor(count / 2), "example/runner:2");
  await story.repository.commit({ [path]: text });
  await measured("sync of one changed file");
  const wake = watch.nextWake();
  const name = largeName(Math.floor(count / 3));
  const patch = JSON.stringify({ spec: { image: "by/hand:1" } });
  const at = ["function", name, "-n", story.namespace, "--type=merge", "-p", patch];
  await cluster.kubectl(["patch", ...at]);
  const editedMs = performance.now();
  await wake;
  await measured("drift in one object", false);
  say(`  corrected ${(performance.now() - editedMs).toFixed(0)} ms after the edit`);
}
