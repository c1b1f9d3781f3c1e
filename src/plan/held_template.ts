import { ANNOTATIONS } from "#api";
import { canonicalJson, contentHash, isPlainObject, type KubeObject } from "#base";
import { differences } from "./drift.ts";
import {
  type HoldReason,
  type RenderedFrom,
  rolloutDecision,
  type RolloutInputs,
} from "./rollout.ts";

/** A pod template that running pods do not get for now. */
export interface HeldTemplate {
  readonly reason: HoldReason;
  /** Version of the program that rendered what runs; `function-mesh` for the reference operator. */
  readonly by: string;
  /** Where the template that would be rendered differs from the one that runs. */
  readonly paths: readonly string[];
}

/** A StatefulSet as it may be written now. */
export interface RolledOut {
  /** With `held`: without its pod template, and without what can never change. */
  readonly object: KubeObject;
  readonly held?: HeldTemplate;
}

/** Members of a spec that a held write leaves out: the template, and what an API server never lets change. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "podManagementPolicy",
  "selector",
  "serviceName",
  "template",
  "volumeClaimTemplates",
]);

/**
 * A desired StatefulSet with the note of what it was rendered from; without its template where running pods are to keep
 * theirs (see {@linkcode rolloutDecision}).
 *
 * A template that the reference operator made is held even where ours asks for nothing that it lacks: an apply would
 * take away what ours does not have, and that restarts pods too.
 */
export function withRollout(
  desired: KubeObject,
  live: KubeObject | undefined,
  inputs: RolloutInputs,
): RolledOut {
  const template = templateOf(desired);
  const decision = rolloutDecision(live, contentHash(template), inputs);
  if (decision.action === "roll") return { object: withRecord(desired, decision.record) };
  const held = {
    reason: decision.reason,
    by: decision.record.by,
    paths: changedPaths(templateOf(live), template, decision.reason),
  };
  return { object: withRecord(withoutTemplate(desired), decision.record), held };
}

function withRecord(object: KubeObject, record: RenderedFrom): KubeObject {
  const annotations = {
    ...object.metadata.annotations,
    [ANNOTATIONS.rendered]: canonicalJson(record),
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function withoutTemplate(object: KubeObject): KubeObject {
  const spec = isPlainObject(object.spec) ? object.spec : {};
  const { ownerReferences: _kept, ...metadata } = object.metadata;
  const rest = Object.fromEntries(Object.entries(spec).filter(([name]) => !LEFT_OUT.has(name)));
  return { ...object, metadata, spec: rest };
}

function changedPaths(live: unknown, template: unknown, reason: HoldReason): string[] {
  const paths = differences(live, template).map((path) => `spec.template.${path}`);
  // A template of our own that differs and lacks nothing has something that a new one would not have.
  return paths.length === 0 && reason !== "TakenOver" ? ["spec.template"] : paths;
}

function templateOf(statefulSet: KubeObject | undefined): unknown {
  return isPlainObject(statefulSet?.spec) ? statefulSet.spec["template"] : undefined;
}
