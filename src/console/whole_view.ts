import { LABELS, type MeshSync, resourceOf } from "#api";
import {
  type Clock,
  idOf,
  idText,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
  shownText,
  timestamp,
} from "#base";
import {
  type ComponentSource,
  componentSources,
  type Finding,
  findingsInTurns,
  inOneGo,
  topologyInTurns,
  type Turns,
} from "#topology";
import { componentKey, componentView } from "./components.ts";
import { type GraphPart, graphPart, matchFlows } from "./graph.ts";
import { syncView } from "./syncs.ts";
import { readable, unreadComponent, unreadSync } from "./unread.ts";
import type { ComponentView, FindingView, SyncView, View } from "./view.ts";

/** Findings that are told: the first ones say what there is. */
const FINDINGS_MAX = 500;
const TEXT_LENGTH_MAX = 600;

/** How long matches of patterns and findings stay as they are while components come and go: these need all of them. */
const STRUCTURE_MS = 5_000;
/** As long for each component: of very many they take a part of a second. */
const STRUCTURE_MS_EACH = 10;

/** So many objects are made anew before everything else has a turn. */
const OBJECTS_EACH = 100;

/** What a view is made from. Objects are those of the caches: one that is the same object did not change. */
export interface ViewFacts {
  readonly components: readonly KubeObject[];
  readonly syncs: readonly MeshSync[];
  /** Addresses of Pulsar by ConfigMap. */
  readonly clusters: ReadonlyMap<string, string>;
  /** What a component processes, by `Function shop/enrich`. */
  readonly perSecond: (id: string) => number | undefined;
  /** When a MeshSync looks at its repository again, in milliseconds since 1970. */
  readonly nextLookMs: (sync: ObjectKey) => number | undefined;
  readonly program: View["program"];
  readonly nowMs: number;
}

/** What one viewer, or some who have the same rights, may see. */
export interface Sight {
  /** The same for the same rights. */
  readonly key: string;
  /** Whether objects of a resource, `functions`, in a namespace may be seen. */
  readonly sees: (resource: string, namespace: string) => boolean;
}

/** Who sees everything. */
export const FULL_SIGHT: Sight = { key: "all", sees: () => true };

/** Whether an object of our kinds may be seen. */
export function isSeen({ sees }: Sight, object: KubeObject): boolean {
  const { plural } = resourceOf(object.kind as "Function");
  return sees(plural, object.metadata.namespace ?? "");
}

interface ComponentMemo {
  readonly perSecond: number | undefined;
  readonly clusters: ViewFacts["clusters"];
  readonly view: ComponentView;
  readonly part: GraphPart;
}

interface SyncMemo {
  readonly nextLookMs: number | undefined;
  readonly view: SyncView;
}

interface Structure {
  readonly of: string;
  readonly clusters: ViewFacts["clusters"];
  readonly atMs: number;
  readonly matches: View["flows"];
  readonly findings: readonly FindingView[];
}

/**
 * Makes views, and remembers what it made of objects that did not change: the next view costs what changed.
 *
 * # Guarantees
 * - What a viewer may not see has no part in his view, neither in its findings nor in topics or matches.
 * - A status of another shape, as definitions of another version let through, is no reason to show nothing of the others.
 */
export class ViewBuilder {
  readonly #components = new WeakMap<KubeObject, ComponentMemo>();
  readonly #syncs = new WeakMap<KubeObject, SyncMemo>();
  #structures = new Map<string, Structure>();

  /**
   * Makes what is new in the facts, for those who see so much, some at a time: the views of it then take little. Everything
   * else has a turn in between.
   */
  async prepare(
    facts: ViewFacts,
    { clock, sights }: {
      readonly clock: Pick<Clock, "sleep">;
      readonly sights: ReadonlyMap<string, Sight>;
    },
  ): Promise<void> {
    let made = 0;
    const objects = [...facts.components, ...facts.syncs];
    for (const object of objects) {
      if (this.#isMade(object, facts)) continue;
      if (++made % OBJECTS_EACH === 0) await clock.sleep(0);
      if (object.kind === "MeshSync") this.#sync(object as MeshSync, facts);
      else this.#component(object, facts);
    }
    for (const sight of sights.values()) {
      const seen = facts.components.filter((object) => isSeen(sight, object));
      if (this.#knownStructure(seen, facts, sight) !== undefined) continue;
      const turns = structureFrom(seen, facts);
      let turn = turns.next();
      for (; turn.done !== true; turn = turns.next()) await clock.sleep(0);
      this.#structures.set(sight.key, turn.value);
    }
  }

  /** Addresses of Pulsar that became known make all components anew. */
  #isMade(object: KubeObject, { clusters }: ViewFacts): boolean {
    return this.#components.get(object)?.clusters === clusters ||
      this.#syncs.has(object as MeshSync);
  }

  /** The view of who sees so much. */
  view(facts: ViewFacts, sight: Sight): View {
    const objects = facts.components.filter((object) => isSeen(sight, object));
    const syncs = facts.syncs.filter((object) => isSeen(sight, object));
    const made = objects.map((object) => this.#component(object, facts));
    const topics = Object.assign({}, ...made.map(({ part }) => part.topics));
    const structure = this.#structure(objects, facts, sight);
    // Matches may be of a moment ago.
    const matches = Object.entries(structure.matches).filter(([, { from, to }]) =>
      Object.hasOwn(topics, from.slice(2)) && Object.hasOwn(topics, to.slice(2))
    );
    const components = Object.fromEntries(made.map(({ view }) => [componentKey(view), view]));
    return {
      at: timestamp(facts.nowMs),
      program: facts.program,
      components,
      topics,
      flows: Object.assign({}, ...made.map(({ part }) => part.flows), Object.fromEntries(matches)),
      syncs: Object.fromEntries(
        syncs.map((sync) => [keyText(keyOf(sync)), this.#sync(sync, facts)]),
      ),
      findings: structure.findings.filter(({ component }) => Object.hasOwn(components, component)),
      someHidden: objects.length + syncs.length < facts.components.length + facts.syncs.length,
    };
  }

  /** Forgets what belongs to rights that nobody has any more. */
  keep(sights: ReadonlySet<string>): void {
    this.#structures = new Map([...this.#structures].filter(([key]) => sights.has(key)));
  }

  #component(object: KubeObject, facts: ViewFacts): ComponentMemo {
    const { clusters } = facts;
    const perSecond = facts.perSecond(idText(idOf(object)));
    const known = this.#components.get(object);
    if (known?.perSecond === perSecond && known?.clusters === clusters) return known;
    const source = sourceOf(object);
    const view = readable(() => componentView(source), (unread) => unreadComponent(source, unread));
    const made = {
      perSecond,
      clusters,
      view: perSecond === undefined ? view : { ...view, perSecond },
      part: graphPart(source, { clusters, perSecond }),
    };
    this.#components.set(object, made);
    return made;
  }

  #sync(sync: MeshSync, facts: ViewFacts): SyncView {
    const nextLookMs = facts.nextLookMs(keyOf(sync));
    const known = this.#syncs.get(sync);
    if (known !== undefined && known.nextLookMs === nextLookMs) return known.view;
    const view = readable(() => syncView(sync, nextLookMs), (unread) => unreadSync(sync, unread));
    this.#syncs.set(sync, { nextLookMs, view });
    return view;
  }

  /** What only all components together tell. */
  #structure(objects: readonly KubeObject[], facts: ViewFacts, sight: Sight): Structure {
    const known = this.#knownStructure(objects, facts, sight);
    if (known !== undefined) return known;
    const made = inOneGo(structureFrom(objects, facts));
    this.#structures.set(sight.key, made);
    return made;
  }

  /** The structure that was made, where it will do. */
  #knownStructure(
    objects: readonly KubeObject[],
    { clusters, nowMs }: ViewFacts,
    { key }: Sight,
  ): Structure | undefined {
    const known = this.#structures.get(key);
    if (known === undefined) return undefined;
    const paceMs = Math.max(STRUCTURE_MS, objects.length * STRUCTURE_MS_EACH);
    const isCurrent = nowMs - known.atMs < paceMs ||
      (known.clusters === clusters && known.of === structuresOf(objects));
    return isCurrent ? known : undefined;
  }
}

function* structureFrom(
  objects: readonly KubeObject[],
  { clusters, nowMs }: ViewFacts,
): Turns<Structure> {
  const whole = yield* topologyInTurns(objects.map(sourceOf), { clusters });
  yield;
  const matches = matchFlows(whole);
  const found = yield* findingsInTurns(whole);
  return { of: structuresOf(objects), clusters, atMs: nowMs, matches, findings: shown(found) };
}

/** What makes a structure another one. */
function structuresOf(objects: readonly KubeObject[]): string {
  return objects.map(structureOf).join("\n");
}

function sourceOf(object: KubeObject): ComponentSource {
  const [source] = componentSources([{ object }]);
  return source ?? { component: object };
}

/** What makes an object another part of a structure: its status does not. */
function structureOf({ kind, metadata }: KubeObject): string {
  const { generation = 0, labels = {}, name, namespace = "", uid = "" } = metadata;
  return [kind, namespace, name, uid, generation, labels[LABELS.mesh] ?? ""].join(" ");
}

/** Warnings first. */
function shown(found: readonly Finding[]): FindingView[] {
  const [warnings, others] = [true, false].map((isWarning) =>
    found.filter(({ severity }) => (severity === "warning") === isWarning)
  );
  return [...warnings ?? [], ...others ?? []].slice(0, FINDINGS_MAX)
    .map(({ code, message, remedy, severity, ...about }) => ({
      code,
      severity,
      component: componentKey(about),
      message: shownText(message, TEXT_LENGTH_MAX),
      remedy,
    }));
}
