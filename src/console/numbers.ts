import type { Component } from "#api";
import { idOf, idText, type KubeObject } from "#base";
import type { HistoryView } from "./view.ts";

/** How long a history is. */
const HOUR_MS = 3_600_000;
/** Between two points of a history. */
const STEP_MS = 60_000;
/** How long numbers are kept: a rate at the beginning is about the step before it. */
const KEPT_MS = HOUR_MS + 2 * STEP_MS;
/** Shortest time between two that are kept: a newer one takes the place of the last. */
const SAMPLE_MS = 15_000;
/** The time that a rate is about. */
const RATE_MS = 60_000;

/** What instances and broker said at one time. */
interface Sample {
  readonly atMs: number;
  /** Grows on where instances began anew. */
  readonly total: number | undefined;
  readonly processed: number | undefined;
  readonly backlog: number | undefined;
  readonly exceptions: number | undefined;
}

/**
 * What instances and brokers said of components in the last hour: noted when a cache tells of it, so that nothing is asked and
 * nothing computed until somebody looks.
 *
 * # Guarantees
 * Some 270 notes of four numbers a component at most; a component that is gone is forgotten.
 */
export class NumberHistory {
  readonly #samples = new Map<string, Sample[]>();
  readonly #pollMs: number;

  /** @param pollMs time between two looks at instances: what lies between two looks that differ happened in the last of them */
  constructor({ pollMs }: { readonly pollMs: number }) {
    this.#pollMs = Math.max(pollMs, SAMPLE_MS);
  }

  /** How many notes are kept, of all components. */
  get size(): number {
    return this.#samples.values().reduce((sum, kept) => sum + kept.length, 0);
  }

  /** Notes what a component says now, where that is something new. */
  note(component: KubeObject, nowMs: number): void {
    const { backlog, exceptions, processed } = (component as Component).status?.runtime ?? {};
    const key = idText(idOf(component));
    const kept = this.#samples.get(key) ?? [];
    const last = kept.at(-1);
    if (processed === undefined && backlog === undefined && last === undefined) return;
    if (
      last?.processed === processed && last?.backlog === backlog && last?.exceptions === exceptions
    ) return;
    const grown = Math.max(0, (processed ?? 0) - (last?.processed ?? processed ?? 0));
    const total = processed === undefined ? last?.total : (last?.total ?? 0) + grown;
    const isSoon = last !== undefined && kept.length > 1 &&
      nowMs - (kept.at(-2)?.atMs ?? 0) < SAMPLE_MS;
    if (isSoon) kept.pop();
    kept.push({ atMs: nowMs, total, processed, backlog, exceptions });
    // One that is older stays: it says what was so when the hour began.
    while ((kept[1]?.atMs ?? Infinity) < nowMs - KEPT_MS) kept.shift();
    this.#samples.set(key, kept);
  }

  /** Forgets a component that is gone. */
  forget(component: KubeObject): void {
    this.#samples.delete(idText(idOf(component)));
  }

  /**
   * Messages a second in the last minute, as far as it is known: until the last look where that was lately, else until now.
   *
   * @param id `Function shop/enrich`
   */
  perSecond(id: string, nowMs: number): number | undefined {
    const samples = this.#samples.get(id) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last?.processed === undefined) return undefined;
    const endMs = nowMs - last.atMs < 2 * this.#pollMs ? last.atMs : nowMs;
    const startMs = Math.max(first.atMs, endMs - RATE_MS);
    if (endMs <= startMs) return undefined;
    return this.#rate(samples, startMs, endMs);
  }

  /** The last hour of a component, a point a minute; undefined where nothing is known of it. */
  of(id: string, nowMs: number): HistoryView | undefined {
    const samples = this.#samples.get(id);
    if (samples === undefined) return undefined;
    const endMs = Math.floor(nowMs / STEP_MS) * STEP_MS;
    const times = Array.from(
      { length: HOUR_MS / STEP_MS + 1 },
      (_, index) => endMs - HOUR_MS + index * STEP_MS,
    );
    const known = times.map((atMs) => sampleAt(samples, atMs));
    return {
      at: times.map((atMs) => atMs / 1000),
      perSecond: times.map((atMs, index) =>
        known[index]?.processed === undefined || sampleAt(samples, atMs - STEP_MS) === undefined
          ? null
          : this.#rate(samples, atMs - STEP_MS, atMs) ?? null
      ),
      backlog: known.map((sample) => sample?.backlog ?? null),
      exceptions: known.map((sample) => sample?.exceptions ?? null),
    };
  }

  #rate(samples: readonly Sample[], startMs: number, endMs: number): number | undefined {
    const [before, after] = [startMs, endMs].map((atMs) => this.#totalAt(samples, atMs));
    if (before === undefined || after === undefined) return undefined;
    return Number(((after - before) / ((endMs - startMs) / 1000)).toPrecision(3));
  }

  /** What was processed until a time: between two looks it grows evenly, but no longer than one look took to come. */
  #totalAt(samples: readonly Sample[], atMs: number): number | undefined {
    const index = samples.findLastIndex((sample) => sample.atMs <= atMs);
    const [before, after] = [samples[index], samples[index + 1]];
    if (before?.total === undefined) return undefined;
    if (after?.total === undefined) return before.total;
    const fromMs = Math.max(before.atMs, after.atMs - this.#pollMs);
    const share = Math.max(0, atMs - fromMs) / (after.atMs - fromMs);
    return before.total + (after.total - before.total) * share;
  }
}

function sampleAt(samples: readonly Sample[], atMs: number): Sample | undefined {
  return samples.findLast((sample) => sample.atMs <= atMs);
}
