import { isMeshKind, type MeshSync } from "#api";
import { keyText, type ObjectKey } from "#base";
import { type Authority, authorityOf, type ObjectCache, type ObjectCaches } from "#gitops";
import { belongsTo } from "#manifests";
import { actingAs, type ObjectChange, type ResourceType, serviceAccountUser } from "#kube";
import { FollowedKinds } from "./followed_kinds.ts";
import type { Parts } from "./parts.ts";

/** Kinds that one account's watches follow at the same time, where it is no more than a tenant's. */
const TENANT_WATCHED_MAX = 8;
const TENANT_POLLED_MAX = 64;
/** Accounts of a tenant's namespace that follow anything; what others apply is looked at by requests. */
const TENANT_ACCOUNTS_MAX = 8;

/** Why kinds are not followed for one account more. */
const FULL = `${TENANT_ACCOUNTS_MAX} accounts of its namespace have watches already`;

/** What {@linkcode FollowedAccounts} is made from, and whom it tells. */
export interface FollowedAccountsOptions {
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** The kinds that a sync is known to apply. */
  readonly typesOf: (sync: MeshSync) => readonly ResourceType[];
  /** The controller's caches of our kinds, read with the program's own rights. */
  readonly meshKinds: () => Readonly<Partial<Record<string, ObjectCache>>>;
  readonly onChange: (change: ObjectChange) => void;
  /** An account has seen all objects of a kind. */
  readonly onSynced: (type: ResourceType, isMeant: (sync: MeshSync) => boolean) => void;
  /** An account may not follow a kind. */
  readonly onRefused: (type: ResourceType, isMeant: (sync: MeshSync) => boolean) => void;
  /** Waits until kinds are read, or not much longer. */
  readonly whenRead: (
    kinds: FollowedKinds,
    types: readonly ResourceType[],
    signal: AbortSignal,
  ) => Promise<void>;
}

/** The kinds that one account follows. */
interface Follower {
  readonly kinds: FollowedKinds;
  readonly stop: AbortController;
  readonly isMeant: (sync: MeshSync) => boolean;
  /** Of the tenant; undefined for the platform's accounts. */
  readonly namespace: string | undefined;
}

/**
 * Caches of what MeshSyncs applied, each kind followed with the rights of the account that applies it: no sync learns from a
 * cache what its account may not read. An account that may not watch a kind has no cache of it, and is asked for by request.
 */
export class FollowedAccounts {
  readonly #parts: Parts;
  readonly #options: FollowedAccountsOptions;
  readonly #followers = new Map<string, Follower>();
  readonly #ended: Promise<void>[] = [];

  constructor(parts: Parts, options: FollowedAccountsOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** The caches that a sync may look into. */
  of(sync: MeshSync): ObjectCaches {
    const authority = authorityOf(sync, this.#parts.tenancy);
    const known = () => this.#followers.get(followerKey(authority))?.kinds;
    return {
      of: (type) => isMeshKind(type) ? this.#meshCache(type, sync) : known()?.cache(type),
      version: (type, key) => isMeshKind(type) ? undefined : known()?.version(type, key),
      obstacle: (type) => {
        if (isMeshKind(type)) return undefined;
        const kinds = known();
        if (kinds !== undefined) return kinds.obstacle(type);
        return this.#isFull(authority) ? FULL : undefined;
      },
      follow: async (types, signal) => {
        const followed = types.length === 0 ? undefined : this.#follower(authority)?.kinds;
        if (followed === undefined) return;
        followed.follow(types);
        await this.#options.whenRead(followed, types, signal);
      },
    };
  }

  /** Follows what a sync applies before it has a pass; does not wait. */
  followAhead(sync: MeshSync, types: readonly ResourceType[]): void {
    const authority = authorityOf(sync, this.#parts.tenancy);
    if (types.length > 0) this.#follower(authority)?.kinds.follow(types);
  }

  /** See {@linkcode FollowedKinds.compare}. */
  async compare(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#followers.values()].map(({ kinds }) => kinds.compare(signal)));
  }

  /** Ends to follow, after a while, what none of these syncs applies any more. */
  keep(syncs: readonly MeshSync[]): void {
    for (const [key, { isMeant, kinds, stop }] of this.#followers) {
      const own = syncs.filter(isMeant);
      kinds.keep(own.flatMap((sync) => this.#options.typesOf(sync)));
      if (own.length > 0) continue;
      this.#followers.delete(key);
      stop.abort(new DOMException("nobody acts as this account any more", "AbortError"));
      this.#ended.push(kinds.ended());
    }
  }

  /** Resolves when everything has ended, after the signal. */
  async ended(): Promise<void> {
    const now = [...this.#followers.values()].map(({ kinds }) => kinds.ended());
    await Promise.all([...this.#ended, ...now]);
  }

  /**
   * The controller's cache of one of our kinds: whole for the platform's account, which may read all of them; for any other
   * one the objects that the sync itself applied.
   */
  #meshCache(type: ResourceType, sync: MeshSync): ObjectCache | undefined {
    const cache = this.#options.meshKinds()[type.kind];
    const { tenancy } = this.#parts;
    const { account, namespace } = authorityOf(sync, tenancy);
    if (cache === undefined) return undefined;
    if (namespace === undefined && sameAccount(account, tenancy.account)) return cache;
    return {
      get: (key) => {
        const object = cache.get(key);
        const isSeen = namespace === undefined || key.namespace === namespace;
        return object !== undefined && isSeen && belongsTo(sync, object) ? object : undefined;
      },
      get synced() {
        return cache.synced;
      },
      observe: (object) => cache.observe?.(object),
    };
  }

  /** Whether as many accounts as may follow for a namespace do so. */
  #isFull({ namespace }: Authority): boolean {
    const others = [...this.#followers.values()].filter((other) => other.namespace === namespace);
    return namespace !== undefined && others.length >= TENANT_ACCOUNTS_MAX;
  }

  /** Whoever follows for an authority; undefined where its namespace has enough who do. */
  #follower(authority: Authority): Follower | undefined {
    const key = followerKey(authority);
    const known = this.#followers.get(key);
    if (known !== undefined) return known;
    if (this.#isFull(authority)) return undefined;
    const { namespace } = authority;
    const { tenancy } = this.#parts;
    const stop = new AbortController();
    const isMeant = (sync: MeshSync) => followerKey(authorityOf(sync, tenancy)) === key;
    const limits = authority.namespace === undefined
      ? {}
      : { watchedMax: TENANT_WATCHED_MAX, polledMax: TENANT_POLLED_MAX };
    const kinds = new FollowedKinds(this.#partsFor(authority), {
      ...limits,
      signal: AbortSignal.any([this.#options.signal, stop.signal]),
      onChange: this.#options.onChange,
      onSynced: (type) => this.#options.onSynced(type, isMeant),
      onRefused: (type) => this.#options.onRefused(type, isMeant),
    });
    const follower = { kinds, stop, isMeant, namespace };
    this.#followers.set(key, follower);
    return follower;
  }

  /** The program's parts, with the rights and the reach of an authority. */
  #partsFor({ account, namespace }: Authority): Parts {
    const { clientOf, config, transport } = this.#parts;
    return {
      ...this.#parts,
      ...(namespace === undefined ? {} : { config: { ...config, watchedNamespace: namespace } }),
      ...(account === undefined ? {} : {
        cluster: clientOf(account),
        transport: actingAs(transport, serviceAccountUser(account)),
      }),
    };
  }
}

function followerKey({ account, namespace }: Authority): string {
  return `${account === undefined ? "" : keyText(account)} ${namespace ?? ""}`;
}

function sameAccount(one: ObjectKey | undefined, other: ObjectKey | undefined): boolean {
  return one === undefined || other === undefined ? one === other : keyText(one) === keyText(other);
}
