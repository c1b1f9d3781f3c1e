import type { MeshSync } from "#api";
import type { Revision } from "#git";
import type { PassedOver } from "./manifests/files.ts";
import type { StatusNews } from "./status.ts";

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

/** Notes about where a ref led before, not about what was read. */
const MOVES = /^(branch|tag) \S+ was moved from /;

/**
 * A tag points to another commit than when it was read last: taken, and said, as tags are meant to stay. While it points
 * there, the note stays.
 */
export function movedNotes(sync: MeshSync, revision: Revision): string[] {
  const { name, commit: before } = revisionParts(sync.status?.lastAttemptedRevision);
  if (before === revision.commit) {
    return (sync.status?.notes ?? []).filter((note) => MOVES.test(note));
  }
  const { ref } = sync.spec;
  if (!ref?.tag && !ref?.semver) return [];
  if (name !== revision.name || before === undefined) return [];
  return [`tag ${name} was moved from ${short(before)} to ${short(revision.commit)}`];
}

/** A branch no longer holds what was applied of it. */
export function rewrittenNote(
  name: string,
  { from, to }: { readonly from: string; readonly to: string },
): string {
  return `branch ${name} was moved from ${short(from)} to ${
    short(to)
  }, which does not descend from it`;
}

/** The name and the commit in a revision as a status writes it: `main@sha1:3fa1c2…`. */
export function revisionParts(
  text: string | undefined,
): { readonly name?: string; readonly commit?: string } {
  const [, name, commit] = /^(.*)@sha(?:1|256):([0-9a-f]+)$/.exec(text ?? "") ?? [];
  return name === undefined || commit === undefined ? {} : { name, commit };
}

function short(commit: string): string {
  return commit.slice(0, 12);
}

/** What was passed over when this same tree was read. */
export function passedOverBefore(sync: MeshSync): string[] {
  return (sync.status?.notes ?? []).filter((note) => !MOVES.test(note));
}

/** The notes for the status; no news when they are as they were. */
export function noteNews(sync: MeshSync, notes: readonly string[]): StatusNews {
  const before = sync.status?.notes ?? [];
  return JSON.stringify(before) === JSON.stringify(notes) ? {} : { notes: [...notes] };
}
