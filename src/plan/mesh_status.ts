import {
  type Condition,
  conditionOf,
  idText,
  type KubeObject,
  mergeConditions,
  type Problem,
} from "#base";
import type { ForeignChild } from "./children.ts";
import { conditionsOf } from "./component_status.ts";
import { isApplied } from "./applied_mark.ts";
import { type ComponentReason, passedOn } from "./reasons.ts";
import {
  problemsText,
  type ReadyState,
  retriedState,
  stalledState,
  type StepFailure,
} from "./verdict.ts";

/** One line of a mesh's status. */
export interface MeshLine {
  readonly kind: string;
  /** Name of the item in the mesh. */
  readonly name: string;
  /** Name of the child resource. */
  readonly child: string;
  readonly ready: boolean;
  readonly reason: ComponentReason;
  readonly message: string;
  readonly replicas: number;
  readonly readyReplicas: number;
}

/** Status of a FunctionMesh. */
export interface MeshStatus {
  readonly conditions: readonly Condition[];
  readonly observedGeneration: number;
  /** `2/3`: ready components of all. */
  readonly ready: string;
  readonly readyComponents: number;
  readonly components: readonly MeshLine[];
  /** What is odd between components; absent when nothing is. */
  readonly findings?: readonly MeshFinding[];
}

/** Something odd between components of a mesh. */
export interface MeshFinding {
  readonly code: string;
  readonly path: string;
  readonly message: string;
}

/** A status never lists more. */
const FINDINGS_MAX = 20;

/** One item of a mesh, with what became of it. */
export interface MeshComponent {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly child: string;
  /** What is wrong with the item itself. */
  readonly problems: readonly Problem[];
  readonly live: KubeObject | undefined;
  readonly foreign: ForeignChild | undefined;
  readonly failure: StepFailure | undefined;
}

export interface MeshFacts {
  readonly mesh: KubeObject;
  readonly components: readonly MeshComponent[];
  /** Problems of the mesh that belong to no single item. */
  readonly problems: readonly Problem[];
  /** Children that are no longer in the mesh and still there. */
  readonly leaving: readonly string[];
  /** Every write that failed: those of items, and of children that leave. */
  readonly failures: readonly StepFailure[];
  readonly findings?: readonly MeshFinding[];
  readonly now: string;
}

/** The status that is true of a mesh now: one line a component, and the first cause as its own (W-16). */
export function meshStatus(facts: MeshFacts): MeshStatus {
  const { findings = [] } = facts;
  const components = facts.components.map(lineOf);
  const ready = components.filter((line) => line.ready).length;
  const generation = facts.mesh.metadata.generation ?? 0;
  const previous = facts.mesh.status as Partial<MeshStatus> | undefined;
  const drafts = conditionsOf(stateOf(facts, components), generation);
  return {
    conditions: mergeConditions(previous?.conditions, drafts, facts.now),
    observedGeneration: isStillToDo(facts) ? previous?.observedGeneration ?? 0 : generation,
    ready: `${ready}/${components.length}`,
    readyComponents: ready,
    components,
    ...(findings.length === 0 ? {} : { findings: findings.slice(0, FINDINGS_MAX) }),
  };
}

/**
 * A write that is tried again: this generation is not acted on yet. Nor is it where a child that the reference operator
 * made could not be written: it is still to get this edit, and would count as one to be left as it is.
 */
function isStillToDo({ failures, components }: MeshFacts): boolean {
  return failures.some((failure) => !failure.isFinal) ||
    components.some(({ failure, live }) =>
      failure !== undefined && live !== undefined && !isApplied(live)
    );
}

function lineOf(item: MeshComponent): MeshLine {
  const status = item.live?.status as
    | { readonly replicas?: number; readonly readyReplicas?: number; readonly conditions?: unknown }
    | undefined;
  const line = { kind: item.kind, name: item.name, child: item.child };
  const counts = { replicas: status?.replicas ?? 0, readyReplicas: status?.readyReplicas ?? 0 };
  const state = itemState(item);
  return { ...line, ...state, ...counts };
}

function itemState(item: MeshComponent): Pick<MeshLine, "ready" | "reason" | "message"> {
  if (item.problems.length > 0) {
    return { ready: false, reason: "InvalidSpec", message: problemsText(item.problems) };
  }
  if (item.foreign !== undefined) {
    const message = `${idText(item.foreign.id)} is controlled by ${item.foreign.holder}`;
    return { ready: false, reason: "NotOwned", message };
  }
  if (item.failure !== undefined) {
    return { ready: false, reason: item.failure.reason, message: item.failure.message };
  }
  if (item.live === undefined) {
    return { ready: false, reason: "Progressing", message: "Being created" };
  }
  const status = item.live.status as { readonly conditions?: unknown } | undefined;
  const condition = conditionOf(status?.conditions, "Ready");
  const observed = condition?.observedGeneration ?? 0;
  // What is said of an older generation says nothing about this one (W-28).
  if (condition === undefined || observed < (item.live.metadata.generation ?? 0)) {
    return { ready: false, reason: "Progressing", message: "Not looked at yet" };
  }
  return {
    ready: condition.status === "True",
    reason: passedOn(condition.reason),
    message: condition.message,
  };
}

function stateOf(facts: MeshFacts, components: readonly MeshLine[]): ReadyState {
  const ready = components.filter((line) => line.ready).length;
  const count = `${ready}/${components.length} components ready`;
  if (facts.problems.length > 0) {
    return stalledState("InvalidSpec", `${count}; ${problemsText(facts.problems)}`);
  }
  const blocked = components.find((_, index) => isStalled(facts.components[index]));
  const first = blocked ?? components.find((line) => !line.ready);
  if (first !== undefined) {
    const message = `${count}; ${first.kind} ${first.name}: ${first.message}`;
    return blocked === undefined
      ? retriedState(first.reason, message)
      : stalledState(first.reason, message);
  }
  const leaving = facts.leaving.length;
  return {
    ready: true,
    reconciling: leaving > 0,
    stalled: false,
    reason: "Ready",
    message: leaving === 0 ? count : `${count}; being removed: ${facts.leaving.join(", ")}`,
  };
}

function isStalled(item: MeshComponent | undefined): boolean {
  if (item === undefined) return false;
  if (item.problems.length > 0 || item.foreign !== undefined) return true;
  if (item.failure !== undefined) return item.failure.isFinal;
  const status = item.live?.status as { readonly conditions?: unknown } | undefined;
  const stalled = conditionOf(status?.conditions, "Stalled");
  return stalled?.status === "True" &&
    (stalled.observedGeneration ?? 0) >= (item.live?.metadata.generation ?? 0);
}
