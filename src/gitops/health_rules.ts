import { ANNOTATIONS, COMPUTE_API_VERSION, type MeshSync } from "#api";
import {
  conditionOf,
  idOf,
  idText,
  isPlainObject,
  type KubeObject,
  type ObjectId,
  type Problem,
} from "#base";
import { isMeant, type ObjectHealth } from "#plan";
import { Environment, EvaluationError } from "@marcbachmann/cel-js";

/** How to tell whether objects of a kind are healthy. */
type Expression = NonNullable<NonNullable<MeshSync["spec"]["health"]>["expressions"]>[number];

/**
 * What expressions see, and how large they may be. No expression of this size takes long by itself; how long those take that
 * go through lists is bounded by {@linkcode STEPS_MAX}.
 */
const CEL = new Environment({
  limits: { maxAstNodes: 300, maxDepth: 30, maxListElements: 20, maxMapEntries: 20 },
})
  .registerVariable("self", "dyn")
  .registerVariable("metadata", "dyn")
  .registerVariable("spec", "dyn")
  .registerVariable("status", "dyn");

/** How many items of lists one expression may look at, each compared with a whole list. */
const STEPS_MAX = 10_000_000;
/** Bytes of an expression. */
const EXPRESSION_BYTES_MAX = 1024;

/** Macros that go through all items of a list or map. */
const LOOPS: readonly string[] = ["all(", "exists(", "exists_one(", "filter(", "map("];
const LOOPS_MAX = 3;

/** What cannot be meant in `spec.health`: expressions that are none, or may take for ever. */
export function healthRuleProblems({ spec }: MeshSync): Problem[] {
  return (spec?.health?.expressions ?? []).flatMap(({ current, failed }, index) =>
    Object.entries({ current, failed }).flatMap(([name, text]) => {
      const message = text === undefined ? undefined : expressionFault(text);
      if (message === undefined) return [];
      return { path: `spec.health.expressions[${index}].${name}`, message };
    })
  );
}

function expressionFault(text: string): string | undefined {
  if (new TextEncoder().encode(text).length > EXPRESSION_BYTES_MAX) {
    return `is longer than ${EXPRESSION_BYTES_MAX} bytes`;
  }
  // A pattern can take for ever; what is compared with it comes from whoever writes the status.
  if (/\bmatches\b/.test(text)) {
    return "uses matches, which is not served here; use ==, startsWith, endsWith or contains";
  }
  if (loopsOf(text) > LOOPS_MAX) return `goes through more than ${LOOPS_MAX} lists`;
  try {
    CEL.parse(text);
    return undefined;
  } catch (error) {
    return `is no CEL expression: ${firstLine(error)}`;
  }
}

function loopsOf(text: string): number {
  const compact = text.replaceAll(/\s/g, "");
  return LOOPS.reduce((count, word) => count + compact.split(`.${word}`).length - 1, 0);
}

function firstLine(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line.slice(0, 200);
}

/** Whether the health of an object does not count, by a rule of the MeshSync. */
export function isUncounted(id: ObjectId, { spec }: MeshSync): boolean {
  const { ignore = [] } = spec.health ?? {};
  if (ignore.length === 0) return false;
  const { apiVersion, kind, name, namespace } = id;
  const object = { apiVersion, kind, metadata: { name, namespace } };
  return ignore.some((rule) => isMeant(object, rule));
}

/** Whether the author of an object said that its health does not count. */
export function saysUncounted(object: KubeObject | undefined): boolean {
  return object?.metadata.annotations?.[ANNOTATIONS.health] === "ignore";
}

/** How an object is by the expressions of a MeshSync; undefined where none is about its kind. */
export function expressedHealth(live: KubeObject, { spec }: MeshSync): ObjectHealth | undefined {
  const expression = (spec.health?.expressions ?? []).find(({ apiVersion, kind }) =>
    apiVersion === live.apiVersion && kind === live.kind
  );
  return expression === undefined ? undefined : evaluatedHealth(live, expression);
}

function evaluatedHealth(live: KubeObject, { current, failed }: Expression): ObjectHealth {
  const { deletionTimestamp, generation = 0 } = live.metadata;
  if (deletionTimestamp !== undefined) return { state: "progressing", message: "is being deleted" };
  const status = isPlainObject(live.status) ? live.status : {};
  const observed = status["observedGeneration"];
  if (typeof observed === "number" && observed < generation) {
    return { state: "progressing", message: "not looked at yet" };
  }
  try {
    if (failed !== undefined && isTrue(failed, live)) {
      return { state: "failed", message: `failed: ${failed}` };
    }
    if (isTrue(current, live)) return { state: "current", message: "" };
    return { state: "progressing", message: `not yet: ${current}` };
  } catch (error) {
    return { state: "progressing", message: `cannot evaluate its expression: ${firstLine(error)}` };
  }
}

/** @throws {Error} where an expression gives something else, or would take too long */
function isTrue(text: string, live: KubeObject): boolean {
  const loops = loopsOf(text);
  if (loops > 0 && longestList(live) ** (loops + 1) > STEPS_MAX) {
    throw new Error("its lists are too long for an expression that goes through them");
  }
  const { metadata, spec = {}, status = {} } = live;
  let value: unknown;
  try {
    value = CEL.parse(text)({ self: live, metadata, spec, status });
  } catch (error) {
    // What is not there (yet) is not as it should be.
    if (error instanceof EvaluationError && error.message.startsWith("No such key")) return false;
    throw error;
  }
  if (typeof value !== "boolean") throw new Error("it is neither true nor false");
  return value;
}

/** How many items the longest list or map has: what an expression may go through. */
function longestList(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  const items: readonly unknown[] = Object.values(value);
  return items.reduce<number>((most, item) => Math.max(most, longestList(item)), items.length);
}

/** Our kinds that say whether they are ready; their changes are watched. */
const KINDS = ["Function", "FunctionMesh", "Sink", "Source"];

/**
 * Why a mesh object is not ready; undefined when it is. A condition about an older generation says nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unreadiness } from "#gitops";
 * const ready = { type: "Ready", status: "True", reason: "Ready", message: "1/1", observedGeneration: 1 };
 * const object = (generation: number) => ({
 *   apiVersion: "compute.functionmesh.io/v1alpha1", kind: "Function",
 *   metadata: { name: "a", namespace: "shop", generation }, status: { conditions: [ready] },
 * });
 * assertEquals(unreadiness(object(1)), undefined);
 * assertEquals(unreadiness(object(2)), "Function shop/a: not looked at yet");
 * ```
 */
export function unreadiness(object: KubeObject): string | undefined {
  // Nobody looks at what is not managed, so nobody could say that it is ready.
  if (object.metadata.annotations?.[ANNOTATIONS.managed] === "false") return undefined;
  const status = object.status as { readonly conditions?: unknown } | undefined;
  const ready = conditionOf(status?.conditions, "Ready");
  const generation = object.metadata.generation ?? 0;
  if (ready === undefined || (ready.observedGeneration ?? generation) < generation) {
    return `${idText(idOf(object))}: not looked at yet`;
  }
  return ready.status === "True"
    ? undefined
    : `${idText(idOf(object))}: ${ready.message || ready.reason}`;
}

/** Whether an object is one of a mesh. */
export function isMesh(id: ObjectId): boolean {
  return id.apiVersion === COMPUTE_API_VERSION && KINDS.includes(id.kind);
}

/** When a mesh object became ready, in milliseconds since 1970; 0 where it is none, or is not. */
export function readySince(object: KubeObject): number {
  const status = object.status as { readonly conditions?: unknown } | undefined;
  const ready = conditionOf(status?.conditions, "Ready");
  if (object.apiVersion !== COMPUTE_API_VERSION || ready?.status !== "True") return 0;
  return Date.parse(ready.lastTransitionTime) || 0;
}
