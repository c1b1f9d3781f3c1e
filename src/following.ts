import type { TaskGroup } from "#base";
import { MeshCaches } from "./mesh_caches.ts";
import type { Parts } from "./parts.ts";
import { SyncCaches } from "./sync_caches.ts";

/** What a process knows of the cluster, whoever leads: it follows, and writes nothing. */
export class Following implements AsyncDisposable {
  readonly meshes: MeshCaches;
  readonly syncs: SyncCaches;

  constructor(parts: Parts) {
    this.meshes = new MeshCaches(parts);
    this.syncs = new SyncCaches(parts, this.meshes);
  }

  /** Follows the cluster for as long as a group goes on. */
  start(group: TaskGroup): void {
    group.start((stop) => this.meshes.follow(stop));
    group.start((stop) => this.syncs.follow(stop));
  }

  /**
   * For who followed while another process led: resolves when the caches know everything that is so now.
   *
   * @param options.isReread whether definitions changed: then all objects are read again
   * @throws the signal's reason
   */
  async compare(signal: AbortSignal, options: { readonly isReread: boolean }): Promise<void> {
    await Promise.all([
      this.meshes.compare(signal, options),
      this.syncs.compare(signal, options),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.syncs[Symbol.asyncDispose]();
  }
}
