import { assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { documentedBlocks, documentedShell } from "./support/documented_shell.ts";
import {
  type FunctionsWorker,
  startFunctionsWorker,
  WORKER_POD,
} from "./support/functions_worker.ts";
import { arrivals, arrivalsText, startLoad } from "./support/load.ts";
import { adminPath } from "./support/messages.ts";
import { portForward } from "./support/port_forward.ts";
import { e2eTest, type Pod, type Story } from "./support/story.ts";
import { Toolbox } from "./support/toolbox.ts";

const PAGE = await Deno.readTextFile(new URL("../../docs/from-pulsar-admin.md", import.meta.url));

/** A dozen JVMs start here, some of them side by side. */
const PATIENCE = { timeoutMs: 900_000, intervalMs: 250 };

const READING = { timeoutMs: PATIENCE.timeoutMs };

const PLACE = { tenant: "public", namespace: "default" };
const topic = (name: string) => `persistent://public/default/${name}`;
const CLICKS = topic("clicks");
/** What a JVM gets, in the worker and in the pod: a small heap, and no compiler of the second stage. */
const JAVA = {
  resources: { cpu: 0.01, ram: 384 * 1024 ** 2 },
  runtimeFlags: "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
};

/** What the worker runs: where, from which file of the image, how. Names are those of the page. */
const COMPONENTS = {
  orders: {
    path: "functions",
    file: "/pulsar/e2e/functions.jar",
    config: {
      ...JAVA,
      className: "meshwright.e2e.Uppercase",
      runtime: "JAVA",
      inputs: [topic("in-orders")],
      output: topic("out-orders"),
      processingGuarantees: "EFFECTIVELY_ONCE",
    },
  },
  prices: {
    path: "functions",
    file: "/pulsar/e2e/uppercase.py",
    config: {
      className: "uppercase.Uppercase",
      runtime: "PYTHON",
      inputs: [topic("in-prices")],
      output: topic("out-prices"),
      resources: { cpu: 0.01, ram: 192 * 1024 ** 2 },
    },
  },
  clicks: {
    path: "sources",
    file: "/pulsar/e2e/connectors.nar",
    config: { ...JAVA, topicName: CLICKS, configs: { intervalMs: "50" } },
  },
  archive: {
    path: "sinks",
    file: "/pulsar/e2e/connectors.nar",
    config: { ...JAVA, inputs: [topic("in-archive")], configs: { target: topic("out-archive") } },
  },
} as const;

/** Those that read, by a subscription that is called after them. */
const READERS = ["orders", "prices", "archive"] as const;

interface Subscription {
  readonly msgBacklog: number;
  readonly consumers: readonly { readonly address: string }[];
}

/** The only subscription of what a component reads. */
async function subscriptionOf(toolbox: Toolbox, name: string): Promise<Subscription> {
  const { status, text } = await toolbox.admin("GET", `${adminPath(topic(`in-${name}`))}/stats`);
  assertEquals(status, 200, text);
  const { subscriptions } = JSON.parse(text) as {
    readonly subscriptions: Readonly<Record<string, Subscription>>;
  };
  const [[own, subscription] = [], ...others] = Object.entries(subscriptions);
  assertEquals([own, others.length], [`public/default/${name}`, 0]);
  if (subscription === undefined) throw new Error(`Cannot see the subscription of ${name}`);
  return subscription;
}

/** Resolves when exactly this address reads what a component reads. */
async function untilReadFrom(toolbox: Toolbox, name: string, address: string): Promise<void> {
  await eventually(async () => {
    const { consumers } = await subscriptionOf(toolbox, name);
    assertEquals(consumers.map((one) => /^\/?([^:]+):/.exec(one.address)?.[1]), [address]);
    return true;
  }, PATIENCE);
}

async function runInWorker(worker: FunctionsWorker, toolbox: Toolbox): Promise<void> {
  // A little after the broker is healthy there is a namespace, and who takes functions for it.
  for (const path of ["v2/namespaces/public/default", "v2/worker/cluster/leader/ready"]) {
    const answer = async () => await toolbox.admin("GET", `/admin/${path}`);
    await eventually(async () => (await answer()).status === 200, PATIENCE);
  }
  for (const [name, { config, file, path }] of Object.entries(COMPONENTS)) {
    const whole = { ...PLACE, name, ...config };
    await toolbox.create(`${path}/public/default/${name}`, whole, file);
  }
  for (const name of READERS) await untilReadFrom(toolbox, name, worker.podIp);
  await toolbox.read(CLICKS, { ...READING, count: 5 });
}

/** How many messages the source has written. */
async function clickCount(toolbox: Toolbox): Promise<number> {
  const { text } = await toolbox.admin("GET", `${adminPath(CLICKS)}/stats`);
  return JSON.parse(text).msgInCounter;
}

/** Where the pod of a component is. */
async function podAddress(story: Story, pod: string): Promise<string> {
  const { status } = await story.get<Pod>("Pod", pod);
  return status.podIP ?? "";
}

async function readFromPods(story: Story, toolbox: Toolbox): Promise<void> {
  for (const name of READERS) {
    const kind = name === "archive" ? "sink" : "function";
    await untilReadFrom(toolbox, name, await podAddress(story, `${name}-${kind}-0`));
  }
}

e2eTest(
  "import",
  "what a functions worker runs is imported, cut over while messages run, and goes back",
  async (story) => {
    const worker = await startFunctionsWorker(story);
    await using toolbox = new Toolbox(story.setting, worker);
    await runInWorker(worker, toolbox);
    const { namespace } = story;
    await using admin = await portForward(story.cluster, {
      namespace,
      pod: WORKER_POD,
      port: 8080,
    });
    await using git = await portForward(story.cluster, {
      namespace: story.setting.pulsarNamespace,
      pod: story.setting.toolboxPod,
      port: 8000,
    });
    await using shell = await documentedShell(story, {
      adminPod: WORKER_POD,
      places: {
        "http://localhost:8080": admin.url,
        "http://broker:8080": worker.webUrl,
        "pulsar://broker:6650": worker.serviceUrl,
        "registry.example/pulsar-runner:4.0.8": story.image,
        "msync/shop -n shop": `msync/${story.sync} -n ${namespace}`,
        " -n shop": ` -n ${namespace}`,
      },
    });
    await shell.run(`git clone --quiet ${git.url}/${story.sync} .`);
    const loads = READERS.map((name) => startLoad(toolbox, topic(`in-${name}`), name));

    const blocks = documentedBlocks(PAGE, "Cutting over");
    assertEquals(blocks.length, 6);
    const [keep = "", write = "", commit = "", stop = "", apply = "", remove = ""] = blocks;
    await shell.run(keep);
    assertStringIncludes(await shell.run(write), "4 imported, 0 not");
    await shell.run(commit);
    await shell.run(stop);
    await eventually(async () => {
      const stopped = await Promise.all(READERS.map((name) => subscriptionOf(toolbox, name)));
      return stopped.every(({ consumers, msgBacklog }) => consumers.length === 0 && msgBacklog > 0);
    }, PATIENCE);
    const clicks = await clickCount(toolbox);
    await shell.run(apply);
    await readFromPods(story, toolbox);
    await toolbox.read(CLICKS, { ...READING, count: clicks + 20 });
    await shell.run(remove);
    await untilReadFrom(toolbox, "prices", await podAddress(story, "prices-function-0"));

    const [goBack = "", start = "", ...more] = documentedBlocks(PAGE, "And back");
    assertEquals(more, []);
    await shell.run(goBack);
    const clicksOfPod = await clickCount(toolbox);
    await shell.run(start);
    for (const name of ["orders", "archive"]) await untilReadFrom(toolbox, name, worker.podIp);
    await toolbox.read(CLICKS, { ...READING, count: clicksOfPod + 20 });
    await assertArrived(toolbox, await Promise.all(loads.map((load) => load.stop())));
  },
);

/** Every message arrived; once where the function is effectively once. */
async function assertArrived(toolbox: Toolbox, all: readonly (readonly string[])[]): Promise<void> {
  const lines: string[] = [];
  for (const [index, name] of READERS.entries()) {
    const sent = (all[index] ?? []).map((text) => name === "archive" ? text : text.toUpperCase());
    const counted = arrivals(
      sent,
      await toolbox.read(topic(`out-${name}`), { ...READING, texts: sent }),
    );
    lines.push(arrivalsText(name, counted));
    assertEquals(counted.lost, [], lines.join("\n"));
    if (name === "orders") assertEquals(counted.twice, [], lines.join("\n"));
  }
  const ticks = await toolbox.read(CLICKS, { ...READING, count: await clickCount(toolbox) });
  const last = Math.max(...ticks.map(({ text }) => Number(text.split(" ")[1])));
  const counted = arrivals(Array.from({ length: last + 1 }, (_, index) => `tick ${index}`), ticks);
  lines.push(arrivalsText("clicks", counted));
  assertEquals(counted.lost, [], lines.join("\n"));
  await Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
}
