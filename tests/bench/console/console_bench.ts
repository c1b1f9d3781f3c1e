/**
 * What people who look cost: `deno task bench-console [components] [viewers] [seconds]`. Each component says something new every 30
 * seconds, as instances that are asked do; the viewers are a process of their own.
 *
 * @module
 */
import process from "node:process";
import { type KubeObject, systemClock } from "#base";
import { ConsoleDoor, type ConsoleSource, isStream, NumberHistory, type ShownKind } from "#console";
import { ObjectStore } from "#kube";
import { silentLogger, startPlainServer } from "#telemetry";
import { lookOn } from "./viewers.ts";

const [COMPONENTS = 1_000, VIEWERS = 10, MEASURED_SECONDS = 20] = Deno.args.map(Number);
/** The word with which this program is one that looks. */
const LOOK = "look";
const POLL_SECONDS = 30;
const NAMESPACES = 10;
const PAGE = { "index.html": "", "page.css": "", "page.js": "" } as const;

/** Caches that a running program would have, and what happens in them. */
class World {
  readonly numbers = new NumberHistory({ pollMs: POLL_SECONDS * 1_000 });
  readonly #store = new ObjectStore();
  #at = 0;

  constructor() {
    for (let index = 0; index < COMPONENTS; index += 1) this.#put(index);
  }

  source(): ConsoleSource {
    const none = new ObjectStore();
    return {
      obstacle: () => undefined,
      cache: (kind: ShownKind) => kind === "Function" ? this.#store : none,
      nextLookAtMs: () => undefined,
      numbers: this.numbers,
      cluster: { get: () => Promise.resolve(undefined) },
      program: { version: "0.0.0", server: "https://cluster" },
      clock: systemClock,
    };
  }

  /** Lets as many components say something new as do in a tenth of a second. */
  goOn(): void {
    const count = Math.ceil(COMPONENTS / POLL_SECONDS / 10);
    for (let index = 0; index < count; index += 1) this.#put(this.#at++ % COMPONENTS);
  }

  #put(index: number): void {
    const object = component(index, Date.now());
    this.#store.put(object);
    this.numbers.note(object, Date.now());
  }
}

/** One of a chain of ten; its exception says when it was put. */
function component(index: number, nowMs: number): KubeObject {
  const namespace = `team-${index % NAMESPACES}`;
  const name = `orders-${index}`;
  const place = Math.floor(index / NAMESPACES);
  const lastTransitionTime = "2026-11-29T08:00:00Z";
  const ready = { type: "Ready", status: "True", reason: "Ready", message: "2/2 pods ready" };
  const message = `java.lang.IllegalStateException: cannot enrich an order ${nowMs}`;
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "Function",
    metadata: { namespace, name, uid: name, generation: 1, resourceVersion: String(nowMs) },
    spec: {
      image: "registry.example/runner:1.2.3",
      java: { jar: "orders.jar" },
      pulsar: { pulsarConfig: "pulsar" },
      input: { topics: [`step-${place}`] },
      output: { topic: place % 10 === 9 ? `end-${place}` : `step-${place + 1}` },
    },
    status: {
      conditions: [{ ...ready, lastTransitionTime, observedGeneration: 1 }],
      replicas: 2,
      readyReplicas: 2,
      instances: [0, 1].map((ordinal) => ({
        name: `${name}-function-${ordinal}`,
        ready: true,
        state: "Running",
        restarts: 0,
      })),
      runtime: {
        processed: Math.floor(nowMs / 100),
        backlog: nowMs % 1_000,
        exceptions: 3,
        subscriptions: [{ topic: `step-${place}`, name: "s", backlog: nowMs % 1_000 }],
        instances: [{ ordinal: 0, exceptions: [{ origin: "user", message }] }],
      },
    },
  };
}

/** Share of one processor that this process takes while things happen, in percent. */
async function processorShare(world: World): Promise<number> {
  const [before, startMs] = [process.cpuUsage(), performance.now()];
  while (performance.now() - startMs < MEASURED_SECONDS * 1_000) {
    world.goOn();
    await systemClock.sleep(100);
  }
  const after = process.cpuUsage();
  const usedMs = (after.user + after.system - before.user - before.system) / 1_000;
  return 100 * usedMs / (performance.now() - startMs);
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function main(): Promise<void> {
  const world = new World();
  await using door = new ConsoleDoor({ source: world.source(), page: PAGE, log: silentLogger });
  await using server = await startPlainServer({
    address: "127.0.0.1:0",
    name: "console",
    answer: door.answer.bind(door),
    isEndless: isStream,
    log: silentLogger,
  });
  say(
    `${COMPONENTS} components, of which ${Math.round(COMPONENTS / POLL_SECONDS)} change a second`,
  );
  const idle = await processorShare(world);
  say(`nobody looks: ${idle.toFixed(1)} % of a processor, all of it for the changes themselves`);
  const viewers = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", import.meta.filename ?? "", LOOK, server?.url ?? ""]
      .concat(String(VIEWERS)),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  while (door.viewers.size < VIEWERS) await systemClock.sleep(100);
  // The first views are made, and the code is warm.
  await processorShare(world);
  const looked = await processorShare(world);
  say(`${VIEWERS} look: ${looked.toFixed(1)} % of a processor`);
  await viewers.stdin.close();
  const { stdout } = await viewers.output();
  say(new TextDecoder().decode(stdout).trim());
}

if (Deno.args[0] === LOOK) {
  (await lookOn(Deno.args[1] ?? "", Number(Deno.args[2]))).forEach(say);
} else {
  await main();
}
