import { GITOPS_API_VERSION, type MeshSync } from "#api";
import type { ObjectKey } from "#base";
import { type GitRef, parseRef } from "#git";
import type { ClusterClient } from "#kube";

/** Name of the MeshSync that flags make. */
export const BOOTSTRAP_NAME = "bootstrap";

/** What flags say about a repository. */
export interface BootstrapOptions {
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
  const { interval, path, prune, secretName, targetNamespace, timeout, url } = options;
  const ref: GitRef = parseRef(options.ref ?? "");
  return {
    apiVersion: GITOPS_API_VERSION,
    kind: "MeshSync",
    metadata: { name: BOOTSTRAP_NAME, namespace: options.namespace },
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

/**
 * Makes the bootstrap MeshSync, or brings it to what the flags say; the namespace must exist.
 *
 * @returns what the loop's context takes as `bootstrap`: only this sync may name a `file:` url, and only this one
 */
export async function ensureBootstrap(
  cluster: ClusterClient,
  options: BootstrapOptions & { readonly signal?: AbortSignal },
): Promise<{ readonly key: ObjectKey; readonly url: string }> {
  const { signal, ...flags } = options;
  await cluster.apply(bootstrapSync(flags), {
    fieldManager: BOOTSTRAP_MANAGER,
    ...(signal === undefined ? {} : { signal }),
  });
  return { key: { namespace: options.namespace, name: BOOTSTRAP_NAME }, url: options.url };
}
