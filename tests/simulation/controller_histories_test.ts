/**
 * Histories of Functions and meshes on an API server in memory: edits, scales, deletions, pods that come and go, caches
 * that lag and break down, requests that fail and restarts, in an order by chance. What must be so at the end is so,
 * and no status lied on the way.
 */
import { assertEquals } from "@std/assert";
import { idText, type KubeObject } from "#base";
import { ControllerWorld } from "../support/controller_world.ts";
import {
  functionId,
  meshId,
  podsOf,
  SHOP,
  statefulSetId,
} from "../support/controller_world_facts.ts";
import type { Failure } from "../support/fault_plan.ts";
import { functionObject } from "../support/objects.ts";
import { picked, seeded } from "../support/seeded.ts";

const HISTORIES = 150;
const STEPS = 12;
const NAMES = ["orders", "shop-pay"] as const;
const FAILURES: readonly Failure[] = ["404", "409", "429", "500", "lost", "timeout"];
const KINDS = ["Function", "StatefulSet", "Service", "Pod", "FunctionMesh"] as const;

function mesh(image: string): KubeObject {
  const item = { name: "pay", ...functionObject("pay", { image }).spec as object };
  const { apiVersion, kind } = meshId("shop");
  return {
    apiVersion,
    kind,
    metadata: { name: "shop", namespace: SHOP },
    spec: { functions: [item] },
  };
}

function userFunction(): KubeObject {
  const object = functionObject("orders", { replicas: undefined, cleanupSubscription: true });
  return { ...object, metadata: { name: "orders", namespace: SHOP } };
}

/** What one history did: shown when it fails. */
class History {
  readonly world = new ControllerWorld();
  readonly steps: string[] = [];
  readonly #chance: () => number;
  /** Pods that were there at the last rest, by name: the same Function must keep them. */
  #images = new Map<string, string>([["orders", "example/runner:1"], [
    "shop-pay",
    "example/runner:1",
  ]]);

  constructor(seed: number) {
    this.#chance = seeded(seed);
    this.world.createNow(userFunction());
    this.world.createNow(mesh("example/runner:1"));
  }

  async run(): Promise<void> {
    await this.world.settle();
    for (let step = 0; step < STEPS; step++) {
      const [name, act] = picked(this.#chance, this.#acts());
      this.steps.push(name);
      act();
      if (this.#chance() < 0.7) await this.world.settle();
    }
    await this.#rest();
  }

  #acts(): (readonly [string, () => void])[] {
    const { world } = this;
    const name = picked(this.#chance, NAMES);
    const number = Math.floor(this.#chance() * 4);
    const kind = picked(this.#chance, KINDS);
    const how = picked(this.#chance, FAILURES);
    const when = picked(this.#chance, ["before", "after"] as const);
    return [
      [`pods of all run`, () => world.runPods()],
      [`pods of all are not ready`, () => world.runPods({ isReady: false })],
      [`pods of all fail`, () => world.failPods()],
      [`edit ${name}: image ${number}`, () => this.#edit(name, `example/runner:${number}`)],
      [`scale ${name} to ${number}`, () => world.scaleNow(functionId(name), number)],
      [`the StatefulSet of ${name} is edited`, () => this.#drift(name, number)],
      [`the StatefulSet of ${name} is deleted`, () => this.#remove(statefulSetId(name))],
      [`caches lag by ${number}`, () => world.lag = number],
      [
        `${kind} cannot be read`,
        () => world.cutOff(kind, { isRefusal: true, problem: "forbidden" }),
      ],
      [`${kind} can be read`, () => world.cutOff(kind, undefined)],
      [`a request fails: ${how} ${when}`, () => this.#fail(how, when)],
      [`restart`, () => world.restart()],
    ];
  }

  #edit(name: typeof NAMES[number], image: string): void {
    this.#images.set(name, image);
    if (name === "orders") this.world.patchNow(functionId(name), { spec: { image } });
    else this.world.patchNow(meshId("shop"), { spec: mesh(image).spec as object });
  }

  #drift(name: string, replicas: number): void {
    if (this.world.object(statefulSetId(name)) === undefined) return;
    this.world.patchNow(statefulSetId(name), { spec: { replicas } });
  }

  #remove(id: ReturnType<typeof statefulSetId>): void {
    if (this.world.object(id) !== undefined) this.world.removeNow(id);
  }

  #fail(how: Failure, when: "before" | "after"): void {
    let left = 1 + Math.floor(this.#chance() * 3);
    this.world.plan = () => {
      if (left === 0 || this.#chance() < 0.5) return undefined;
      left--;
      return { fails: { how, when } };
    };
  }

  /** Nothing fails any more, and all comes to a rest. */
  async #rest(): Promise<void> {
    const { world } = this;
    world.plan = () => undefined;
    world.lag = 0;
    for (const kind of KINDS) world.cutOff(kind, undefined);
    for (let round = 0; round < 3; round++) {
      await world.resync();
      world.runPods();
      await world.settle();
    }
    assertEquals(world.lies, []);
    for (const name of NAMES) this.#check(name);
    const uids = world.all("v1", "Pod").map(({ metadata }) => metadata.uid);
    for (const name of NAMES) {
      assertEquals(await world.pass("Function", name), { writes: [], reads: [] }, name);
    }
    assertEquals(await world.pass("FunctionMesh", "shop"), { writes: [], reads: [] });
    assertEquals(world.all("v1", "Pod").map(({ metadata }) => metadata.uid), uids);
  }

  #check(name: typeof NAMES[number]): void {
    const { world } = this;
    const live = world.object(functionId(name));
    const owned = world.object(statefulSetId(name));
    const replicas = (live?.spec as { readonly replicas?: number } | undefined)?.replicas;
    const { replicas: pods, template } = owned?.spec as {
      readonly replicas?: number;
      readonly template: { readonly spec: { readonly containers: readonly { image?: string }[] } };
    };
    assertEquals(pods, replicas, `replicas of ${name}`);
    assertEquals(template.spec.containers[0]?.image, this.#images.get(name), `image of ${name}`);
    assertEquals(world.ready(functionId(name)).slice(0, 4), "True", idText(functionId(name)));
    assertEquals(owned === undefined ? 0 : podsOf(owned, world).length, replicas);
  }
}

Deno.test(`${HISTORIES} histories of a controller end as they should, and no status lies`, async () => {
  const first = 1;
  for (let seed = first; seed < first + HISTORIES; seed++) {
    const history = new History(seed);
    try {
      await history.run();
    } catch (cause) {
      throw new Error(`seed ${seed}: ${history.steps.join("; ")}`, { cause });
    }
  }
});
