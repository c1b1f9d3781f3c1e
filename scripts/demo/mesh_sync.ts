import { GITOPS_API_VERSION, type MeshSync } from "#api";
import { stringify } from "yaml";
import { MESH_FOLDER } from "./repository.ts";
import type { Screen } from "./screen.ts";
import type { World } from "./world.ts";

/** The MeshSync of the demo. */
export const SYNC_KEY = { namespace: "default", name: "meshes" } as const;

/** What the demo's MeshSync says of its own. */
export interface SyncOptions {
  readonly url: string;
  /** How long a commit may take to become healthy, as a duration. */
  readonly healthTimeout: string;
}

/** Patient enough for a busy machine: a good commit must not go back. */
export const PATIENT = "1m";

/** A MeshSync that goes back to what was healthy, quick in all that it does: people watch. */
export function meshSync({ healthTimeout, url }: SyncOptions): MeshSync {
  return {
    apiVersion: GITOPS_API_VERSION,
    kind: "MeshSync",
    metadata: SYNC_KEY,
    spec: {
      url,
      ref: { branch: "main" },
      path: MESH_FOLDER,
      interval: "1s",
      onUnhealthy: "rollback",
      healthTimeout,
      settleTime: "1s",
    },
  };
}

/** Applies the MeshSync, as `kubectl apply --server-side` does. */
export async function applySync(
  options: SyncOptions,
  { world }: { readonly world: World },
): Promise<void> {
  await world.cluster.apply(meshSync(options), { fieldManager: "demo" });
}

/** Shows a MeshSync as people write it. */
export function showSync(options: SyncOptions, screen: Screen): void {
  for (const line of stringify(meshSync(options)).trimEnd().split("\n")) {
    screen.line(`    ${line}`, "dim");
  }
}
