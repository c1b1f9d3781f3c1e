import type { ServerResponse } from "node:http";
import { CONSOLE_BUDGETS, deadline, pause, sameJson, systemClock, unlessAborted } from "#base";
import type { Logger } from "#telemetry";
import { viewChange } from "./change.ts";
import { isBlind, type Place, placesOf, type Rights, sightOf } from "./rights.ts";
import { type ConsoleSource, Facts } from "./source.ts";
import type { View } from "./view.ts";
import { type Sight, ViewBuilder, type ViewFacts } from "./whole_view.ts";

/** Between two looks at the caches while somebody looks at the page: what changes is told within a second. */
const LOOK_MS = 800;
/** So often something is sent, be it only a sign of life. */
const HEARTBEAT_MS = 15_000;
/** How long a look waits for where Pulsar is. */
const CLUSTERS_WAIT_MS = 2_000;
/** How long it counts what a viewer may see. */
const SIGHT_MS = 30_000;
/** How long it counts where there are new places: somebody may make and delete one each second. */
const SIGHT_MS_MIN = 5_000;
/** How long it counts when nobody can be asked. */
const SIGHT_MS_MAX = 120_000;

/** Somebody who looks. */
export interface Looker {
  /** Who it is, where that is known. */
  readonly user: string;
  /** What he may do; undefined where his token is of no use any more. */
  readonly rights: () => Promise<Rights | undefined>;
}

interface Viewer extends Looker {
  readonly response: ServerResponse;
  sight: Sight;
  places: readonly Place[];
  /** When he was asked about: what is answered later may have been decided then. */
  sightAtMs: number;
  isAsking: boolean;
  /** What he was told last. */
  view: View;
  toldAtMs: number;
  /** Since when something waits to be read. */
  unreadSinceMs: number | undefined;
}

/** Views and events of one look at the caches: each is made once, whoever has the same rights. */
class Look {
  readonly facts: ViewFacts;
  readonly #builder: ViewBuilder;
  readonly #views = new Map<string, View>();
  readonly #events = new Map<View, Map<View, Uint8Array | undefined>>();

  constructor(facts: ViewFacts, builder: ViewBuilder) {
    this.facts = facts;
    this.#builder = builder;
  }

  get places(): Place[] {
    return placesOf([...this.facts.components, ...this.facts.syncs]);
  }

  view(sight: Sight): View {
    const view = this.#views.get(sight.key) ?? this.#builder.view(this.facts, sight);
    this.#views.set(sight.key, view);
    return view;
  }

  /** What is told of a view to who knows an earlier one; undefined where nothing is different. */
  change(before: View, after: View): Uint8Array | undefined {
    const known = this.#events.get(before) ?? new Map<View, Uint8Array | undefined>();
    this.#events.set(before, known);
    if (!known.has(after)) {
      const change = viewChange(before, after);
      known.set(after, change === undefined ? undefined : eventBytes("change", change));
    }
    return known.get(after);
  }
}

/**
 * Tells all who look what they may see, and within a second what changed.
 *
 * # Guarantees
 * - Nothing is looked at while nobody looks. A look is made once for all, a view and its changes once for all with the same
 *   rights.
 * - Rights are asked for again every 30 seconds; who cannot be asked about for two minutes is told nothing more.
 * - Who may see nothing keeps nobody out: he makes room for the next one.
 * - Who does not read has one event waiting for him at most, and is let go after 30 seconds.
 */
export class Viewers implements AsyncDisposable {
  readonly #source: ConsoleSource;
  readonly #log: Logger;
  readonly #facts: Facts;
  readonly #builder = new ViewBuilder();
  readonly #viewers = new Set<Viewer>();
  readonly #over = new AbortController();
  #looking: Promise<void> | undefined;
  #looks = 0;

  constructor({ log, source }: { readonly source: ConsoleSource; readonly log: Logger }) {
    this.#source = source;
    this.#log = log;
    this.#facts = new Facts(source);
  }

  /** How many look. */
  get size(): number {
    return this.#viewers.size;
  }

  /** How often the caches were looked at. */
  get looks(): number {
    return this.#looks;
  }

  /** Why nobody else may look now: a status and words; undefined where one may. */
  refusal(user: string): readonly [status: number, text: string] | undefined {
    const own = [...this.#viewers].filter((viewer) => viewer.user === user).length;
    if (user !== "" && own >= CONSOLE_BUDGETS.viewersOfUser) {
      return [429, `you look at it ${own} times already: close another page`];
    }
    if (this.size < CONSOLE_BUDGETS.viewers || this.#blind() !== undefined) return undefined;
    return [503, `${this.size} look at it already: try again later`];
  }

  /** Tells somebody all that he may see, and what changes until he goes. @throws {ApiError} when his rights cannot be asked for */
  async show(looker: Looker, response: ServerResponse): Promise<void> {
    const { clock } = this.#source;
    const gone = Promise.withResolvers<"gone">();
    response.once("close", () => gone.resolve("gone"));
    const look = await this.#look();
    const places = look.places;
    const askedAtMs = clock.monotonicMs();
    const rights = await looker.rights();
    if (rights === undefined) return void response.destroy();
    const sight = await sightOf(rights, places);
    await this.#prepare(look.facts, [sight]);
    // Others may have come while his rights were asked for, and he may have gone.
    const isLate = this.refusal(looker.user) !== undefined || this.#over.signal.aborted;
    if (isLate || await Promise.race([gone.promise, "here"]) === "gone") {
      return void response.destroy();
    }
    const view = look.view(sight);
    const nowMs = clock.monotonicMs();
    const viewer: Viewer = {
      ...looker,
      response,
      sight,
      places,
      sightAtMs: askedAtMs,
      isAsking: false,
      view,
      toldAtMs: nowMs,
      unreadSinceMs: undefined,
    };
    response.on("drain", () => viewer.unreadSinceMs = undefined);
    if (this.size >= CONSOLE_BUDGETS.viewers) this.#letGo(this.#blind());
    this.#viewers.add(viewer);
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    this.#write(viewer, eventBytes("view", view));
    this.#looking ??= this.#lookOn().finally(() => this.#looking = undefined);
    await gone.promise;
    this.#viewers.delete(viewer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    this.#endAll();
    await this.#looking;
  }

  /** Where Pulsar is may take a while to learn: then what is known without comes first. */
  async #look(): Promise<Look> {
    const { clock } = this.#source;
    using limit = deadline(CLUSTERS_WAIT_MS, { clock, signal: this.#over.signal });
    await unlessAborted(this.#facts.learnClusters(this.#over.signal), limit.signal)
      .catch((error) => {
        if (!limit.signal.aborted) throw error;
      });
    this.#looks += 1;
    const facts = this.#facts.now();
    await this.#prepare(facts, [...this.#viewers].map(({ sight }) => sight));
    return new Look(facts, this.#builder);
  }

  async #prepare(facts: ViewFacts, seen: readonly Sight[]): Promise<void> {
    const sights = new Map(seen.map((sight) => [sight.key, sight]));
    await this.#builder.prepare(facts, { clock: systemClock, sights });
  }

  /** Goes on as long as somebody looks. */
  async #lookOn(): Promise<void> {
    const { clock } = this.#source;
    const { signal } = this.#over;
    try {
      while (this.#viewers.size > 0 && !signal.aborted) {
        await pause(LOOK_MS, { clock, signal });
        if (this.#viewers.size > 0 && !signal.aborted) this.#tellAll(await this.#look());
      }
    } catch (error) {
      this.#log.error("Cannot look at what the console shows", { error });
      this.#endAll();
    }
  }

  #tellAll(look: Look): void {
    if (this.#source.obstacle() !== undefined) return this.#endAll();
    for (const viewer of this.#viewers) this.#tell(viewer, look);
    this.#builder.keep(new Set([...this.#viewers].map(({ sight }) => sight.key)));
  }

  /** The first of those who may see nothing. */
  #blind(): Viewer | undefined {
    return this.#viewers.values().find(({ sight }) => isBlind(sight));
  }

  #letGo(viewer: Viewer | undefined): void {
    if (viewer === undefined) return;
    this.#viewers.delete(viewer);
    viewer.response.destroy();
  }

  #endAll(): void {
    for (const { response } of this.#viewers) response.destroy();
  }

  #tell(viewer: Viewer, look: Look): void {
    const nowMs = this.#source.clock.monotonicMs();
    if (nowMs - viewer.sightAtMs >= SIGHT_MS_MAX) return this.#letGo(viewer);
    this.#askAgain(viewer, look.places, nowMs);
    if (viewer.unreadSinceMs !== undefined) {
      if (nowMs - viewer.unreadSinceMs >= CONSOLE_BUDGETS.unreadMs) viewer.response.destroy();
      return;
    }
    const view = look.view(viewer.sight);
    const bytes = look.change(viewer.view, view);
    if (bytes !== undefined) {
      viewer.view = view;
      this.#write(viewer, bytes);
    } else if (nowMs - viewer.toldAtMs >= HEARTBEAT_MS) {
      this.#write(viewer, HEARTBEAT);
    }
  }

  #write(viewer: Viewer, bytes: Uint8Array): void {
    const nowMs = this.#source.clock.monotonicMs();
    viewer.toldAtMs = nowMs;
    if (!viewer.response.write(bytes)) viewer.unreadSinceMs = nowMs;
  }

  /** Asks anew what somebody may see: now and then, and where there are new places. */
  #askAgain(viewer: Viewer, places: readonly Place[], nowMs: number): void {
    const ageMs = nowMs - viewer.sightAtMs;
    if (viewer.isAsking || ageMs < SIGHT_MS_MIN) return;
    if (ageMs < SIGHT_MS && sameJson(places, viewer.places)) return;
    viewer.isAsking = true;
    this.#ask(viewer, places).catch((error) => {
      this.#log.warn("Cannot ask what a viewer of the console may see", { error });
    }).finally(() => viewer.isAsking = false);
  }

  async #ask(viewer: Viewer, places: readonly Place[]): Promise<void> {
    const askedAtMs = this.#source.clock.monotonicMs();
    const rights = await viewer.rights();
    if (rights === undefined) return this.#letGo(viewer);
    viewer.sight = await sightOf(rights, places);
    viewer.places = places;
    viewer.sightAtMs = askedAtMs;
  }
}

const ENCODER = new TextEncoder();
const HEARTBEAT = ENCODER.encode(": still here\n\n");

function eventBytes(event: string, data: unknown): Uint8Array {
  return ENCODER.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
