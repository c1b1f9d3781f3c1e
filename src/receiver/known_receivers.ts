import { type MeshSync, type Receiver, resourceOf } from "#api";
import { type Clock, keyOf, keyText, type ObjectKey, secretData } from "#base";
import type { ClusterClient } from "#kube";
import { Recent } from "./recent.ts";

/** How long what is known of receivers counts. */
const KNOWN_MS = 5_000;
/** How soon it is read again for one that is not known: it may be new, or somebody tries names. */
const UNKNOWN_MS = 1_000;
/** How long a secret is kept: the calls of an attacker cost no request each, and nothing stays in memory. */
const SECRET_MS = 2_000;

const SECRET = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true } as const;

/** What {@linkcode KnownReceivers} needs. */
export interface KnownReceiversOptions {
  readonly cluster: Pick<ClusterClient, "list">;
  /** Reads what a MeshSync refers to, with the rights of whoever acts for it. */
  readonly readerFor: (sync: MeshSync) => Pick<ClusterClient, "get">;
  /** All namespaces when left out. */
  readonly watchedNamespace?: string;
  readonly clock: Clock;
}

/** A receiver, with the MeshSync that it is of. */
export interface KnownReceiver {
  readonly receiver: Receiver;
  readonly sync: MeshSync;
}

type Directory = ReadonlyMap<string, KnownReceiver>;

/** Which receivers there are, for little however often somebody asks and whatever for. */
export class KnownReceivers {
  readonly #options: KnownReceiversOptions;
  readonly #directory: Recent<Directory>;
  readonly #secrets: Recent<string>;

  constructor(options: KnownReceiversOptions) {
    this.#options = options;
    this.#directory = new Recent(options.clock);
    this.#secrets = new Recent(options.clock);
  }

  /** The receiver of a MeshSync; undefined when it has none, or there is no such MeshSync. */
  async find(key: ObjectKey): Promise<KnownReceiver | undefined> {
    const read = () => this.#read();
    const known = await this.#directory.of("", { keptMs: KNOWN_MS, read });
    return known.get(keyText(key)) ??
      (await this.#directory.of("", { keptMs: UNKNOWN_MS, read })).get(keyText(key));
  }

  /** What the Git service knows, from the Secret; empty when it is not there, which nobody can know. */
  async secretOf({ receiver: { secretRef }, sync }: KnownReceiver): Promise<string> {
    this.#secrets.sweep(SECRET_MS);
    const key = { namespace: sync.metadata.namespace ?? "", name: secretRef.name };
    // What one account may read another one may not.
    const account = sync.spec.serviceAccountName ?? "";
    return await this.#secrets.of(`${keyText(key)} ${account}`, {
      keptMs: SECRET_MS,
      read: async () => {
        const { token = "" } = secretData(
          await this.#options.readerFor(sync).get(SECRET, key),
        );
        return token.trimEnd();
      },
    });
  }

  async #read(): Promise<Directory> {
    const { cluster, watchedNamespace } = this.#options;
    const syncs = await cluster.list(
      resourceOf("MeshSync"),
      watchedNamespace === undefined ? {} : { namespace: watchedNamespace },
    ) as MeshSync[];
    return new Map(syncs.flatMap((sync) => {
      const { receiver } = sync.spec;
      return receiver === undefined ? [] : [[keyText(keyOf(sync)), { receiver, sync }] as const];
    }));
  }
}
