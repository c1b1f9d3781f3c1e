/** The program is killed at every write of the definitions of its kinds: made at its first start, and put right later. */
import { customResourceDefinitions } from "#api";
import { systemClock } from "#base";
import { installDefinitions } from "#kube";
import { eventually } from "../support/eventually.ts";
import type { RecordingProxy } from "../support/recording_proxy.ts";
import { testClient } from "../support/transport.ts";
import type { Api } from "./api.ts";
import { type Chaos, type Injected, shuffled, type Trial } from "./guarantee.ts";
import { DeadlyWrite, type Plan } from "./lives.ts";
import { Place } from "./place.ts";
import { BEFORE } from "./settled.ts";
import type { ChaosStage } from "./stage.ts";

const NAMES = customResourceDefinitions().map(({ metadata }) => metadata.name);

function definition(name: string) {
  return { kind: "CustomResourceDefinition", name } as const;
}

/** As if no cluster ever had them: what earlier lines left, whose program is gone, keeps nothing. */
async function removed(api: Api): Promise<void> {
  for (const kind of ["Function", "MeshSync"] as const) {
    // A server that has just heard of a kind asks for patience.
    const left = await eventually(() => api.listAll(kind), { timeoutMs: 120_000, intervalMs: 250 });
    for (const { metadata: { name, namespace = "" } } of left) {
      await api.letGo({ kind, name, namespace });
    }
  }
  await Promise.all(NAMES.map((name) => api.remove(definition(name))));
  await eventually(async () => {
    const found = await Promise.all(NAMES.map((name) => api.find(definition(name))));
    return found.every((one) => one === undefined);
  }, { timeoutMs: 120_000, intervalMs: 100 });
}

/** As if another program had written over each. */
async function altered(api: Api): Promise<void> {
  const metadata = { annotations: { "compute.functionmesh.io/definition-hash": "of another" } };
  const spec = { names: { shortNames: null, categories: ["another"] } };
  await Promise.all(NAMES.map((name) => api.patch(definition(name), { metadata, spec })));
}

/** @throws where one is not as this program would have it */
async function assertInPlace({ access }: ChaosStage): Promise<void> {
  await using client = testClient(access);
  const options = { fieldManager: "chaos", clock: systemClock };
  const done = await installDefinitions(client.cluster, customResourceDefinitions(), options);
  const wrong = done.filter(({ action }) => action !== "unchanged").map(({ name }) => name);
  if (wrong.length > 0) throw new Error(`Definitions were not put in place: ${wrong}`);
}

/** A process that dies at a write, and the next one: answers how many writes that took. */
async function installed(
  plan: Plan,
  { place, proxy, stage }: {
    readonly place: Place;
    readonly proxy: RecordingProxy;
    readonly stage: ChaosStage;
  },
): Promise<number> {
  const start = async () => ({ from: proxy.seen.length, program: await place.start(proxy) });
  let running = await start();
  const deadly = new DeadlyWrite(plan, async () => {
    running.program.signal("SIGKILL");
    await running.program.ended;
    running = await start();
  });
  proxy.meet = ({ isWrite, path }) =>
    isWrite && path.includes("/customresourcedefinitions") ? deadly.meet() : undefined;
  if (Number.isFinite(plan.nth)) {
    await eventually(() => deadly.rebirth !== undefined, { timeoutMs: 120_000, intervalMs: 50 });
  }
  await deadly.rebirth;
  await place.untilServed(proxy, running.from);
  await assertInPlace(stage);
  await running.program[Symbol.asyncDispose]();
  return deadly.count;
}

async function killed({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using place = await Place.open(stage);
  const at = { place, proxy: place.proxy(), stage };
  let times = 0;
  for (const harm of [removed, altered]) {
    const moment = () => chance() < 0.5 ? "before" : "after";
    const writes = Array.from({ length: NAMES.length }, (_, index) => index + 1);
    for (const nth of shuffled(chance, writes)) {
      await harm(stage.api);
      const count = await installed({ nth, moment: moment() }, at);
      // One that the dead process did not hear of may come twice, and so may those that were under way with it.
      if (count > 2 * NAMES.length) throw new Error(`${count} writes for ${NAMES.length}`);
      times++;
    }
  }
  await place.commit(BEFORE);
  await place.sync();
  await place.start(at.proxy);
  await place.untilRest();
  return { what: `killed at each write of ${NAMES.length} that are missing, or others`, times };
}

/** See the module: they need a control plane that nobody else uses. */
export const DEFINITIONS: readonly Trial[] = [{
  name: "processes/definitions",
  claim: "each is as this program has it, and resources are looked after by them",
  run: killed,
}];
