/**
 * The program is killed at the Nth write of everything that it does: for every N. One place lives through all stages,
 * and the program dies once in each; the next place dies at the next N.
 */
import type { ProgramProcess } from "../support/program_process.ts";
import { type Encounter, type RecordingProxy } from "../support/recording_proxy.ts";
import type { Content } from "./content.ts";
import { type Chaos, type Chapter, type Guarantee, shuffled } from "./guarantee.ts";
import { Place, type Rest, SYNC } from "./place.ts";

/** A stage of a place's life. */
interface Stage extends Guarantee {
  readonly act: (place: Place) => Promise<void>;
  readonly rest?: Rest;
}

const FIRST: Content = {
  configs: { a: "1", b: "1" },
  functions: { f: { cpu: "100m", cleanup: true }, g: { cpu: "100m" } },
};
const CHANGED: Content = {
  configs: { a: "2", b: "1", c: "1" },
  functions: { ...FIRST.functions, f: { cpu: "200m", cleanup: true } },
};
const SICK: Content = {
  configs: { ...CHANGED.configs, b: "2" },
  functions: { ...CHANGED.functions, g: { cpu: "150m", sick: true } },
};
/** What goes back is what changed: all of it in one commit. */
const WENT_BACK = CHANGED;
const RETURNED: Content = {
  configs: SICK.configs,
  functions: { ...CHANGED.functions, g: { cpu: "200m" } },
};
const PRUNED: Content = { configs: { a: "2", c: "1" }, functions: RETURNED.functions };
const WITHOUT_SUBSCRIPTION: Content = { ...PRUNED, functions: { g: { cpu: "200m" } } };

/** Long enough for the slowest machine to have pods ready; a sick commit gets less. */
const PATIENT = { onUnhealthy: "rollback", healthTimeout: "10m", settleTime: "0s" };
const IMPATIENT = { ...PATIENT, healthTimeout: "5s" };

const AS_GIT =
  "the cluster is as Git says, nothing is left, made anew or asked, the status is true";

const STAGES: readonly Stage[] = [
  {
    name: "processes/first-apply",
    claim: AS_GIT,
    act: async (place) => {
      await place.commit(FIRST);
      await place.sync(PATIENT);
    },
  },
  { name: "processes/change", claim: AS_GIT, act: (place) => committed(place, CHANGED) },
  {
    name: "processes/quarantine",
    claim: "a sick commit goes back although it was its own process that died",
    act: async (place) => {
      await place.sync(IMPATIENT);
      await committed(place, SICK);
    },
    rest: { ready: /^False Quarantined: Applied/, content: WENT_BACK },
  },
  {
    name: "processes/return",
    claim: "the commit that mends it ends the quarantine",
    act: async (place) => {
      await place.sync(PATIENT);
      await committed(place, RETURNED);
    },
  },
  { name: "processes/prune", claim: AS_GIT, act: (place) => committed(place, PRUNED) },
  {
    name: "processes/clean-up",
    claim: "the subscription of a pruned Function is removed, and then the Function",
    act: (place) => committed(place, WITHOUT_SUBSCRIPTION),
  },
  {
    name: "processes/deletion",
    claim: "a deleted MeshSync leaves nothing behind",
    act: (place) => place.api.remove({ kind: "MeshSync", name: SYNC, namespace: place.namespace }),
    rest: { isGone: true },
  },
];

async function committed(place: Place, content: Content): Promise<void> {
  await place.commit(content);
  await place.look();
}

/** Places that live at the same time. */
const LIVES = 5;

/** When the process dies: before the server hears of the write, or when it did it and nobody heard the answer. */
type Moment = "before" | "after";

/** See the module. */
export const PROCESSES: Chapter = {
  guarantees: STAGES,
  run: async (chaos, wanted) => {
    const stages = STAGES.filter(({ name }) => wanted.has(name));
    if (stages.length === 0) return;
    const kills = new Kills(chaos, stages);
    // The first life is one without a fault: it tells how many writes there are.
    if (!await lived(chaos, kills, (stage) => kills.counting(stage))) return;
    const live = async () => {
      while (kills.left > 0 && chaos.leftMs() > kills.lifeMs) {
        await lived(chaos, kills, (stage) => kills.next(stage));
      }
    };
    await Promise.all(Array.from({ length: LIVES }, live));
  },
};

/** What is to happen in one stage of one life. */
interface Plan {
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

/** One life of a place; false when it ended before its time. */
async function lived(chaos: Chaos, kills: Kills, planOf: (stage: Stage) => Plan): Promise<boolean> {
  const startMs = performance.now();
  await using place = await Place.open(chaos.stage);
  const proxy = place.proxy();
  let program: ProgramProcess | undefined;
  for (const stage of STAGES) {
    const plan = planOf(stage);
    try {
      const deadly = new DeadlyWrite(plan, async () => {
        program?.signal("SIGKILL");
        await program?.ended;
        program = await startedAgain(place, proxy);
      });
      proxy.meet = ({ isWrite }) => isWrite ? deadly.meet() : undefined;
      await stage.act(place);
      program ??= await place.start(proxy);
      await place.untilRest(stage.rest);
      if (deadly.rebirth !== undefined) {
        await deadly.rebirth;
        await place.untilRest(stage.rest);
      }
      kills.survived(stage, { writes: deadly.count, isKilled: deadly.rebirth !== undefined });
    } catch (error) {
      const where = Number.isFinite(plan.nth) ? `killed ${plan.moment} write ${plan.nth}` : "alive";
      chaos.report.broken(stage.name, where, error);
      return false;
    }
  }
  kills.lifeMs = Math.max(kills.lifeMs, performance.now() - startMs);
  return true;
}

/** Counts writes until the one that kills. */
class DeadlyWrite {
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

/** Starts the next process, and waits until it has read its MeshSyncs. */
async function startedAgain(place: Place, proxy: RecordingProxy): Promise<ProgramProcess> {
  const seen = proxy.seen.length;
  const program = await place.start(proxy);
  await place.untilServed(proxy, seen);
  return program;
}
