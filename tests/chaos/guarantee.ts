/** What the harness claims about the program, and what came of trying it. */
import { durationText, type Progress } from "../../scripts/control_plane.ts";
import { seeded } from "../support/seeded.ts";
import type { ChaosStage } from "./stage.ts";

/** One claim: `name` is for `--only` and for `docs/operations.md`. */
export interface Guarantee {
  readonly name: string;
  /** What holds, whatever happened. */
  readonly claim: string;
}

/** What was done to the program, and how often. */
export interface Injected {
  readonly what: string;
  readonly times: number;
}

/** A guarantee that cannot be tried on this machine: that is told, and it is no failure of the program. */
export class CannotTry extends Error {
  override readonly name = "CannotTry";
}

/** A guarantee with the one way to try it. */
export interface Trial extends Guarantee {
  /** Does its worst, waits until rest and looks. @throws where the claim does not hold */
  readonly run: (chaos: Chaos, chance: () => number) => Promise<Injected>;
}

/** Guarantees that are tried on the same kind of place. */
export interface Chapter {
  readonly guarantees: readonly Guarantee[];
  /** Tries those that are wanted, once or for as long as there is time. */
  readonly run: (chaos: Chaos, wanted: ReadonlySet<string>) => Promise<void>;
}

/** A run of the harness, as chapters see it. */
export interface Chaos {
  readonly stage: ChaosStage;
  readonly report: Report;
  /** Chance of one guarantee in one round: the same for the same seed. */
  readonly chance: (name: string) => () => number;
  /** How many resources a trial has that is about many. */
  readonly resources: number;
  /** How long the run may still take. */
  readonly leftMs: () => number;
}

/** One line of the table. */
interface Line {
  readonly guarantee: Guarantee;
  times: number;
  what: string;
  readonly failures: string[];
  /** Why it cannot be tried here. */
  hindrance?: string;
}

/** Collects what happened, and tells it as it comes. */
export class Report {
  readonly #lines: ReadonlyMap<string, Line>;
  readonly #progress: Progress;
  readonly #startMs = performance.now();

  constructor(guarantees: readonly Guarantee[], progress: Progress) {
    this.#lines = new Map(
      guarantees.map((guarantee) => [
        guarantee.name,
        { guarantee, times: 0, what: "not tried", failures: [] },
      ]),
    );
    this.#progress = progress;
  }

  /** A guarantee held under so many faults more; what is said of them is what is said last. */
  held(name: string, { what, times }: Injected): void {
    const line = this.#line(name);
    line.times += times;
    line.what = what;
    this.#progress(`${this.#sinceText()}  held    ${name}: ${what}`);
  }

  /** A guarantee did not hold. */
  broken(name: string, where: string, error: unknown): void {
    // Causes are named in the message.
    const text = `${where}: ${error instanceof Error ? error.message : String(error)}`;
    this.#line(name).failures.push(text);
    const [first = ""] = text.split("\n");
    this.#progress(`${this.#sinceText()}  BROKEN  ${name}: ${first}`);
  }

  /** A guarantee cannot be tried on this machine. */
  impossible(name: string, why: string): void {
    this.#line(name).hindrance = why;
    this.#progress(`${this.#sinceText()}  NOT TRIED  ${name}: ${why}`);
  }

  /** Whether all held, and each was tried at least once that can be tried here. */
  get isGood(): boolean {
    return [...this.#lines.values()].every(({ failures, hindrance, what }) =>
      failures.length === 0 && (what !== "not tried" || hindrance !== undefined)
    );
  }

  /** How many held, how many did not or were not tried, and how many cannot be tried here. */
  tally(): string {
    const count = (isMeant: (line: Line) => boolean) =>
      [...this.#lines.values()].filter(isMeant).length;
    const held = count((line) => verdictOf(line) === "held");
    const ignored = count((line) => verdictOf(line) === "-" && line.hindrance !== undefined);
    const failed = count(() => true) - held - ignored;
    return `${held} passed | ${failed} failed${ignored === 0 ? "" : ` | ${ignored} ignored`}`;
  }

  /** How many faults there were. */
  get faultCount(): number {
    return [...this.#lines.values()].reduce((sum, { times }) => sum + times, 0);
  }

  /** The table, a guarantee a line. */
  table(): string {
    return [...this.#lines.values()].map((line) => {
      const { guarantee, hindrance, times, what } = line;
      const name = guarantee.name.padEnd(28);
      const done = hindrance === undefined ? what : `cannot be tried here, ${hindrance}`;
      const count = String(times).padStart(5);
      return `${verdictOf(line).padEnd(8)}${name}${count}  ${done}: ${guarantee.claim}`;
    }).join("\n");
  }

  /** What broke, with the log of the program. */
  failures(): string {
    return [...this.#lines.values()].flatMap(({ guarantee, failures }) =>
      failures.map((failure) => `\n${guarantee.name}: ${failure}`)
    ).join("\n");
  }

  #line(name: string): Line {
    const line = this.#lines.get(name);
    if (line === undefined) throw new Error(`Cannot report ${name}: it is no guarantee`);
    return line;
  }

  #sinceText(): string {
    return durationText(performance.now() - this.#startMs).padStart(9);
  }
}

function verdictOf({ failures, what }: Line): string {
  if (failures.length > 0) return "BROKEN";
  return what === "not tried" ? "-" : "held";
}

/** A chapter of trials, one after the other. */
export function chapterOf(trials: readonly Trial[]): Chapter {
  return {
    guarantees: trials,
    run: async (chaos, wanted) => {
      for (const { name, run } of trials.filter(({ name }) => wanted.has(name))) {
        try {
          chaos.report.held(name, await run(chaos, chaos.chance(name)));
        } catch (error) {
          if (error instanceof CannotTry) chaos.report.impossible(name, error.message);
          else chaos.report.broken(name, "it did not hold", error);
        }
      }
    },
  };
}

/** Chapters one after the other: what one of them does is much for a machine. */
export function inTurn(chapters: readonly Chapter[]): Chapter {
  return {
    guarantees: chapters.flatMap(({ guarantees }) => guarantees),
    run: async (chaos, wanted) => {
      for (const chapter of chapters) await chapter.run(chaos, wanted);
    },
  };
}

/** Chance of its own for each name and round, from one seed. */
export function chanceOf(seed: number, round: number, name: string): () => number {
  let hash = seed >>> 0;
  for (const character of `${round} ${name}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return seeded(hash);
}

/** A whole number from `least` to `most`. */
export function wholeNumber(chance: () => number, least: number, most: number): number {
  return least + Math.floor(chance() * (most - least + 1));
}

/** The same things in another order. */
export function shuffled<T>(chance: () => number, things: readonly T[]): T[] {
  return things.map((thing) => [chance(), thing] as const).sort(([a], [b]) => a - b)
    .map(([, thing]) => thing);
}
