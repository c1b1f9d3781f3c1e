/** Which of many new objects of one shape are tried in place of all. Pure. */
import { canonicalJson, type KubeObject } from "#base";
import { ANNOTATIONS, COMPUTE_API_VERSION } from "#api";
import type { TargetObject } from "#manifests";

/** New objects of one shape, of which some stand for the others. */
export interface Sample<T> {
  readonly tried: readonly T[];
  /** Are written without a dry run of their own, where the API server takes all that are tried. */
  readonly spared: readonly T[];
}

/** Up to so many objects of one shape are all tried. */
const TRIED_MAX = 16;

/** Kinds whose rules the definitions hold whole, and `validate` checks before. */
const KINDS: readonly string[] = ["Function", "Sink", "Source"];

/**
 * Fields in which texts and numbers may differ between objects of one shape: what names one function among many. All
 * others, such as images, resources, accounts and labels, are what policies of others go by, and make another shape.
 */
const NAMING: ReadonlySet<string> = new Set([
  "className",
  "deadLetterTopic",
  "funcConfig",
  "input",
  "logTopic",
  "output",
  "sinkConfig",
  "sourceConfig",
  "subscriptionName",
]);

/**
 * New objects by their shape, in the order of the first of each. Of a shape that many have, some are tried, the first and
 * the last among them.
 *
 * What this can miss: a policy of others about names, topics, class names or what a function is configured with, which
 * refuses some of many objects that are equal otherwise. Such an object fails when it is applied.
 */
export function samples<T extends Pick<TargetObject, "object">>(
  targets: readonly T[],
): Sample<T>[] {
  const groups = Map.groupBy(targets, ({ object }) => shapeOf(object) ?? object);
  return [...groups.values()].map((group) => {
    if (group.length <= TRIED_MAX) return { tried: group, spared: [] };
    const step = (group.length - 1) / (TRIED_MAX - 1);
    const chosen = new Set(Array.from({ length: TRIED_MAX }, (_, at) => Math.round(at * step)));
    return {
      tried: group.filter((_, at) => chosen.has(at)),
      spared: group.filter((_, at) => !chosen.has(at)),
    };
  });
}

/** All that makes an object different for who decides about it; undefined of a kind that is always tried. */
function shapeOf(object: KubeObject): string | undefined {
  if (object.apiVersion !== COMPUTE_API_VERSION || !KINDS.includes(object.kind)) return undefined;
  const { annotations = {}, name: _name, ...metadata } = object.metadata;
  const { [ANNOTATIONS.gitHash]: _hash, ...others } = annotations;
  const spec = Object.entries(object.spec ?? {}).map(([key, value]) =>
    [key, NAMING.has(key) ? formOf(value) : value] as const
  );
  return canonicalJson({
    ...object,
    metadata: { ...metadata, annotations: others },
    spec: Object.fromEntries(spec),
  });
}

/** A value with texts and numbers left out. */
function formOf(value: unknown): unknown {
  if (typeof value === "string" || typeof value === "number") return typeof value;
  if (Array.isArray(value)) return value.map(formOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, formOf(one)]));
}
