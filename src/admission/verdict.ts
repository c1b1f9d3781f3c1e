import { problems, type RuleOptions, warnings } from "#api";
import { isPlainObject, type KubeObject, type Problem, sameJson } from "#base";
import { findingText, ownWarnings } from "#topology";
import { stablePath } from "./field_path.ts";

/** What somebody wants to do. */
export interface Change {
  /** `CREATE`, `UPDATE`, `DELETE` or `CONNECT`. */
  readonly operation: string;
  /** Undefined when the whole object is meant. */
  readonly subresource?: string | undefined;
  readonly object?: KubeObject | undefined;
  /** What is stored, for an update. */
  readonly before?: KubeObject | undefined;
}

/** What to say to it: problems refuse it, warnings are shown and change nothing. */
export interface Verdict {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const PASSED: Verdict = { problems: [], warnings: [] };

/**
 * What to say to a change. An update is checked like a creation (W-2), and yet a resource that is invalid already, made
 * before these rules or while nobody looked, can be labelled, released from its finalizers and mended step by step: what
 * leaves the spec alone passes, and only problems that the update adds refuse it; those that stay are warnings.
 * Subresources, deletions and what is being deleted always pass.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { verdictOn } from "#admission";
 * const sync = (interval: string) => ({
 *   apiVersion: "gitops.functionmesh.io/v1alpha1", kind: "MeshSync", metadata: { name: "shop" },
 *   spec: { url: "https://example.org/shop.git", interval },
 * });
 * const before = sync("soon");
 * assertEquals(verdictOn({ operation: "CREATE", object: before }).problems.length, 1);
 * assertEquals(verdictOn({ operation: "UPDATE", object: sync("later"), before }).problems, []);
 * assertEquals(verdictOn({ operation: "UPDATE", object: sync("later"), before }).warnings.length, 1);
 * ```
 */
export function verdictOn(change: Change, options: RuleOptions = {}): Verdict {
  const { operation, subresource, object, before } = change;
  const isWrite = operation === "CREATE" || operation === "UPDATE";
  if (!isWrite || subresource !== undefined || object === undefined) return PASSED;
  if (isDeleting(object)) return PASSED;
  const found = problems(object, options);
  const advice = adviceOn(object, found, options);
  if (operation === "CREATE" || before === undefined) return { problems: found, warnings: advice };
  if (sameJson(object.spec, before.spec)) return PASSED;
  const added = addedProblems({ object, problems: found }, {
    object: before,
    problems: problems(before, options),
  });
  return { problems: added, warnings: [...found.filter((one) => !added.includes(one)), ...advice] };
}

/** What is odd about an object, and between the components of a mesh. */
function adviceOn(
  object: KubeObject,
  found: readonly Problem[],
  options: RuleOptions,
): readonly Problem[] {
  const own = warnings(object, options);
  const between = ownWarnings(object, [...found, ...own])
    .map((finding) => ({ path: finding.path, message: findingText(finding) }));
  return [...own, ...between];
}

interface Findings {
  readonly object: KubeObject;
  readonly problems: readonly Problem[];
}

/** The problems that are at places, or more often at places, than they were. */
function addedProblems(after: Findings, before: Findings): Problem[] {
  const known = new Map<string, number>();
  for (const { path } of before.problems) {
    const place = stablePath(before.object, path);
    known.set(place, (known.get(place) ?? 0) + 1);
  }
  return after.problems.filter(({ path }) => {
    const place = stablePath(after.object, path);
    const left = known.get(place) ?? 0;
    known.set(place, left - 1);
    return left <= 0;
  });
}

function isDeleting(object: KubeObject): boolean {
  const metadata: unknown = object.metadata;
  return isPlainObject(metadata) && typeof metadata["deletionTimestamp"] === "string";
}
