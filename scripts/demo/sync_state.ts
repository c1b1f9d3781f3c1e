import type { MeshSync, MeshSyncStatus } from "#api";
import { conditionOf } from "#base";
import type { Snapshot } from "./component_row.ts";
import { SYNC_KEY } from "./mesh_sync.ts";

/** Status of the demo's MeshSync; empty before there is one. */
export function syncStatusOf(snapshot: Snapshot): MeshSyncStatus {
  const sync = (snapshot["MeshSync"] ?? []).find(({ metadata }) =>
    metadata.name === SYNC_KEY.name
  ) as MeshSync | undefined;
  return sync?.status ?? {};
}

/** What the MeshSync says of itself, hashes as short as people write them. */
export function syncWords(snapshot: Snapshot): string {
  const ready = conditionOf(syncStatusOf(snapshot).conditions, "Ready");
  return ready === undefined
    ? "the MeshSync has no status yet"
    : `${ready.reason}: ${shortHashes(ready.message)}`;
}

/**
 * A text with every commit hash cut to seven digits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { shortHashes } from "./sync_state.ts";
 * assertEquals(shortHashes(`main@sha1:${"0123456789".repeat(4)}: 5 objects`), "main@sha1:0123456: 5 objects");
 * ```
 */
export function shortHashes(text: string): string {
  return text.replaceAll(/\b([0-9a-f]{7})[0-9a-f]{33}\b/g, "$1");
}
