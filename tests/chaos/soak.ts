/** A long run of edits, commits and faults, in which the process may not grow: memory, descriptors, connections and clones. */
import { durationText, type Progress } from "../../scripts/control_plane.ts";
import type { ProgramProcess } from "../support/program_process.ts";
import type { RecordingProxy } from "../support/recording_proxy.ts";
import { picked } from "../support/seeded.ts";
import type { Content, FunctionContent } from "./content.ts";
import { chanceOf, wholeNumber } from "./guarantee.ts";
import { Place } from "./place.ts";
import { paused } from "./settled.ts";
import { MEASURES, type Sample, sampleOf, soakPicture, soakTable } from "./soak_samples.ts";
import { openStage } from "./stage.ts";

/** Which soak. */
export interface SoakOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Resources in Git, of which one in ten is a Function. */
  readonly resources: number;
  /** Where pictures are written. */
  readonly folder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface SoakReport {
  readonly table: string;
  readonly isGood: boolean;
}

const SAMPLE_MS = 2_000;
/** How often everything has to come to rest. */
const REST_MS = 180_000;

/** Fewer have no Function and no ConfigMap to choose from. */
const RESOURCES_MIN = 20;

/** Runs for as long as asked, and looks now and then that all is as Git says. @throws where it is not */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { folder, minutes, progress, resources, seed, signal } = options;
  if (resources < RESOURCES_MIN) throw new RangeError(`--resources is ${RESOURCES_MIN} or more`);
  await using stage = await openStage({ progress: () => {}, signal });
  await using place = await Place.open(stage);
  await place.commit(contentOf(resources));
  await place.sync({ interval: "5s", pruneLimit: { percent: 100 } });
  const proxy = place.proxy();
  const cacheDirectory = `${place.folder}/clones`;
  const program = await place.start(proxy, { cacheDirectory });
  await place.untilRest();
  progress(`${resources} resources rest`);
  const life = new Life({ place, proxy, program, chance: chanceOf(seed, 1, "soak") });
  const samples: Sample[] = [];
  const startMs = performance.now();
  const pastMs = () => performance.now() - startMs;
  const isOver = () => signal.aborted || pastMs() > minutes * 60_000;
  const sampling = async () => {
    for (; !isOver(); await paused(SAMPLE_MS)) {
      const seconds = pastMs() / 1_000;
      samples.push({ seconds, ...await sampleOf(program.pid, cacheDirectory) });
    }
  };
  try {
    // A process that has ended cannot be sampled: that ends both.
    await Promise.all([sampling(), life.goOn({ isOver, pastMs, progress })]);
    signal.throwIfAborted();
    await life.untilRest();
  } finally {
    await writePictures(folder, samples);
  }
  const { isFlat, text } = soakTable(samples);
  return { table: `${text}\n${life.words()}`, isGood: isFlat };
}

async function writePictures(folder: string, samples: readonly Sample[]): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const measure of MEASURES) {
    await Deno.writeTextFile(`${folder}/${measure.name}.svg`, soakPicture(measure, samples));
  }
}

function contentOf(resources: number): Content {
  const names = Array.from({ length: resources }, (_, index) => index);
  const functions = names.filter((index) => index % 10 === 0);
  const configs = names.filter((index) => index % 10 !== 0);
  return {
    configs: Object.fromEntries(configs.map((index) => [`c${index}`, "1"])),
    functions: Object.fromEntries(
      functions.map((index): [string, FunctionContent] => [`f${index}`, { cpu: "100m" }]),
    ),
  };
}

/** What happens to a place, one thing after the other. */
class Life {
  readonly #place: Place;
  readonly #proxy: RecordingProxy;
  readonly #program: ProgramProcess;
  readonly #chance: () => number;
  readonly #counts = new Map<string, number>();
  #value = 1;

  constructor(parts: {
    readonly place: Place;
    readonly proxy: RecordingProxy;
    readonly program: ProgramProcess;
    readonly chance: () => number;
  }) {
    this.#place = parts.place;
    this.#proxy = parts.proxy;
    this.#program = parts.program;
    this.#chance = parts.chance;
  }

  /** Something happens again and again, and every few minutes everything has to come to rest. */
  async goOn({ isOver, pastMs, progress }: {
    readonly isOver: () => boolean;
    readonly pastMs: () => number;
    readonly progress: Progress;
  }): Promise<void> {
    for (let restMs = REST_MS; !isOver();) {
      await this.#next();
      await paused(wholeNumber(this.#chance, 200, 2_000));
      if (pastMs() < restMs) continue;
      await this.untilRest();
      restMs = pastMs() + REST_MS;
      progress(`${durationText(pastMs())}: ${this.words()}, and all is well`);
    }
  }

  /** Does something, chosen by chance. */
  async #next(): Promise<void> {
    const things = {
      edits: () => this.#edit(),
      deletions: () => this.#delete(),
      commits: () => this.#commit(),
      "cut watches": () => Promise.resolve(void this.#proxy.cutWatches()),
      "refusing servers": () => this.#refuse(),
      "remotes gone": () => this.#goAway(),
      "halves of answers": () => Promise.resolve(void this.#place.git.halves++),
      stops: () => this.#stop(),
      "rewritten histories": () => this.#rewrite(),
    };
    // Edits and commits are what most of life is.
    const often = ["edits", "edits", "deletions", "commits", "commits"] as const;
    const names = [...often, ...Object.keys(things)] as (keyof typeof things)[];
    const name = picked(this.#chance, names);
    await things[name]();
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** How often what happened. */
  words(): string {
    return [...this.#counts].sort().map(([name, count]) => `${count} ${name}`).join(", ");
  }

  async untilRest(): Promise<void> {
    // What was deleted is another object now.
    this.#place.uids = new Map();
    this.#place.git.halves = 0;
    await this.#place.look();
    await this.#place.untilRest({ isEdited: true });
  }

  async #edit(): Promise<void> {
    const { api, content, namespace } = this.#place;
    const name = picked(this.#chance, Object.keys(content.configs));
    const object = { kind: "ConfigMap", name, namespace } as const;
    if (await api.find(object) === undefined) return;
    await api.patch(object, { data: { value: "edited" } });
  }

  async #delete(): Promise<void> {
    const { api, content, namespace } = this.#place;
    const [config, component] = [content.configs, content.functions]
      .map((part) => picked(this.#chance, Object.keys(part)));
    const one = picked(
      this.#chance,
      [
        { kind: "ConfigMap", name: config ?? "" },
        { kind: "Function", name: component ?? "" },
        { kind: "StatefulSet", name: `${component}-function` },
        { kind: "Service", name: `${component}-function-headless` },
      ] as const,
    );
    await api.remove({ ...one, namespace });
  }

  async #commit(): Promise<void> {
    await this.#place.commit(this.#changed(this.#place.content));
  }

  async #rewrite(): Promise<void> {
    await this.#commit();
    await this.#place.recommit(this.#changed(this.#place.content));
  }

  /** Some values are others, one Function is another, and one ConfigMap goes for a new one. */
  #changed({ configs, functions }: Content): Content {
    const value = String(++this.#value);
    const names = Object.keys(configs);
    const [gone, ...changed] = Array.from({ length: 6 }, () => picked(this.#chance, names));
    const rest = Object.entries(configs).filter(([name]) => name !== gone);
    const component = picked(this.#chance, Object.keys(functions));
    return {
      configs: Object.fromEntries([
        ...rest.map(([name, old]) => [name, changed.includes(name) ? value : old]),
        [`n${value}`, value],
      ]),
      functions: { ...functions, [component]: { cpu: `${100 + this.#value % 100}m` } },
    };
  }

  async #refuse(): Promise<void> {
    this.#proxy.meet = () =>
      this.#chance() < 0.5 ? { answer: () => new Response(null, { status: 503 }) } : undefined;
    await paused(wholeNumber(this.#chance, 500, 4_000));
    this.#proxy.meet = () => undefined;
  }

  async #goAway(): Promise<void> {
    await this.#place.git.goAway();
    await paused(wholeNumber(this.#chance, 500, 4_000));
    this.#place.git.comeBack();
  }

  async #stop(): Promise<void> {
    this.#program.signal("SIGSTOP");
    await paused(wholeNumber(this.#chance, 500, 4_000));
    this.#program.signal("SIGCONT");
  }
}
