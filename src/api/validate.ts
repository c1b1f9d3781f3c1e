import { groupOf, isPlainObject, type KubeObject, type Problem } from "#base";
import { closest } from "./closest.ts";
import { componentProblems, componentWarnings } from "./component_rules.ts";
import type { Component } from "./component.ts";
import type { FunctionMesh } from "./mesh.ts";
import { meshProblems, meshWarnings } from "./mesh_rules.ts";
import type { MeshSync } from "./mesh_sync.ts";
import { meshSyncProblems, meshSyncWarnings } from "./mesh_sync_rules.ts";
import { type MeshKind, RESOURCES } from "./resources.ts";
import { schemaOf } from "./root_schema.ts";
import { quoted, type RuleOptions } from "./rule.ts";
import { checkStructure, type StructureReport } from "./structure.ts";

/** An object of ours, with the parts whose types are right, and what was found on the way. */
interface Examined extends StructureReport {
  readonly kind: MeshKind;
  readonly object: KubeObject;
}

/**
 * What its author must mend before a resource can run: wrong types, missing members and every rule of the reference's admission,
 * for all our kinds, on create and on update alike (W-2). Empty for a sound resource and for kinds that are not ours.
 *
 * # Guarantees
 * Never throws, whatever the input. Never repeats a value that may be secret. Same input, same problems, same order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { problems } from "#api";
 * const found = problems({
 *   apiVersion: "gitops.functionmesh.io/v1alpha1", kind: "MeshSync", metadata: { name: "shop" },
 *   spec: { url: "https://example.org/shop.git", interval: "soon" },
 * });
 * assertEquals(found, [{ path: "spec.interval", message: '"soon" is no duration; write e.g. 30s, 5m or 1h' }]);
 * ```
 */
export function problems(object: KubeObject, options: RuleOptions = {}): Problem[] {
  return problemsOf(object, examine(object), options);
}

function problemsOf(
  object: KubeObject,
  examined: Examined | undefined,
  options: RuleOptions,
): Problem[] {
  if (examined === undefined) return strangerProblems(object);
  const structural = options.unknownMembers === "refuse"
    ? [...examined.problems, ...examined.unknown]
    : examined.problems;
  // Rules about a place that has a wrong type would only say so again.
  const ruled = ruleProblems(examined, options).filter((problem) =>
    !structural.some((other) => isWithin(problem.path, other.path))
  );
  return [...structural, ...ruled];
}

/**
 * What works, and probably not as meant: unknown members (the API server drops them, as it does with the reference),
 * members without effect, and what the reference lets pass (W-39). Never throws.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { warnings } from "#api";
 * const found = warnings({
 *   apiVersion: "compute.functionmesh.io/v1alpha1", kind: "BackendConfig", metadata: { name: "all" },
 *   spec: { autoUpdat: true },
 * });
 * assertEquals(found, [
 *   { path: "spec.autoUpdat", message: "is not known and has no effect; did you mean autoUpdate?" },
 * ]);
 * ```
 */
export function warnings(object: KubeObject, options: RuleOptions = {}): Problem[] {
  return warningsOf(examine(object), options);
}

function warningsOf(examined: Examined | undefined, options: RuleOptions): Problem[] {
  if (examined === undefined) return [];
  const unknown = options.unknownMembers === "refuse" ? [] : examined.unknown;
  return [...unknown, ...ruleWarnings(examined)];
}

/** All that is to be said of an object. */
export interface Findings {
  /** As {@linkcode problems} finds them. */
  readonly problems: readonly Problem[];
  /** As {@linkcode warnings} finds them. */
  readonly warnings: readonly Problem[];
}

/** Problems and warnings of one examination: it is most of the work of either. Never throws. */
export function allFindings(object: KubeObject, options: RuleOptions = {}): Findings {
  const examined = examine(object);
  return {
    problems: problemsOf(object, examined, options),
    warnings: warningsOf(examined, options),
  };
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`);
}

function ruleProblems({ kind, object }: Examined, options: RuleOptions): Problem[] {
  switch (kind) {
    case "Function":
    case "Source":
    case "Sink":
      return componentProblems(object as Component, options);
    case "FunctionMesh":
      return meshProblems(object as FunctionMesh, options);
    case "MeshSync":
      return meshSyncProblems(object as MeshSync, options);
    case "BackendConfig":
      return [];
  }
}

function ruleWarnings({ kind, object }: Examined): Problem[] {
  switch (kind) {
    case "Function":
    case "Source":
    case "Sink":
      return componentWarnings(object as Component);
    case "FunctionMesh":
      return meshWarnings(object as FunctionMesh);
    case "MeshSync":
      return meshSyncWarnings(object as MeshSync);
    case "BackendConfig":
      return [];
  }
}

function examine(object: KubeObject): Examined | undefined {
  if (!isPlainObject(object)) return undefined;
  const known = schemaOf(object);
  if (known === undefined) return undefined;
  const { kind, schema } = known;
  const report = checkStructure(object, { path: "", schema });
  const checked = isPlainObject(report.value) ? report.value : {};
  const { apiVersion } = object;
  const sound = { metadata: {}, spec: {}, ...checked, apiVersion, kind } as unknown as KubeObject;
  return { ...report, kind, object: sound };
}

/** An object of our groups whose kind or version nobody knows. */
function strangerProblems(object: KubeObject): Problem[] {
  if (!isPlainObject(object) || typeof object.apiVersion !== "string") return [];
  const { apiVersion, kind } = object;
  const group = groupOf(apiVersion);
  const own = RESOURCES.filter((known) => groupOf(known.apiVersion) === group);
  const version = own[0]?.apiVersion;
  if (version === undefined) return [];
  if (apiVersion !== version) {
    return [{
      path: "apiVersion",
      message: `${quoted(apiVersion)} is not served; use ${version}`,
    }];
  }
  const kinds = own.map((known) => known.kind);
  const meant = typeof kind === "string" ? closest(kind, kinds) : undefined;
  const hint = meant === undefined ? `use one of ${kinds.join(", ")}` : `did you mean ${meant}?`;
  return [{
    path: "kind",
    message: `${JSON.stringify(kind) ?? "nothing"} is no kind of ${group}; ${hint}`,
  }];
}
