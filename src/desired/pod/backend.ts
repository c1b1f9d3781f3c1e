import type { PodPolicy } from "#api";
import { sortedEntries } from "../json_text.ts";
import type { Facts } from "../settings.ts";
import { type Part, someIn, someOf } from "../tidy.ts";
import { plain, uniqueByName } from "./env.ts";

/** What the BackendConfigs say about a pod, the namespace's over the global one's. */
export interface Backend {
  readonly env: readonly Part[];
  readonly pod: PodPolicy;
}

/**
 * The BackendConfigs of a component as one. Of `spec.pod` the members count that make sense for every pod: labels,
 * annotations, node selector, affinity, tolerations, security context, grace period, pull secrets, service account and
 * probes. A resource's own value wins, and a BackendConfig's over the program's defaults (W-20).
 */
export function backendOf(facts: Facts): Backend {
  const [global, own] = [facts.globalBackendConfig?.spec, facts.namespacedBackendConfig?.spec];
  const env = sortedEntries({ ...global?.env, ...own?.env });
  return {
    env: env.map(([name, value]) => plain(name, value)),
    pod: mergedPolicy(global?.pod ?? {}, own?.pod ?? {}),
  };
}

function mergedPolicy(under: PodPolicy, over: PodPolicy): PodPolicy {
  const members: Part = {
    labels: someIn({ ...under.labels, ...over.labels }),
    annotations: someIn({ ...under.annotations, ...over.annotations }),
    nodeSelector: someIn({ ...under.nodeSelector, ...over.nodeSelector }),
    tolerations: someOf([...under.tolerations ?? [], ...over.tolerations ?? []]),
    imagePullSecrets: someOf([...under.imagePullSecrets ?? [], ...over.imagePullSecrets ?? []]),
    affinity: over.affinity ?? under.affinity,
    securityContext: over.securityContext ?? under.securityContext,
    terminationGracePeriodSeconds: over.terminationGracePeriodSeconds ??
      under.terminationGracePeriodSeconds,
    serviceAccountName: over.serviceAccountName || under.serviceAccountName,
    liveness: over.liveness ?? under.liveness,
    startupProbe: over.startupProbe ?? under.startupProbe,
  };
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as PodPolicy;
}

/** A container with the backend's environment under its own. */
export function withBackendEnv(container: Part, backend: Backend): Part {
  const own = Array.isArray(container["env"]) ? container["env"] as readonly Part[] : [];
  return backend.env.length === 0
    ? container
    : { ...container, env: uniqueByName([...backend.env, ...own]) };
}
