import { ANNOTATIONS, COMPUTE_API_VERSION, type MeshSync } from "#api";
import {
  conditionOf,
  idOf,
  idText,
  isPlainObject,
  type KubeObject,
  type ObjectId,
  perObject,
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
  enableOptionalTypes: true,
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
const LOOPS: readonly string[] = ["all", "exists", "exists_one", "filter", "map"];
const LOOPS_MAX = 3;

/**
 * What takes or makes more than the size of an expression tells: a pattern can take for ever, as what is compared with it comes
 * from whoever writes the status; a text that is joined or bound to a name can be made longer again and again.
 */
const NOT_SERVED: readonly string[] = ["bind", "join", "json", "matches"];

/** What the health of an object may be, as the check of an expression tells: the latter is decided by the object. */
const VERDICT_TYPES: readonly string[] = ["bool", "dyn"];

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
  try {
    const parsed = CEL.parse(text);
    const calls = callsOf(parsed.ast);
    const refused = calls.find((name) => NOT_SERVED.includes(name));
    if (refused !== undefined) {
      return `uses ${refused}, which is not served here; use ==, startsWith, endsWith or contains`;
    }
    if (loopsOf(calls) > LOOPS_MAX) return `goes through more than ${LOOPS_MAX} lists`;
    const { error, type = "dyn" } = parsed.check();
    if (error !== undefined) throw error;
    return VERDICT_TYPES.includes(type) ? undefined : `is neither true nor false, but ${type}`;
  } catch (error) {
    return `is no CEL expression: ${firstLine(error)}`;
  }
}

/** The names of all that an expression calls, however it is written. */
function callsOf(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(callsOf);
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return [];
  const { args, op } = node;
  const isCall = (op === "call" || op === "rcall") && Array.isArray(args);
  return [...(isCall ? [String(args[0])] : []), ...callsOf(args)];
}

function loopsOf(calls: readonly string[]): number {
  return calls.filter((name) => LOOPS.includes(name)).length;
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
  const parsed = CEL.parse(text);
  const calls = callsOf(parsed.ast);
  const loops = loopsOf(calls);
  // A text that is split is a list as long as itself.
  const longest = calls.includes("split") ? JSON.stringify(live).length : longestList(live);
  if (loops > 0 && longest ** (loops + 1) > STEPS_MAX) {
    throw new Error("its lists are too long for an expression that goes through them");
  }
  const evaluated = (object: KubeObject): unknown => {
    const { metadata, spec = {}, status = {} } = object;
    return parsed({ self: object, metadata, spec, status });
  };
  let value: unknown;
  try {
    value = withoutOverload(() => evaluated(withIntegers(live) as KubeObject)) ?? evaluated(live);
  } catch (error) {
    // What is not there (yet) is not as it should be.
    if (isEvaluation(error, "No such key")) return false;
    throw error;
  }
  if (typeof value !== "boolean") throw new Error("it is neither true nor false");
  return value;
}

/** What a function answers; undefined where CEL does not calculate with the types of its numbers. */
function withoutOverload(evaluate: () => unknown): unknown {
  try {
    return evaluate();
  } catch (error) {
    if (isEvaluation(error, "no such overload")) return undefined;
    throw error;
  }
}

function isEvaluation(error: unknown, words: string): boolean {
  return error instanceof EvaluationError && error.message.startsWith(words);
}

/**
 * A value whose whole numbers are integers for CEL, as the API server has it by the schema: JSON has one kind of numbers only.
 * Where a schema says `number`, a whole one is calculated with as a fraction.
 */
function withIntegers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withIntegers);
  if (isPlainObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, withIntegers(member)]),
    );
  }
  return Number.isSafeInteger(value) ? BigInt(value as number) : value;
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

/** What a mesh object says of itself. */
export interface MeshHealth {
  /** Why it is not ready; absent when it is. */
  readonly words: string | undefined;
  /** When it became ready, in milliseconds since 1970; 0 where it is not, or does not say. */
  readonly readySinceMs: number;
  /** When it ceased to be ready, likewise. */
  readonly unreadySinceMs: number;
}

/** What a mesh object says of itself, worked out once and not at each look. */
export const meshHealth: (object: KubeObject) => MeshHealth = perObject((object) => {
  const status = object.status as { readonly conditions?: unknown } | undefined;
  const ready = conditionOf(status?.conditions, "Ready");
  const sinceMs = Date.parse(ready?.lastTransitionTime ?? "") || 0;
  return {
    words: unreadiness(object),
    readySinceMs: ready?.status === "True" ? sinceMs : 0,
    unreadySinceMs: ready?.status === "False" ? sinceMs : 0,
  };
});
