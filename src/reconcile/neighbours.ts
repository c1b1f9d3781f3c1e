import {
  byText,
  idOf,
  idText,
  keyText,
  type KubeObject,
  type ObjectId,
  type ObjectKey,
} from "#base";
import { sharedMarks } from "#topology";
import { meshKeyOf } from "./cached_facts.ts";
import type { WakeUp } from "./wake_up.ts";

/** A component, and what it has that no other one should have. */
interface Neighbour {
  readonly id: ObjectId;
  readonly text: string;
  readonly mesh: ObjectKey | undefined;
  /** Its mesh, or itself where it has none. */
  readonly holder: string;
  readonly marks: readonly string[];
  /** Nothing of this is another one while these and the mesh are the same. */
  readonly uid: string;
  readonly generation: number;
}

/** Those who have the same mark: the first by name, and the first that another mesh has. Each mesh is told of one of both. */
type Heads = readonly [Neighbour | undefined, Neighbour | undefined];

/** All who have the same mark, where these are several. */
interface Group {
  readonly members: Map<string, Neighbour>;
  heads: Heads;
}

/** How many others a mesh is told of: its status lists no more. */
const OTHERS_MAX = 20;

/**
 * Which components of other meshes have what a component of a mesh has: its name in Pulsar, or its subscription on a topic.
 *
 * # Guarantees
 * - A change costs what the component itself has, however many others there are; only where the first of some that have the
 *   same goes, all of these are looked at.
 * - Nothing of a status counts: that a mesh is told something never has it told something again.
 */
export class Neighbours {
  readonly #known = new Map<string, Neighbour>();
  /** Who has a mark: most have a mark that nobody else has, and are no group for it, which would take more than they do. */
  readonly #groups = new Map<string, Neighbour | Group>();

  /** Notes how a component is now; answers the meshes to which something else is to be told then. */
  note(
    { after, before }: { readonly before?: KubeObject; readonly after?: KubeObject },
  ): WakeUp[] {
    const object = after ?? before;
    if (object === undefined) return [];
    const text = idText(idOf(object));
    const old = this.#known.get(text);
    if (after !== undefined && old !== undefined && isStill(old, after)) return [];
    const now = after === undefined ? undefined : neighbour(after, text);
    if (now === undefined) this.#known.delete(text);
    else this.#known.set(text, now);
    const marks = new Set([...old?.marks ?? [], ...now?.marks ?? []]);
    const meshes = new Map<string, ObjectKey>();
    for (const mark of marks) {
      const has = now !== undefined && now.marks.includes(mark);
      for (const mesh of this.#change(mark, { text, now: has ? now : undefined })) {
        meshes.set(keyText(mesh), mesh);
      }
    }
    return [...meshes.values()].map((key) => ({ kind: "FunctionMesh", key }));
  }

  /** Components that are not of a mesh and have what one of its components has, some of them at most. */
  of(mesh: ObjectKey, components: readonly ObjectId[]): ObjectId[] {
    const holder = holderText(mesh);
    const others = new Map<string, ObjectId>();
    for (const id of components) {
      const own = this.#known.get(idText(id));
      if (own?.holder !== holder) continue;
      for (const mark of own.marks) {
        const other = groupOf(this.#groups.get(mark)).heads.find((head) => head?.holder !== holder);
        if (other !== undefined) others.set(other.text, other.id);
      }
    }
    return [...others].sort(([a], [b]) => byText(a, b)).slice(0, OTHERS_MAX).map(([, id]) => id);
  }

  /** Answers the meshes of all that have the mark, where their first ones are others now. */
  #change(
    mark: string,
    { now, text }: { readonly text: string; readonly now: Neighbour | undefined },
  ): ObjectKey[] {
    const group = groupOf(this.#groups.get(mark));
    const before = group.heads;
    const had = group.members.get(text);
    if (now === undefined) group.members.delete(text);
    else group.members.set(text, now);
    const [first] = group.members.values();
    if (first === undefined) this.#groups.delete(mark);
    else this.#groups.set(mark, group.members.size === 1 ? first : group);
    const wasHead = had !== undefined && before.includes(had);
    group.heads = headsOf(wasHead ? [...group.members.values()] : [...before, now]);
    const isSame = group.heads[0] === before[0] && group.heads[1] === before[1];
    const isShared = group.heads[1] !== undefined || before[1] !== undefined;
    if (isSame || !isShared) return [];
    return [...group.members.values()].flatMap(({ mesh }) => mesh ?? []);
  }
}

function groupOf(found: Neighbour | Group | undefined): Group {
  if (found === undefined) return { members: new Map(), heads: [undefined, undefined] };
  if ("members" in found) return found;
  return { members: new Map([[found.text, found]]), heads: [found, undefined] };
}

function neighbour(component: KubeObject, text: string): Neighbour {
  const mesh = meshKeyOf(component);
  return {
    id: idOf(component),
    text,
    mesh,
    holder: mesh === undefined ? text : holderText(mesh),
    marks: [...new Set(sharedMarks(component))],
    ...versionOf(component),
  };
}

function holderText(mesh: ObjectKey): string {
  return `FunctionMesh ${keyText(mesh)}`;
}

function versionOf({ metadata: { generation = 0, uid = "" } }: KubeObject) {
  return { generation, uid };
}

function isStill({ generation, mesh, uid }: Neighbour, component: KubeObject): boolean {
  const now = versionOf(component);
  return now.uid === uid && now.generation === generation &&
    meshKeyOf(component)?.name === mesh?.name;
}

function headsOf(candidates: readonly (Neighbour | undefined)[]): Heads {
  const sorted = candidates.flatMap((one) => one ?? []).sort((a, b) => byText(a.text, b.text));
  const [first] = sorted;
  return [first, sorted.find(({ holder }) => holder !== first?.holder)];
}
