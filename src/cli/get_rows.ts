/** What `get` shows of a resource. Pure. */
import {
  type Component,
  COMPONENT_KINDS,
  type MeshKind,
  type MeshSync,
  newestException,
  resourceOf,
} from "#api";
import {
  conditionOf,
  type KubeObject,
  printableText,
  redactedText,
  sameJson,
  shortText,
} from "#base";
import { ageText, shortRevision } from "./table.ts";

/** A resource as it is now, and as it was when its instances had other numbers. */
export interface Seen {
  readonly object: KubeObject;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly before?: { readonly object: KubeObject; readonly nowMs: number } | undefined;
}

/** A kind, or some, as a table. */
export interface Listing {
  readonly kinds: readonly MeshKind[];
  /** Words that mean it, the first is its name. */
  readonly words: readonly [string, ...string[]];
  /** What several of them are, in a sentence. */
  readonly noun: string;
  readonly headings: readonly string[];
  readonly row: (seen: Seen) => string[];
}

const MESSAGE_LENGTH_MAX = 120;

const COMPONENT_HEADINGS = [
  ...["NAMESPACE", "KIND", "NAME", "READY", "PODS", "PROCESSED", "PER SECOND", "BACKLOG"],
  ...["EXCEPTIONS", "LAST EXCEPTION OR CAUSE"],
];

/** Everything that `get` lists. */
export const LISTINGS: readonly Listing[] = [
  {
    kinds: ["MeshSync"],
    noun: "MeshSyncs",
    words: ["syncs", "sync", ...wordsOf("MeshSync")],
    headings: ["NAMESPACE", "NAME", "READY", "APPLIED", "HEALTHY", "SINCE", "MESSAGE"],
    row: ({ nowMs, object }) => syncRow(object as MeshSync, nowMs),
  },
  {
    kinds: COMPONENT_KINDS,
    noun: "components",
    words: ["components", "component"],
    headings: COMPONENT_HEADINGS,
    row: componentRow,
  },
  ...COMPONENT_KINDS.map((kind): Listing => ({
    kinds: [kind],
    noun: `${kind}s`,
    words: wordsOf(kind),
    headings: COMPONENT_HEADINGS,
    row: componentRow,
  })),
];

/** The words by which kubectl knows a kind. */
function wordsOf(kind: MeshKind): readonly [string, ...string[]] {
  const { plural, shortNames, singular } = resourceOf(kind);
  return [plural, singular, ...shortNames];
}

function syncRow({ metadata, spec, status }: MeshSync, nowMs: number): string[] {
  const ready = conditionOf(status?.conditions, "Ready");
  const message = ready?.message ?? "not looked at yet";
  return [
    metadata.namespace ?? "",
    metadata.name,
    spec.suspend === true ? "Suspended" : ready?.status === "True" ? "True" : ready?.reason ?? "",
    shortRevision(status?.lastAppliedRevision ?? ""),
    shortRevision(status?.lastHealthyRevision ?? ""),
    ageText(ready?.lastTransitionTime ?? "", nowMs),
    shortText(message, MESSAGE_LENGTH_MAX),
  ];
}

/** What kubectl cannot show of a component: what it does with messages, and what its instances say. */
function componentRow({ before, nowMs, object }: Seen): string[] {
  const { kind, metadata, status } = object as Component;
  const ready = conditionOf(status?.conditions, "Ready");
  const isOld = (ready?.observedGeneration ?? 0) < (metadata.generation ?? 0);
  const { backlog, exceptions, processed } = status?.runtime ?? {};
  const was = before === undefined || isSameRuntime(before.object, object) ? undefined : {
    processed: (before.object as Component).status?.runtime?.processed,
    nowMs: before.nowMs,
  };
  const [wanted, pods] = [(object.spec as { replicas?: number })?.replicas, status?.readyReplicas];
  return [
    metadata.namespace ?? "",
    kind,
    metadata.name,
    ready === undefined || isOld ? "?" : ready.status === "True" ? "True" : ready.reason,
    `${pods ?? 0}/${wanted ?? 1}`,
    countText(processed),
    rateText({ processed, nowMs }, was),
    countText(backlog),
    countText(exceptions),
    troubleText(object as Component, { isTold: ready?.status === "True" && !isOld }),
  ];
}

/** Whether instances and broker say of a component what they said before. */
export function isSameRuntime(one: KubeObject, other: KubeObject): boolean {
  const runtimeOf = (object: KubeObject) => (object as Component).status?.runtime ?? {};
  return sameJson(runtimeOf(one), runtimeOf(other));
}

/** A number that is known, or a sign that it is not: nobody takes the one for the other. */
function countText(count: number | undefined): string {
  return count === undefined ? "-" : String(count);
}

/** Messages a second since the last look; instances that began anew say nothing about it. */
function rateText(
  now: { readonly processed: number | undefined; readonly nowMs: number },
  was: typeof now | undefined,
): string {
  if (now.processed === undefined || was?.processed === undefined) return "-";
  const [count, ms] = [now.processed - was.processed, now.nowMs - was.nowMs];
  if (count < 0 || ms <= 0) return "-";
  const rate = count / (ms / 1000);
  return rate < 10 ? String(Math.round(rate * 10) / 10) : String(Math.round(rate));
}

/** The newest exception of any instance; where there is none, why the component is not ready. */
function troubleText({ status }: Component, { isTold }: { readonly isTold: boolean }): string {
  const message = newestException(status?.runtime)?.message ??
    (isTold ? "" : conditionOf(status?.conditions, "Ready")?.message ?? "not looked at yet");
  // Who wrote it is not known here.
  return shortText(printableText(redactedText(message)), MESSAGE_LENGTH_MAX);
}
