import type { MeshSync } from "#api";
import type { Revision } from "#git";
import type { StatusNews } from "./status.ts";

/** What of a tree was not read. */
export interface PassedOver {
  /** Submodules: other repositories. */
  readonly submodules: readonly string[];
  /** How many manifests patterns leave out. */
  readonly leftOut: number;
  /** How many files are no manifests by their name. */
  readonly others: number;
}

const SHOWN_MAX = 10;

/** What was passed over, in words for the status. */
export function passedOverNotes({ leftOut, others, submodules }: PassedOver): string[] {
  const rest = submodules.length - SHOWN_MAX;
  return [
    ...submodules.slice(0, SHOWN_MAX).map((path) =>
      `${path} is a submodule, another repository: not read`
    ),
    ...(rest > 0 ? [`${rest} more submodules: not read`] : []),
    ...(leftOut > 0 ? [`${files(leftOut)} left out by patterns`] : []),
    ...(others > 0 ? [`${files(others)} passed over: not *.yaml, *.yml or *.json, or hidden`] : []),
  ];
}

function files(count: number): string {
  return `${count} file${count === 1 ? "" : "s"}`;
}

/** How a note about a tag begins. */
const TAG = "tag ";

/** A tag points to another commit than when it was read last: taken, and said, as tags are meant to stay. */
export function movedTagNotes(sync: MeshSync, revision: Revision): string[] {
  const { ref } = sync.spec;
  if (!ref?.tag && !ref?.semver) return [];
  const [, name, before] = /^(.*)@sha(?:1|256):([0-9a-f]+)$/.exec(
    sync.status?.lastAttemptedRevision ?? "",
  ) ?? [];
  if (name !== revision.name || before === undefined || before === revision.commit) return [];
  const [from, to] = [before, revision.commit].map((commit) => commit.slice(0, 12));
  return [`${TAG}${name} was moved from ${from} to ${to}`];
}

/** What was passed over when this same tree was read. */
export function passedOverBefore(sync: MeshSync): string[] {
  return (sync.status?.notes ?? []).filter((note) => !note.startsWith(TAG));
}

/** The notes for the status; no news when they are as they were. */
export function noteNews(sync: MeshSync, notes: readonly string[]): StatusNews {
  const before = sync.status?.notes ?? [];
  return JSON.stringify(before) === JSON.stringify(notes) ? {} : { notes: [...notes] };
}
