/** A place at rest with one program, for chapters that do harm to what is around it. */
import type { RecordingProxy } from "../support/recording_proxy.ts";
import type { Content } from "./content.ts";
import type { ProgramProcess } from "../support/program_process.ts";
import { Place, type Surroundings } from "./place.ts";
import type { ChaosStage } from "./stage.ts";

/** What a place holds before the fault. */
export const BEFORE: Content = {
  configs: { a: "1", b: "1" },
  functions: { f: { cpu: "100m" } },
};

/** What is committed around the fault: something changed, made and pruned. */
export function contentAfter(value: string): Content {
  return {
    configs: { a: value, c: value },
    functions: { f: { cpu: "200m" }, [`h${value}`]: { cpu: "100m" } },
  };
}

/** A place at rest, with a program behind a proxy. */
export interface Settled extends AsyncDisposable {
  readonly place: Place;
  readonly proxy: RecordingProxy;
  readonly program: ProgramProcess;
}

/** Where it is to settle. */
export interface SettledOptions {
  /** Members of the spec of the MeshSync. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** How the program is started there. */
  readonly around?: (place: Place, proxy: RecordingProxy) => Promise<Surroundings> | Surroundings;
}

/** Starts a program for a place of its own, and waits until it rests. */
export async function settled(
  stage: ChaosStage,
  { around = () => ({}), spec = {} }: SettledOptions = {},
): Promise<Settled> {
  const place = await Place.open(stage);
  try {
    const proxy = place.proxy();
    await place.commit(BEFORE);
    await place.sync(spec);
    const program = await place.start(proxy, await around(place, proxy));
    await place.untilRest();
    return { place, proxy, program, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}

/** Resolves after a while. */
export function paused(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** More than this in a second is a busy loop: faults are no reason to ask without a pause. */
const REQUESTS_A_SECOND_MAX = 25;

/** How often anything was asked while something went on. @throws where that is a busy loop */
export async function requestRate(
  proxy: RecordingProxy,
  work: () => Promise<unknown>,
): Promise<string> {
  const startMs = performance.now();
  const before = proxy.seen.length;
  await work();
  const seconds = (performance.now() - startMs) / 1_000;
  const rate = Math.round((proxy.seen.length - before) / seconds);
  if (rate > REQUESTS_A_SECOND_MAX) throw new Error(`${rate} requests a second: a busy loop`);
  return `${rate} requests a second`;
}
