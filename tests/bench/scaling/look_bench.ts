/**
 * What one look at many scaled components costs: `deno task bench-scaling-look [components]`. Brokers and
 * instances answer from a process of their own, so that the memory is the program's alone. Linux only.
 *
 * @module
 */
import type { KubeObject } from "#base";
import { eventually } from "../../support/eventually.ts";
import { podObject } from "../../support/objects.ts";
import { INTERVAL_MS, scaledFunction, ScalingWorld } from "../../support/scaling_world.ts";
import type { Asked, Ready } from "./look_answers.ts";

const COMPONENTS = 2_000;
const LOOKS = 10;
const NAMESPACES = 20;
const AWAY = "away";
/** Of so many components one has a broker that hangs. */
const HANGING_OF = 20;
/** Questions that one broker is asked together. */
const HANGING_AT_ONCE = 16;
const SAMPLES_MS = 20;
const MB = 1024 * 1024;

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Brokers and instances, in a process that tells what it was asked. */
class Answers implements AsyncDisposable {
  readonly #process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("look_answers.ts", import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  readonly #input = this.#process.stdin.getWriter();
  readonly #lines = lines(this.#process.stdout);

  /** Where they listen. */
  async ready(): Promise<Ready> {
    return JSON.parse((await this.#lines.next()).value ?? "");
  }

  /** What they were asked since this was called last. */
  async asked(): Promise<Asked> {
    await this.#input.write(new TextEncoder().encode("\n"));
    return JSON.parse((await this.#lines.next()).value ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#lines.return(undefined);
    await this.#process.status;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = `${rest}${text}`.split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  return undefined;
}

/** Each component with a topic and a pod of its own; some have a broker that hangs. */
function worldOf(components: number, { broker, hanging, instances }: Ready): ScalingWorld {
  const world = new ScalingWorld(broker);
  const away = { ...world.data, ConfigMap: { webServiceURL: hanging } };
  world.dataOf = (namespace) => namespace === AWAY ? away : world.data;
  for (let index = 0; index < components; index++) {
    const name = `fn-${index}`;
    const namespace = index % HANGING_OF === 0 ? AWAY : `team-${index % NAMESPACES}`;
    const spec = { replicas: 1, subscriptionName: "shop" };
    world.addComponent(scaledFunction(name, spec, { namespace, uid: name }));
    const set = world.objects.get("StatefulSet")?.get(`${namespace}/${name}-function`);
    const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: `${name}-function` };
    const podIP = instances[index % instances.length] ?? "";
    const pod = podObject(`${name}-function-0`, { ready: true, status: { podIP } });
    world.add("Pod", {
      ...pod,
      metadata: {
        ...pod.metadata,
        namespace,
        ownerReferences: [{ ...owner, uid: set?.metadata.uid ?? "" }],
      },
    });
  }
  return world;
}

/** The most memory that there was from now on, beyond what there is now. */
function memoryWatch(): { mostMb(): number } & Disposable {
  const before = Deno.memoryUsage().rss;
  let most = before;
  const look = () => most = Math.max(most, Deno.memoryUsage().rss);
  const timer = setInterval(look, SAMPLES_MS);
  return {
    mostMb() {
      look();
      return (most - before) / MB;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Looks at all whose brokers answer. */
async function quietLooks(components: number, answers: Answers, ready: Ready): Promise<string[]> {
  const world = worldOf(components, { ...ready, hanging: ready.broker });
  const { signal } = new AbortController();
  using loop = world.loop();
  using memory = memoryWatch();
  const seconds: number[] = [];
  const asked: Asked[] = [];
  for (let look = 0; look < LOOKS; look++) {
    const startMs = performance.now();
    await loop.round(signal);
    seconds.push((performance.now() - startMs) / 1000);
    asked.push(await answers.asked());
    await world.clock.advance(INTERVAL_MS);
  }
  const requests = world.takeRequests();
  const count = (verb: string) => requests.filter((one) => one.startsWith(`${verb} `)).length;
  const most = (of: (one: Asked) => number) => Math.max(...asked.map(of));
  return [
    `${components} components, ${LOOKS} looks`,
    `first look: ${seconds[0]?.toFixed(2)} s; slowest of the others: ` +
    `${Math.max(...seconds.slice(1)).toFixed(2)} s`,
    `memory: at most ${memory.mostMb().toFixed(0)} MB more than before the first`,
    `a look asks the broker ${most(({ topics }) => topics)} times, ` +
    `${most(({ topicsTogether }) => topicsTogether)} at a time, and instances ` +
    `${most(({ instances }) => instances)} times, ` +
    `${most(({ instancesTogether }) => instancesTogether)} at a time`,
    `all looks together: ${count("get")} reads, ${count("scale")} scales, ` +
    `${count("status")} statuses`,
  ];
}

/** A first look at as many, some of which have a broker that hangs. */
async function lookBesideHanging(
  components: number,
  answers: Answers,
  ready: Ready,
): Promise<string[]> {
  const world = worldOf(components, ready);
  const { signal } = new AbortController();
  using loop = world.loop();
  const all = [...world.objects.get("Function")?.values() ?? []];
  const free = all.filter(({ metadata }) => metadata.namespace !== AWAY);
  const isDecided = ({ metadata: { name, namespace = "" } }: KubeObject) =>
    world.component(name, { namespace }).status?.scaling !== undefined;
  const startMs = performance.now();
  const round = loop.round(signal);
  await eventually(() => free.every(isDecided), { intervalMs: 10 });
  const seconds = (performance.now() - startMs) / 1000;
  // Only those who were asked and do not answer are still waited for.
  await eventually(() => world.clock.sleeping <= HANGING_AT_ONCE, { intervalMs: 10 });
  await world.clock.advance(INTERVAL_MS);
  await round;
  const { hung } = await answers.asked();
  return [
    `with ${all.length - free.length} of them on a broker that hangs: all others after ` +
    `${seconds.toFixed(2)} s; it is asked ${hung} times`,
  ];
}

if (import.meta.main) {
  const [components = COMPONENTS] = Deno.args.map(Number);
  await using answers = new Answers();
  const ready = await answers.ready();
  for (const look of [quietLooks, lookBesideHanging]) {
    for (const line of await look(components, answers, ready)) say(line);
  }
}
