/** A place at rest with one program, for chapters that do harm to what is around it. */
import type { RecordingProxy } from "../support/recording_proxy.ts";
import type { Content } from "./content.ts";
import { Place } from "./place.ts";
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
}

/** Starts a program for a place of its own, and waits until it rests. */
export async function settled(
  stage: ChaosStage,
  spec: Readonly<Record<string, unknown>> = {},
): Promise<Settled> {
  const place = await Place.open(stage);
  try {
    const proxy = place.proxy();
    await place.commit(BEFORE);
    await place.sync(spec);
    await place.start(proxy);
    await place.untilRest();
    return { place, proxy, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}

/** Resolves after a while. */
export function paused(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
