import { type Clock, keyOf, type KubeObject, pause } from "#base";
import { isNotFound } from "./api_error.ts";
import { resourcePath, type ResourceType } from "./resource_type.ts";
import { isNewerVersion, isOlderVersion } from "./resource_version.ts";
import { strippedObject } from "./stripped_object.ts";
import type { Transport } from "./transport.ts";

/** A watch that has not told of a deletion after this time does not tell of it. */
const GRACE_MS = 15_000;

/** What a check of the storage needs. */
export interface StorageCheck {
  readonly transport: Pick<Transport, "request">;
  readonly type: ResourceType;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The object as it is known now. */
  known(): KubeObject | undefined;
}

/** The object that changed last. */
export function newestObject(objects: readonly KubeObject[]): KubeObject | undefined {
  return objects.reduce<KubeObject | undefined>((last, object) => {
    const version = object.metadata.resourceVersion;
    return last === undefined || isNewerVersion(version, last.metadata.resourceVersion)
      ? object
      : last;
  }, undefined);
}

/**
 * Why the storage of a server is not as far as what is known of it, or undefined when it is.
 *
 * One object is read by its name: that comes from the storage itself. Lists and watches come from memory of the API
 * server, which keeps what it had when the storage under it is set back to an older copy, and then tells nothing until
 * the storage has come as far again.
 *
 * @throws when the object cannot be read
 */
export async function storageProblem(check: StorageCheck): Promise<string | undefined> {
  const { clock, signal, transport, type } = check;
  const known = check.known();
  if (known === undefined) return undefined;
  const key = keyOf(known);
  const version = known.metadata.resourceVersion ?? "";
  const what = `${type.kind} ${key.namespace === "" ? "" : `${key.namespace}/`}${key.name}`;
  const remedy = "its storage was set back: restart the API servers";
  try {
    const answer = await transport.request({
      path: resourcePath(type, key),
      ask: { verb: "get", kind: type.kind, key },
      signal,
    });
    const stored = strippedObject(answer, type).metadata.resourceVersion ?? "";
    return isOlderVersion(stored, version)
      ? `the server has ${what} at version ${stored}, and had it at ${version}; ${remedy}`
      : undefined;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  await pause(GRACE_MS, { clock, signal });
  const isStillKnown = check.known()?.metadata.resourceVersion === version;
  return isStillKnown && !signal.aborted
    ? `the server has no ${what}, of whose deletion it told nothing; ${remedy}`
    : undefined;
}
