/** What should be, in a history: the content of every commit, and what a status makes of it. */
import type { MeshSync } from "#api";
import { conditionOf, type KubeObject, type ObjectId } from "#base";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { configMapId, functionId, type SyncWorld } from "../support/sync_world.ts";
import { OBJECTS, SYNCS } from "./history.ts";

/** Objects of one folder: their variants by name. */
export type FolderContent = ReadonlyMap<string, number>;

/** Where each object is, and in which variant. */
export type TreeContent = ReadonlyMap<string, { readonly sync: string; readonly variant: number }>;

/** An image that never becomes ready. */
export const BAD_VARIANT = 2;

/** Whether an object is a Function. */
export function isFunction(name: string): boolean {
  return name.startsWith("f");
}

/** Where an object of histories is. */
export function poolId(name: string): ObjectId {
  return isFunction(name) ? functionId(name) : configMapId(name);
}

/** The name of an object in an inventory or a hold. */
export function poolKey(name: string): string {
  return isFunction(name)
    ? `shop_${name}_compute.functionmesh.io_Function`
    : `shop_${name}__ConfigMap`;
}

/** The file of an object. */
export function poolText(name: string, variant: number): string {
  return isFunction(name)
    ? functionText(name, imageOf(variant))
    : configMapText(name, `v${variant}`);
}

function imageOf(variant: number): string {
  return variant === BAD_VARIANT ? "example/bad:1" : `example/good:${variant}`;
}

/** The files of a tree. */
export function treeFiles(tree: TreeContent): Record<string, string> {
  return Object.fromEntries(
    [...tree].map(([name, { sync, variant }]) => [`${sync}/${name}.json`, poolText(name, variant)]),
  );
}

/** Every commit that ever was. */
export class CommitModel {
  readonly #trees = new Map<string, TreeContent>();

  note(commit: string, tree: TreeContent): void {
    this.#trees.set(commit, tree);
  }

  tree(commit: string): TreeContent {
    return this.#trees.get(commit) ?? new Map();
  }

  /** Whether Git ever had an object in the folder of one of these syncs. */
  wasIn(name: string, syncs: ReadonlySet<string>): boolean {
    return [...this.#trees.values()].some((tree) => syncs.has(tree.get(name)?.sync ?? ""));
  }

  folder(commit: string, sync: string): FolderContent {
    return new Map(
      [...this.tree(commit)].filter(([, at]) => at.sync === sync)
        .map(([name, { variant }]) => [name, variant]),
    );
  }

  /**
   * What a sync should have applied of a revision: what is held is as in the revision that it went back to, unless it moved
   * to another sync meanwhile.
   */
  composed(sync: MeshSync, commit: string, world: SyncWorld): FolderContent {
    const name = sync.metadata.name;
    const content = new Map(this.folder(commit, name));
    const isRollingBack = sync.spec.onUnhealthy === "rollback";
    for (const hold of isRollingBack ? sync.status?.quarantined ?? [] : []) {
      const healthy = this.folder(commitOf(hold.healthyRevision) ?? "", name);
      for (const object of OBJECTS.filter((one) => hold.objects.includes(poolKey(one)))) {
        const variant = healthy.get(object);
        const isMoved = isHeldByOthers([object], name, world);
        if (variant === undefined || isMoved) content.delete(object);
        else content.set(object, variant);
      }
    }
    return content;
  }
}

/** Whether the inventory of another sync names one of these objects. */
export function isHeldByOthers(
  objects: readonly string[],
  sync: string,
  world: SyncWorld,
): boolean {
  return SYNCS.some((other) =>
    other !== sync &&
    (world.status(other).inventory ?? []).some(({ id }) =>
      objects.some((object) => id === poolKey(object))
    )
  );
}

/** The commit of a revision as a status names it. */
export function commitOf(revision: string | undefined): string | undefined {
  return revision?.split(":").at(-1);
}

/** Why an object is not as a sync wants it; undefined when it is. */
export function objectFlaw(
  name: string,
  { live, sync, variant }: {
    readonly live: KubeObject | undefined;
    readonly sync: string;
    readonly variant: number;
  },
): string | undefined {
  if (live === undefined) return `${name} is not there`;
  if (live.metadata.deletionTimestamp !== undefined) return `${name} is being deleted`;
  const owner = live.metadata.labels?.["gitops.functionmesh.io/name"];
  if (owner !== sync) return `${name} has the label of ${owner}, not of ${sync}`;
  const is = isFunction(name)
    ? (live.spec as { readonly image?: string }).image
    : (live["data"] as Record<string, string> | undefined)?.["value"];
  const wanted = isFunction(name) ? imageOf(variant) : `v${variant}`;
  return is === wanted ? undefined : `${name} is ${is}, not ${wanted}`;
}

/** Whether a live object is as healthy as it can be: nothing of ConfigMaps, `Ready` of this very generation of Functions. */
export function isReadyObject(name: string, live: KubeObject | undefined): boolean {
  if (!isFunction(name)) return true;
  const status = live?.status as { readonly conditions?: unknown } | undefined;
  const ready = conditionOf(status?.conditions, "Ready");
  return ready?.status === "True" && ready.observedGeneration === live?.metadata.generation;
}

/** The name of an object of histories; undefined for any other. */
export function poolName(object: KubeObject): string | undefined {
  const { name, namespace } = object.metadata;
  const isOurs = namespace === "shop" && OBJECTS.includes(name) &&
    (object.kind === "Function" || object.kind === "ConfigMap");
  return isOurs ? name : undefined;
}

/** The index of a sync. */
export function syncIndex(name: string): number {
  return SYNCS.indexOf(name);
}
