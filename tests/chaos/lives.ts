/**
 * The program is killed at the Nth write of everything that it does: for every N. One place lives through all stages,
 * and the program dies once in each; the next place dies at the next N.
 */
import type { ProgramProcess } from "../support/program_process.ts";
import type { Encounter, ProxiedRequest, RecordingProxy } from "../support/recording_proxy.ts";
import type { Content } from "./content.ts";
import { type Chaos, type Chapter, type Guarantee, shuffled } from "./guarantee.ts";
import { Place, type Rest, type Surroundings } from "./place.ts";

/** A stage of a place's life. */
export interface Stage extends Guarantee {
  readonly act: (place: Place) => Promise<void>;
  readonly rest?: Rest;
  /** What has to be so besides, at rest. @throws where it is not */
  readonly check?: (place: Place) => Promise<void>;
  /** The process ends before this stage, and the next one starts after it was acted: what is looked at rarely. */
  readonly isStartedAnew?: boolean;
}

/** What a place lives through. */
export interface Life {
  readonly stages: readonly Stage[];
  /** Places that live at the same time. One goes through the stages again and again: what is dear is made once. */
  readonly together: number | "again";
  /** What is there before the first stage, with a program that is not killed; nothing where nothing is said. */
  readonly begin?: (place: Place) => Promise<void>;
  /** Writes at which the process dies; each where nothing is said. */
  readonly isMeant?: (request: ProxiedRequest) => boolean;
  /** How the program is started in a place. */
  readonly around?: (place: Place) => Promise<Surroundings> | Surroundings;
}

/** When the process dies: before the server hears of the write, or when it did it and nobody heard the answer. */
type Moment = "before" | "after";

/** One life after the other, until the process has died at each write. */
export function chapterOfLives(life: Life): Chapter {
  return {
    guarantees: life.stages,
    run: async (chaos, wanted) => {
      const stages = life.stages.filter(({ name }) => wanted.has(name));
      if (stages.length === 0) return;
      const kills = new Kills(chaos, stages);
      const isLeft = () => kills.left > 0 && chaos.leftMs() > kills.lifeMs;
      await using first = await Living.begin(life, { chaos, kills });
      // The first time is one without a fault: it tells how many writes there are.
      if (!await first?.live((stage) => kills.counting(stage))) return;
      const next = (stage: Stage) => kills.next(stage);
      if (life.together === "again") {
        while (isLeft() && await first?.live(next));
        return;
      }
      const live = async () => {
        while (isLeft()) {
          await using living = await Living.begin(life, { chaos, kills });
          await living?.live(next);
        }
      };
      await Promise.all(Array.from({ length: life.together }, live));
    },
  };
}

/** What is to happen in one stage of one life. */
export interface Plan {
  /** The write at which the process dies; none is that many when it lives. */
  readonly nth: number;
  readonly moment: Moment;
}

/** All ways to die that are still to be tried. */
class Kills {
  /** How long the longest life took. */
  lifeMs = 0;
  readonly #chaos: Chaos;
  readonly #wanted: ReadonlySet<Stage>;
  readonly #plans = new Map<Stage, Plan[]>();
  readonly #totals = new Map<Stage, number>();
  readonly #done = new Map<Stage, number>();

  constructor(chaos: Chaos, wanted: readonly Stage[]) {
    this.#chaos = chaos;
    this.#wanted = new Set(wanted);
  }

  get left(): number {
    return [...this.#plans.values()].reduce((most, { length }) => Math.max(most, length), 0);
  }

  counting(_stage: Stage): Plan {
    return { nth: Infinity, moment: "before" };
  }

  next(stage: Stage): Plan {
    return this.#plans.get(stage)?.pop() ?? { nth: Infinity, moment: "before" };
  }

  /** A stage is over, and all was as it should be. */
  survived(stage: Stage, { writes, isKilled }: { writes: number; isKilled: boolean }): void {
    if (!this.#wanted.has(stage)) return;
    if (!this.#plans.has(stage)) {
      const chance = this.#chaos.chance(stage.name);
      // Each write once; whether it took effect is chance.
      const all = Array.from({ length: writes }, (_, index): Plan => ({
        nth: index + 1,
        moment: chance() < 0.5 ? "before" : "after",
      }));
      this.#plans.set(stage, shuffled(chance, all));
      this.#totals.set(stage, writes);
      return;
    }
    if (!isKilled) return;
    const done = (this.#done.get(stage) ?? 0) + 1;
    this.#done.set(stage, done);
    const total = this.#totals.get(stage);
    const what = `killed at ${done} of ${total} writes`;
    this.#chaos.report.held(stage.name, { what, times: 1 });
  }
}

interface Run {
  readonly chaos: Chaos;
  readonly kills: Kills;
}

/** A place that lives, with its program. */
class Living implements AsyncDisposable {
  readonly #life: Life;
  readonly #run: Run;
  readonly #place: Place;
  readonly #proxy: RecordingProxy;
  readonly #around: Surroundings;
  #program: ProgramProcess | undefined;

  private constructor(
    life: Life,
    { run, place, around }: {
      readonly run: Run;
      readonly place: Place;
      readonly around: Surroundings;
    },
  ) {
    this.#life = life;
    this.#run = run;
    this.#place = place;
    this.#around = around;
    this.#proxy = place.proxy();
  }

  /** A place as it is before the first stage; undefined, and reported, where it did not come to that. */
  static async begin(life: Life, run: Run): Promise<Living | undefined> {
    const place = await Place.open(run.chaos.stage);
    try {
      const around = await life.around?.(place) ?? {};
      const living = new Living(life, { run, place, around });
      if (life.begin === undefined) return living;
      await life.begin(place);
      living.#program = await place.start(living.#proxy, around);
      await place.untilRest();
      return living;
    } catch (error) {
      for (const { name } of life.stages) run.chaos.report.broken(name, "before it", error);
      await place[Symbol.asyncDispose]();
      return undefined;
    }
  }

  /** Goes through all stages; false when it ended before its time. */
  async live(planOf: (stage: Stage) => Plan): Promise<boolean> {
    const { chaos, kills } = this.#run;
    const startMs = performance.now();
    for (const stage of this.#life.stages) {
      const plan = planOf(stage);
      try {
        kills.survived(stage, await this.#stage(stage, plan));
      } catch (error) {
        const where = Number.isFinite(plan.nth)
          ? `killed ${plan.moment} write ${plan.nth}`
          : "alive";
        chaos.report.broken(stage.name, where, error);
        return false;
      }
    }
    kills.lifeMs = Math.max(kills.lifeMs, performance.now() - startMs);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#place[Symbol.asyncDispose]();
  }

  async #stage(stage: Stage, plan: Plan): Promise<{ writes: number; isKilled: boolean }> {
    const { isMeant = () => true } = this.#life;
    const place = this.#place;
    if (stage.isStartedAnew) {
      await this.#program?.[Symbol.asyncDispose]();
      this.#program = undefined;
    }
    const deadly = new DeadlyWrite(plan, async () => {
      this.#program?.signal("SIGKILL");
      await this.#program?.ended;
      const seen = this.#proxy.seen.length;
      this.#program = await place.start(this.#proxy, this.#around);
      await place.untilServed(this.#proxy, seen);
    });
    this.#proxy.meet = (request) => request.isWrite && isMeant(request) ? deadly.meet() : undefined;
    await stage.act(place);
    this.#program ??= await place.start(this.#proxy, this.#around);
    await atRest(place, stage);
    if (deadly.rebirth !== undefined) {
      await deadly.rebirth;
      await atRest(place, stage);
    }
    return { writes: deadly.count, isKilled: deadly.rebirth !== undefined };
  }
}

/** Commits, and has it looked at. */
export async function committed(place: Place, content: Content): Promise<void> {
  await place.commit(content);
  await place.look();
}

async function atRest(place: Place, { check, rest }: Stage): Promise<void> {
  await place.untilRest(rest);
  await check?.(place);
}

/** Counts writes until the one that kills. */
export class DeadlyWrite {
  count = 0;
  /** Resolves when the next process is at work; undefined while nobody died. */
  rebirth: Promise<void> | undefined;
  readonly #plan: Plan;
  readonly #kill: () => Promise<void>;

  constructor(plan: Plan, kill: () => Promise<void>) {
    this.#plan = plan;
    this.#kill = kill;
  }

  meet(): Encounter | undefined {
    if (++this.count !== this.#plan.nth) return undefined;
    const kill = () => {
      this.rebirth = this.#kill();
    };
    return this.#plan.moment === "before"
      ? { before: kill, answer: () => new Response(null, { status: 503 }) }
      : { after: (answer) => (kill(), answer) };
  }
}
