import { isMeshKind, type MeshSync } from "#api";
import { errorText, keyOf, keyText, pause } from "#base";
import { actingClient, ownedKinds } from "#gitops";
import type { Cache, ResourceType } from "#kube";
import type { FollowedAccounts } from "./followed_accounts.ts";
import type { Parts } from "./parts.ts";

/** How often it is looked which MeshSyncs changed. */
const LOOK_MS = 5_000;

/** What one MeshSync said last. */
interface Owned {
  readonly version: string | undefined;
  readonly types: readonly ResourceType[];
}

/**
 * Which kinds MeshSyncs say that they applied, of those that this replica does not work on: it has no passes that would
 * tell. With them their caches are filled before the first pass.
 */
export class StandbyKinds {
  readonly #parts: Parts;
  readonly #owned = new Map<string, Owned>();
  #failure = "";

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The kinds that a sync said it applied. */
  typesOf(sync: MeshSync): readonly ResourceType[] {
    return this.#owned.get(keyText(keyOf(sync)))?.types ?? [];
  }

  /** Has them followed until the signal aborts, and nothing else for longer than a while. */
  async run(
    standby: {
      readonly followed: FollowedAccounts;
      readonly syncs: Cache;
      /** Whether this replica works on a sync. */
      readonly isLed: (sync: MeshSync) => boolean;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      if (standby.syncs.synced) await this.#look({ ...standby, signal });
      await pause(LOOK_MS, { clock, signal });
    }
    this.#owned.clear();
  }

  async #look(
    { followed, isLed, signal, ...caches }: {
      readonly followed: FollowedAccounts;
      readonly syncs: Cache;
      readonly isLed: (sync: MeshSync) => boolean;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const syncs = caches.syncs.list() as readonly MeshSync[];
    let isChanged = false;
    for (const sync of syncs) {
      const { resourceVersion: version } = sync.metadata;
      const key = keyText(keyOf(sync));
      if (isLed(sync)) {
        this.#owned.delete(key);
        continue;
      }
      const known = this.#owned.get(key);
      if (known !== undefined && known.version === version) continue;
      const types = await this.#typesNamed(sync);
      if (signal.aborted) return;
      this.#owned.set(key, {
        version: types === undefined ? undefined : version,
        types: types ?? [],
      });
      followed.followAhead(sync, types ?? []);
      isChanged = true;
    }
    const present = new Set(syncs.map((sync) => keyText(keyOf(sync))));
    for (const key of [...this.#owned.keys()]) {
      if (present.has(key)) continue;
      this.#owned.delete(key);
      isChanged = true;
    }
    if (isChanged) followed.keep(syncs);
  }

  /** Undefined where the server does not say what it serves: it is asked again. */
  async #typesNamed(sync: MeshSync): Promise<ResourceType[] | undefined> {
    const client = actingClient(sync, this.#parts);
    try {
      const types: ResourceType[] = [];
      for (const [apiVersion = "", kind = ""] of ownedKinds(sync).map((text) => text.split(" "))) {
        if (isMeshKind({ apiVersion, kind })) continue;
        const type = await client.resourceType(apiVersion, kind);
        if (type !== undefined) types.push(type);
      }
      this.#failure = "";
      return types;
    } catch (error) {
      const failure = errorText(error);
      const { log } = this.#parts;
      if (failure !== this.#failure) log.warn("Cannot follow what a MeshSync applied", { error });
      this.#failure = failure;
      return undefined;
    }
  }
}
