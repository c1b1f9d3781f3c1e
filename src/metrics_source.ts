import { conditionOf, keyOf, type KubeObject } from "#base";
import type { Cache } from "#kube";
import type { MetricsSource, ResourceSample } from "#telemetry";

/** The kinds that have series of their own. */
const KINDS: readonly string[] = ["Function", "FunctionMesh", "MeshSync", "Sink", "Source"];

/** What metrics tell of resources and watches, from caches: no request is made for it. */
export function metricsSource(
  caches: () => Iterable<Cache | undefined>,
  { isOwn, nowMs }: {
    /** Whether something is told of the resources of a namespace. */
    readonly isOwn: (namespace: string) => boolean;
    readonly nowMs: () => number;
  },
): MetricsSource {
  const known = () => [...caches()].filter((cache) => cache !== undefined);
  return {
    *resources() {
      for (const cache of known()) {
        if (!KINDS.includes(cache.type.kind)) continue;
        for (const object of cache.list()) {
          if (isOwn(object.metadata.namespace ?? "")) {
            yield* resourceSample(object, cache.type.kind);
          }
        }
      }
    },
    *watches() {
      for (const { outage, type: { kind } } of known()) {
        const behindMs = outage === undefined ? 0 : nowMs() - outage.sinceMs;
        yield { kind, behindSeconds: behindMs / 1000 };
      }
    },
  };
}

interface Runtime {
  readonly backlog?: number;
  readonly exceptions?: number;
  readonly processed?: number;
}

/** None of what nobody has looked at yet. */
function* resourceSample(object: KubeObject, kind: string): Iterable<ResourceSample> {
  const status = (object.status ?? {}) as { conditions?: unknown; runtime?: Runtime };
  const ready = conditionOf(status.conditions, "Ready");
  if (ready === undefined) return;
  const { backlog, exceptions, processed } = status.runtime ?? {};
  yield {
    kind,
    key: keyOf(object),
    uid: object.metadata.uid ?? "",
    isReady: ready.status === "True",
    reason: ready.reason,
    ...(backlog === undefined ? {} : { backlog }),
    ...(exceptions === undefined ? {} : { exceptions }),
    ...(processed === undefined ? {} : { processed }),
  };
}
