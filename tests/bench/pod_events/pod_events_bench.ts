/**
 * What the program makes of very many changes of pods within a second: `deno task bench-pod-events [changes] [pods]`.
 *
 * They come from a stand-in in another thread, over HTTP, to the cache of pods that the program has, which says whom each
 * wakes. Passes are not made: they come in turn, whatever wakes them.
 *
 * @module
 */
import { keyText, systemClock } from "#base";
import { httpTransport, Informer } from "#kube";
import { watched } from "#reconcile";
import type { Order } from "./event_server.ts";

/** How often it is looked how long the loop was held. */
const TICK_MS = 1;

/** Nothing is lost that comes as late as that. */
const PATIENCE_MS = 60_000;

/** As the program has them when nothing else is said. */
const OPTIONS = {
  namespacedBackendConfig: "backend-config",
  pauseRollout: false,
  rolloutOnUpgrade: false,
  verticalPodAutoscaler: false,
};

/** What came of the changes. */
interface Outcome {
  readonly seen: number;
  readonly seconds: number;
  readonly longestHoldMs: number;
  readonly woken: number;
  readonly behind: number;
}

/** Lets `changes` of `pods` pods come within a second: at least one of each. */
async function podEvents(changes: number, pods: number): Promise<Outcome> {
  const server = new Worker(import.meta.resolve("./event_server.ts"), { type: "module" });
  const said = answersOf(server);
  const order = (what: Order) => server.postMessage(what);
  order({ pods });
  const { url } = await said("url");
  await using transport = httpTransport({
    server: String(url),
    credentials: () => Promise.resolve({}),
  });
  const watch = watched(OPTIONS).find(({ type }) => type.kind === "Pod");
  if (watch === undefined) throw new Error("the program follows no pods");
  const stop = new AbortController();
  const woken = new Set<string>();
  let seen = 0;
  const informer = new Informer({
    ...watch,
    transport,
    onChange: (change) => {
      seen++;
      for (const { kind, key } of watch.wakes(change, {})) woken.add(`${kind} ${keyText(key)}`);
    },
    clock: systemClock,
    signal: stop.signal,
  });
  const running = informer.run();
  await said("watched");
  seen = 0;
  woken.clear();
  using hold = longestHold();
  const startMs = performance.now();
  order({ changes });
  const { told } = await said("told");
  const isLate = () => performance.now() - startMs > PATIENCE_MS;
  while (seen < changes && !isLate()) await systemClock.sleep(TICK_MS);
  const seconds = (performance.now() - startMs) / 1_000;
  const versions = informer.list().map(({ metadata }) => Number(metadata.resourceVersion));
  const behind = versions.filter((version) => version <= Number(told) - pods).length;
  stop.abort();
  await running;
  server.terminate();
  return { seen, seconds, longestHoldMs: hold.longestMs(), woken: woken.size, behind };
}

/** Waits for an answer of a thread that has a member of that name. */
function answersOf(worker: Worker): (name: string) => Promise<Record<string, unknown>> {
  const waiting = new Map<string, PromiseWithResolvers<Record<string, unknown>>>();
  const of = (name: string) => {
    const known = waiting.get(name) ?? Promise.withResolvers<Record<string, unknown>>();
    waiting.set(name, known);
    return known;
  };
  worker.onmessage = ({ data }) => of(Object.keys(data)[0] ?? "").resolve(data);
  return (name) => of(name).promise;
}

/** Watches for how long nothing else could be done. */
function longestHold(): Disposable & { longestMs(): number } {
  let [lastMs, longestMs] = [performance.now(), 0];
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs - TICK_MS);
    lastMs = nowMs;
  }, TICK_MS);
  return { longestMs: () => longestMs, [Symbol.dispose]: () => clearInterval(timer) };
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const [changes = "10000", pods = "5000"] = Deno.args;
const { behind, longestHoldMs, seconds, seen, woken } = await podEvents(
  Number(changes),
  Number(pods),
);
say(`${changes} changes of ${pods} pods in a second: ${seen} seen after ${seconds.toFixed(2)} s`);
say(`${woken} components woken, ${behind} pods behind`);
say(`the loop was held for ${longestHoldMs.toFixed(0)} ms at most`);
