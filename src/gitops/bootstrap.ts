import { GITOPS_API_VERSION, type MeshSync, resourceOf } from "#api";
import { contentHash, keyText, type ObjectKey } from "#base";
import { type GitRef, parseRef } from "#git";
import type { ClusterClient } from "#kube";

/** Name of the MeshSync that flags make. */
export const BOOTSTRAP_NAME = "bootstrap";

/** What flags say about a repository. */
export interface BootstrapOptions {
  /** Name of the MeshSync; {@linkcode BOOTSTRAP_NAME} when left out. */
  readonly name?: string;
  /** The program's own namespace. */
  readonly namespace: string;
  readonly url: string;
  /** `main`, `tag:v1`, `semver:^1`, `commit:…`; the default branch when left out. */
  readonly ref?: string;
  readonly path?: string;
  /** A duration, e.g. `30s`. */
  readonly interval?: string;
  readonly timeout?: string;
  readonly prune?: boolean;
  readonly targetNamespace?: string;
  /** Secret with the credentials, in the same namespace. */
  readonly secretName?: string;
}

/**
 * The MeshSync for a repository that flags name, so that there is one way for all.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bootstrapSync } from "#gitops";
 * const sync = bootstrapSync({ namespace: "meshwright", url: "https://git.example/a.git", ref: "tag:v1", path: "meshes" });
 * assertEquals(sync.metadata, { name: "bootstrap", namespace: "meshwright" });
 * assertEquals(sync.spec, { url: "https://git.example/a.git", ref: { tag: "v1" }, path: "meshes" });
 * ```
 * @throws {RefSyntaxError} when the ref can mean nothing
 */
export function bootstrapSync(options: BootstrapOptions): MeshSync {
  const {
    interval,
    name = BOOTSTRAP_NAME,
    path,
    prune,
    secretName,
    targetNamespace,
    timeout,
    url,
  } = options;
  const ref: GitRef = parseRef(options.ref ?? "");
  return {
    apiVersion: GITOPS_API_VERSION,
    kind: "MeshSync",
    metadata: { name, namespace: options.namespace },
    spec: {
      url,
      ...(Object.keys(ref).length === 0 ? {} : { ref }),
      ...(path === undefined ? {} : { path }),
      ...(interval === undefined ? {} : { interval }),
      ...(timeout === undefined ? {} : { timeout }),
      ...(prune === undefined ? {} : { prune }),
      ...(targetNamespace === undefined ? {} : { targetNamespace }),
      ...(secretName === undefined ? {} : { secretRef: { name: secretName } }),
    },
  };
}

/** The field manager of what flags made. */
const BOOTSTRAP_MANAGER = "meshwright-flags";

/** Says whose flags made a MeshSync: those of a program that goes on, or of one that ends. */
const FLAGS_ANNOTATION = "gitops.functionmesh.io/flags-of";

/** A MeshSync that flags would make is there already, says something else, and is not ours to change. */
export class OtherSyncError extends Error {
  override readonly name = "OtherSyncError";
}

/** Whose flags they are. */
export type BootstrapOwner = "run" | "sync";

/**
 * Makes the bootstrap MeshSync, or brings it to what the flags say; the namespace must exist.
 *
 * For a program that ends (`owner: "sync"`) one that somebody else made is left as it is.
 *
 * @returns what the loop's context takes as `bootstrap`: only this sync may name a `file:` url, and only this one
 * @throws {OtherSyncError} where that one says something else
 */
export async function ensureBootstrap(
  cluster: ClusterClient,
  options: BootstrapOptions & { readonly owner?: BootstrapOwner; readonly signal?: AbortSignal },
): Promise<{ readonly key: ObjectKey; readonly url: string }> {
  const { owner = "run", signal, ...flags } = options;
  const wanted = bootstrapSync(flags);
  const key = { namespace: options.namespace, name: wanted.metadata.name };
  const found = { key, url: options.url };
  if (owner === "sync" && await isOthers(wanted, key, { cluster, signal })) return found;
  const metadata = { ...wanted.metadata, annotations: { [FLAGS_ANNOTATION]: owner } };
  await cluster.apply({ ...wanted, metadata }, {
    fieldManager: BOOTSTRAP_MANAGER,
    ...(signal === undefined ? {} : { signal }),
  });
  return found;
}

/** Whether somebody else made the MeshSync, to the same effect. */
async function isOthers(
  wanted: MeshSync,
  key: ObjectKey,
  { cluster, signal }: {
    readonly cluster: ClusterClient;
    readonly signal: AbortSignal | undefined;
  },
): Promise<boolean> {
  const existing = await cluster.get(resourceOf("MeshSync"), key, signal) as MeshSync | undefined;
  const owner = existing?.metadata.annotations?.[FLAGS_ANNOTATION];
  if (existing === undefined || owner === "sync") return false;
  const [has, wants] = [existing.spec, wanted.spec].map(effect);
  const members = [...new Set([...Object.keys(has ?? {}), ...Object.keys(wants ?? {})])].sort()
    .filter((member) =>
      contentHash(has?.[member] ?? null) !== contentHash(wants?.[member] ?? null)
    );
  if (members.length === 0) return true;
  throw new OtherSyncError(
    `Cannot use MeshSync ${keyText(key)}: somebody else made it, with another ` +
      `${members.join(", ")}; give this one a name of its own with --name`,
  );
}

/** What decides what is applied: not how often, and not whether it is suspended for now. */
function effect(spec: MeshSync["spec"]): Readonly<Record<string, unknown>> {
  const { interval: _i, suspend: _s, suspendReason: _r, suspendUntil: _u, timeout: _t, ...rest } =
    spec;
  return { path: ".", prune: true, ...rest };
}
