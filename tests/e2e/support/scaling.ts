import { assertEquals } from "@std/assert";
import type { ScalingStatus } from "#api";
import type { KubeObject } from "#base";
import { eventually } from "../../support/eventually.ts";
import { pythonFunction, type Spec } from "./components.ts";
import { adminPath } from "./messages.ts";
import type { Resource, Story } from "./story.ts";

/** How patiently these stories wait: what they wait for takes a minute where nobody else works. */
export const WAIT = { timeoutMs: 600_000, intervalMs: 500 };

/** A function that takes its time, as most that are worth scaling: `funcConfig.seconds` for each message. */
const SLOW = `import time

from pulsar import Function


class Slow(Function):
    def process(self, input, context):
        time.sleep(float(context.get_user_config_value("seconds")))
        return input + "!"
`;

/** The ConfigMap that {@linkcode slowFunction} reads. */
export const SLOW_CODE: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "code" },
  data: { "slow.py": SLOW },
} as KubeObject;

/** Members of a Function's spec that stands at zero, and takes `seconds` for each message. */
export function slowFunction(
  { image }: Pick<Story, "image">,
  { subscription, seconds, ...topics }: {
    readonly input: string;
    readonly output: string;
    readonly subscription: string;
    readonly seconds: number;
  },
): Spec {
  return {
    ...pythonFunction(image, topics),
    className: "slow.Slow",
    python: { py: "/code/slow.py" },
    // What one instance took ahead, no other one can work on.
    input: { topics: [topics.input], sourceSpecs: { [topics.input]: { receiverQueueSize: 10 } } },
    funcConfig: { seconds: String(seconds) },
    subscriptionName: subscription,
    pod: {
      terminationGracePeriodSeconds: 10,
      volumes: [{ name: "code", configMap: { name: "code" } }],
    },
    volumeMounts: [{ name: "code", mountPath: "/code" }],
    replicas: 0,
    minReplicas: 0,
  };
}

/** What the broker says of a topic. */
export interface Stats {
  readonly msgInCounter: number;
  readonly subscriptions: Readonly<
    Record<string, { readonly msgBacklog: number; readonly msgOutCounter: number }>
  >;
}

/** Makes a topic, of so many partitions if any, and a subscription, as no pod is there that would. */
export async function subscribed(
  { toolbox }: Pick<Story, "toolbox">,
  topic: string,
  { subscription, partitions = 0 }: {
    readonly subscription: string;
    readonly partitions?: number;
  },
): Promise<void> {
  const asks: readonly (readonly [string, unknown?])[] = [
    ...(partitions === 0 ? [] : [["/partitions", partitions] as const]),
    [`/subscription/${subscription}`],
  ];
  for (const [path, body] of asks) {
    const { status, text } = await toolbox.admin("PUT", `${adminPath(topic)}${path}`, body);
    assertEquals(status, 204, text);
  }
}

/** @param what `stats`, or `partitioned-stats` of a topic with partitions */
export async function stats(
  { toolbox }: Pick<Story, "toolbox">,
  topic: string,
  what: "stats" | "partitioned-stats" = "stats",
): Promise<Stats> {
  const { status, text } = await toolbox.admin("GET", `${adminPath(topic)}/${what}`);
  assertEquals(status, 200, text);
  return JSON.parse(text);
}

/** What the Events tell of each change of a component, the first one first. */
export async function changes(story: Story, name: string): Promise<string[]> {
  const text = await story.kubectl("get", "events", "-o", "json");
  interface Told extends KubeObject {
    readonly reason?: string;
    readonly message?: string;
    readonly involvedObject?: { readonly name?: string };
    readonly firstTimestamp?: string | null;
    readonly eventTime?: string | null;
  }
  const { items } = JSON.parse(text) as { readonly items: readonly Told[] };
  const timeOf = (event: Told) => event.eventTime ?? event.firstTimestamp ?? "";
  return items.filter(({ reason, involvedObject }) =>
    reason === "Scaled" && involvedObject?.name === name
  )
    .sort((a, b) => timeOf(a) < timeOf(b) ? -1 : 1)
    .map(({ message = "" }) => message);
}

/** Function or Sink, as far as scaling goes. */
export interface Scaled extends Resource {
  readonly spec: { readonly replicas?: number };
  readonly status?: Readonly<Record<string, unknown>> & { readonly scaling?: ScalingStatus };
}

/** Resolves when a component stands at zero by its own decision, with no pod left. */
export async function untilAtZero(story: Story, kind: string, name: string): Promise<void> {
  await eventually(async () => {
    const { spec, status } = await story.get<Scaled>(kind, name);
    assertEquals([spec.replicas, status?.scaling?.wanted], [0, 0], status?.scaling?.reason);
    assertEquals(await story.pods(`${name}-${kind.toLowerCase()}`), []);
    return true;
  }, WAIT);
}

/** One look at all Functions of a story: they are of one moment, as a list is. */
export interface Sample {
  readonly atMs: number;
  readonly replicas: ReadonlyMap<string, number>;
  readonly scaling: ReadonlyMap<string, ScalingStatus>;
}

const SAMPLES_MS = 300;

/** Looks at the Functions of a story again and again until it is disposed of. */
export class ReplicaWatch implements AsyncDisposable {
  readonly seen: Sample[] = [];
  readonly #story: Story;
  readonly #looking: Promise<void>;
  #isOver = false;

  constructor(story: Story) {
    this.#story = story;
    this.#looking = this.#look();
    // Told when it is disposed of.
    this.#looking.catch(() => {});
  }

  /** What was seen so far, of one component. */
  replicasOf(name: string): number[] {
    return this.seen.map(({ replicas }) => replicas.get(name) ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { api, namespace } = this.#story;
    const apiVersion = "compute.functionmesh.io/v1alpha1";
    while (!this.#isOver) {
      const found = await api.list<Scaled>({ apiVersion, kind: "Function", namespace });
      const entries = found.map(({ metadata, spec, status }) =>
        [metadata.name, spec.replicas ?? 0, status?.scaling ?? {}] as const
      );
      this.seen.push({
        atMs: performance.now(),
        replicas: new Map(entries.map(([name, replicas]) => [name, replicas])),
        scaling: new Map(entries.map(([name, , scaling]) => [name, scaling])),
      });
      await new Promise((resolve) => setTimeout(resolve, SAMPLES_MS));
    }
  }
}

/** Times of what happened since it was made, for whoever reads the log of a run: nothing is checked by them. */
export class Times {
  readonly #startMs = performance.now();
  readonly #lines: string[] = [];

  /** Notes that something happened now. */
  note(what: string): void {
    const seconds = (performance.now() - this.#startMs) / 1000;
    this.#lines.push(`${seconds.toFixed(1)} s: ${what}`);
  }

  toString(): string {
    return this.#lines.join("\n");
  }
}
