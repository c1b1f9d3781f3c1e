/** Two replicas, of which one leads: it is killed, stopped, cut off and asked to go, and never two of them write. */
import { eventually } from "../support/eventually.ts";
import type { ProgramProcess } from "../support/program_process.ts";
import type { Encounter, ProxiedRequest, RecordingProxy } from "../support/recording_proxy.ts";
import type { Content } from "./content.ts";
import {
  type Chaos,
  type Chapter,
  chapterOf,
  type Injected,
  type Trial,
  wholeNumber,
} from "./guarantee.ts";
import { Place, type Surroundings } from "./place.ts";
import type { ChaosStage } from "./stage.ts";
import { Writers } from "./writers.ts";

/** One process, and what it does. */
export interface Replica {
  readonly name: string;
  readonly program: ProgramProcess;
  readonly proxy: RecordingProxy;
}

/** Enough for several writes to be under way at any moment. */
const CONFIGS = 12;

function contentOf(value: string): Content {
  const names = Array.from({ length: CONFIGS }, (_, index) => `c${index}`);
  return {
    configs: Object.fromEntries(names.map((name) => [name, value])),
    functions: { f: { cpu: `${value}00m` } },
  };
}

/** A place with replicas, two where nothing else is said, and the record of who wrote what. */
export class Pair implements AsyncDisposable {
  readonly place: Place;
  readonly writers = new Writers();
  #replicas: Replica[] = [];
  #count = 0;
  #value = 0;

  private constructor(place: Place) {
    this.place = place;
  }

  static async open(
    stage: ChaosStage,
    { count = 2, around = {} }: { readonly count?: number; readonly around?: Surroundings } = {},
  ): Promise<Pair> {
    const pair = new Pair(await Place.open(stage));
    try {
      await pair.place.commit(contentOf(String(++pair.#value)));
      await pair.place.sync();
      for (let replica = 0; replica < count; replica++) await pair.add(around);
      await pair.place.untilRest();
      return pair;
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One more replica. */
  async add(around: Surroundings = {}): Promise<void> {
    const name = `replica ${++this.#count}`;
    const proxy = this.place.proxy();
    proxy.meet = (request) => this.writers.meet(name, request);
    const { namespace } = this.place;
    const flags = ["--enable-leader-election", `--leader-election-namespace=${namespace}`];
    const program = await this.place.start(proxy, { ...around, flags });
    this.#replicas.push({ name, proxy, program });
  }

  /** All that were started, in order. */
  get replicas(): readonly Replica[] {
    return this.#replicas;
  }

  /** Commits something new, and has it looked at. */
  async commitNext(): Promise<void> {
    await this.place.commit(contentOf(String(++this.#value)));
    await this.place.look();
  }

  /** The replica that leads. */
  async leader(): Promise<Replica> {
    return await eventually(
      () => this.#replicas.find(({ name }) => name === this.writers.holder),
      { timeoutMs: 120_000 },
    );
  }

  /** Resolves when another one leads. */
  async untilAnotherLeads(than: Replica): Promise<void> {
    await eventually(
      () => this.writers.holder !== undefined && this.writers.holder !== than.name,
      { timeoutMs: 180_000 },
    );
  }

  /** Commits, and does something to the leader at one of its next writes, when the server has done it. */
  async atWrite(nth: number, act: (leader: Replica) => void): Promise<Replica> {
    const leader = await this.leader();
    const { promise, resolve } = Promise.withResolvers<void>();
    let count = 0;
    leader.proxy.meet = (request) => {
      const met = this.writers.meet(leader.name, request);
      if (!request.isWrite || ++count !== nth) return met;
      return { ...met, after: (answer) => (act(leader), resolve(), answer) };
    };
    await this.commitNext();
    await promise;
    return leader;
  }

  /** What happens to requests of a replica before they are passed on, from now on. */
  meet(replica: Replica, encounter: (request: ProxiedRequest) => Encounter | undefined): void {
    replica.proxy.meet = (request) => {
      const met = this.writers.meet(replica.name, request);
      return { ...met, ...encounter(request) };
    };
  }

  /** Waits until all is well, and looks that only leaders wrote. */
  async untilWell(): Promise<void> {
    await this.place.untilRest();
    const { violations } = this.writers;
    if (violations.length > 0) throw new Error(`Two writers: ${violations.join(", ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]();
  }
}

/** Resolves when a replica ended with this code, as its kubelet would see it. */
export async function ended({ name, program }: Replica, code: number): Promise<void> {
  const is = await program.ended;
  if (is !== code) throw new Error(`${name} ended with ${is}, not ${code}\n${program.logTail()}`);
}

const KILLS = 2;

async function killed({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using pair = await Pair.open(stage);
  for (let kill = 0; kill < KILLS; kill++) {
    const nth = wholeNumber(chance, 1, CONFIGS);
    const leader = await pair.atWrite(nth, ({ program }) => program.signal("SIGKILL"));
    await pair.add();
    await pair.untilAnotherLeads(leader);
    await pair.untilWell();
  }
  return { what: `leader killed at one of its writes, ${KILLS} times a round`, times: KILLS };
}

const STOPPED_MS = 20_000;

async function stopped({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using pair = await Pair.open(stage);
  const nth = wholeNumber(chance, 1, CONFIGS);
  const startMs = performance.now();
  const leader = await pair.atWrite(nth, ({ program }) => program.signal("SIGSTOP"));
  await pair.untilAnotherLeads(leader);
  await pair.place.untilRest();
  const leftMs = STOPPED_MS - (performance.now() - startMs);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs)));
  leader.program.signal("SIGCONT");
  await ended(leader, 1);
  await pair.add();
  await pair.untilWell();
  return { what: "leader stopped for 20 s or more at one of its writes, and continued", times: 1 };
}

const HANDOVERS = 4;

async function handedOver({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using pair = await Pair.open(stage);
  for (let handover = 0; handover < HANDOVERS; handover++) {
    const nth = wholeNumber(chance, 1, CONFIGS);
    const leader = await pair.atWrite(nth, ({ program }) => program.signal("SIGTERM"));
    await ended(leader, 0);
    if (!pair.writers.releases.includes(leader.name)) {
      throw new Error(`${leader.name} did not give the lease back\n${leader.program.logTail()}`);
    }
    await pair.add();
    await pair.untilAnotherLeads(leader);
    await pair.untilWell();
  }
  const what = `leader asked to end at one of its writes, ${HANDOVERS} times a round`;
  return { what, times: HANDOVERS };
}

async function cutOff({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using pair = await Pair.open(stage);
  const isAll = chance() < 0.5;
  const refuse = () => new Response(null, { status: 503 });
  const leader = await pair.atWrite(
    wholeNumber(chance, 1, CONFIGS),
    (leader) =>
      pair.meet(leader, ({ isLease, isWatch }): Encounter | undefined => {
        if (isLease || isAll) return { answer: refuse };
        // What it may still reach is slow: writes are under way while the lease runs out.
        const isSlow = !isWatch;
        return isSlow
          ? { before: () => new Promise((resolve) => setTimeout(resolve, 1_500)) }
          : undefined;
      }),
  );
  await pair.untilAnotherLeads(leader);
  await ended(leader, 1);
  await pair.add();
  await pair.untilWell();
  const what = isAll ? "leader cut off" : "leader that cannot renew, with slow writes";
  return { what, times: 1 };
}

const TRIALS: readonly Trial[] = [
  { name: "leaders/killed", claim: "the other one goes on, and never two write", run: killed },
  {
    name: "leaders/stopped",
    claim: "it writes nothing when it goes on, and ends",
    run: stopped,
  },
  {
    name: "leaders/handed-over",
    claim: "it gives the lease back, and the other one goes on at once",
    run: handedOver,
  },
  { name: "leaders/cut-off", claim: "it ends, and never two write", run: cutOff },
];

/** See the module. */
export const LEADERS: Chapter = chapterOf(TRIALS);
