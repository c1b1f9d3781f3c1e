import { COMPONENT_KINDS, resourceOf } from "#api";
import { idOf, isPlainObject, type KubeObject } from "#base";
import {
  type ClusterClient,
  DEFINITION_HASH_ANNOTATION,
  DEFINITION_TYPE,
  type ResourceType,
} from "#kube";
import { STATUS_MANAGER } from "./context.ts";

/** How many resources are written at a time. */
const CONCURRENCY = 8;

/**
 * Takes the conditions of the reference operator, a map by name, out of all resources; to be called before definitions
 * are replaced by those where conditions are a list.
 *
 * An API server that finds a map where its definition has a list forgets, at the next write of whatever part of the
 * object, who manages which field: no apply would take away any more what its author took out. The rest of the old
 * status stays until the controller writes its own: `observedGeneration` says whether the reference had acted on it.
 *
 * A definition that this program has installed costs one read.
 *
 * @returns how many resources were written
 */
export async function clearOldConditions(
  cluster: ClusterClient,
  signal?: AbortSignal,
): Promise<number> {
  let cleared = 0;
  for (const kind of COMPONENT_KINDS) {
    const type = resourceOf(kind);
    if (!await isForeign(cluster, type, signal)) continue;
    const objects = await cluster.list(type, signal === undefined ? {} : { signal });
    const old = objects.filter(hasOldConditions);
    for (let first = 0; first < old.length; first += CONCURRENCY) {
      const some = old.slice(first, first + CONCURRENCY);
      await Promise.all(some.map((object) => clear(cluster, object, signal)));
    }
    cleared += old.length;
  }
  return cleared;
}

/** Whether somebody else installed the definition of a kind, at first or over ours. */
async function isForeign(
  cluster: ClusterClient,
  type: ResourceType,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const name = `${type.plural}.${type.apiVersion.split("/")[0]}`;
  const live = await cluster.get(DEFINITION_TYPE, { namespace: "", name }, signal);
  return live !== undefined &&
    (live.metadata.annotations?.[DEFINITION_HASH_ANNOTATION] === undefined ||
      !hasConditionList(live));
}

/** Whether all versions of a definition have conditions as a list, as ours do. */
function hasConditionList({ spec }: KubeObject): boolean {
  const versions = isPlainObject(spec) && Array.isArray(spec["versions"]) ? spec["versions"] : [];
  return versions.every((version) => {
    const path = ["schema", "openAPIV3Schema", "properties", "status", "properties", "conditions"];
    return memberAt(version, [...path, "type"]) === "array";
  });
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => isPlainObject(at) ? at[name] : undefined, value);
}

function hasOldConditions({ status }: KubeObject): boolean {
  return isPlainObject(status) && isPlainObject(status["conditions"]);
}

async function clear(
  cluster: ClusterClient,
  object: KubeObject,
  signal: AbortSignal | undefined,
): Promise<void> {
  await cluster.patch(idOf(object), { status: { conditions: null } }, {
    fieldManager: STATUS_MANAGER,
    subresource: "status",
    ...(signal === undefined ? {} : { signal }),
  });
}
