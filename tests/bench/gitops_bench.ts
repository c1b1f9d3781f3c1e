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

/** What one pass cost. */
interface Cost {
  readonly ms: number;
  readonly processorMs: number;
  readonly requests: number;
  readonly writes: number;
}

/** Times of a scenario that one pass says little of. */
const TIMES = 9;

/**
 * Applies a repository of so many Functions, then, nine times each: again, restarted, with one file changed, and with one
 * object edited. Prints the median of each figure.
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
  const pass = () => costOf(story, watch);
  const dueNow = () => {
    const state = story.context().proofs.pass(story.key);
    story.context().proofs.setPass(story.key, { ...state, nextLookAtMs: 0 });
  };
  const repeated = async (what: string, prepare: (round: number) => Promise<unknown> | void) => {
    const costs: Cost[] = [];
    for (let round = 0; round < TIMES; round++) {
      await prepare(round);
      costs.push(await pass());
    }
    say(costText(`${what}, median of ${TIMES}`, medians(costs), count));
  };
  dueNow();
  say(costText(`sync of ${count} new objects, once`, await pass(), count));
  await repeated("sync of an unchanged revision", dueNow);
  await repeated("sync after a restart", () => {
    story.restart();
    dueNow();
  });
  await repeated("sync of one changed file", async (round) => {
    const image = `example/runner:changed-${round}`;
    const [path, text] = largeFile(folder, Math.floor(count / 2), image);
    await story.repository.commit({ [path]: text });
    dueNow();
  });
  await repeated("drift in one object", async (round) => {
    const wake = watch.nextWake();
    const patch = JSON.stringify({ spec: { image: `by/hand:${round}` } });
    // Another one each time: one that is changed again and again waits for its turn.
    const name = largeName(Math.floor(count / 3) + round);
    const at = ["function", name, "-n", story.namespace, "--type=merge", "-p", patch];
    await cluster.kubectl(["patch", ...at]);
    await wake;
  });
}

async function costOf(story: SyncStory, watch: Watched): Promise<Cost> {
  story.requests();
  const startMs = performance.now();
  const used = process.cpuUsage();
  await watch.pass();
  const ms = performance.now() - startMs;
  const { system, user } = process.cpuUsage(used);
  const requests = story.requests().filter((one) => !one.startsWith("watch "));
  return {
    ms,
    processorMs: (system + user) / 1000,
    requests: requests.length,
    writes: requests.filter(isWrite).length,
  };
}

function medians(costs: readonly Cost[]): Cost {
  const median = (figure: (cost: Cost) => number) =>
    costs.map(figure).sort((one, other) => one - other)[Math.floor(costs.length / 2)] ?? 0;
  return {
    ms: median(({ ms }) => ms),
    processorMs: median(({ processorMs }) => processorMs),
    requests: median(({ requests }) => requests),
    writes: median(({ writes }) => writes),
  };
}

function costText(
  what: string,
  { ms, processorMs, requests, writes }: Cost,
  count: number,
): string {
  const each = (requests / count).toFixed(3);
  return `${what}: ${ms.toFixed(0)} ms (${processorMs.toFixed(0)} ms of processor), ` +
    `${requests} requests (${each} an object), ${writes} of them writes`;
}
