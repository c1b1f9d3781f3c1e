/** What happened in histories, counted: histories that became tame would show nothing, and nobody would notice. */

/** Counts of what happened, by name. */
export type CoverageCounts = Readonly<Record<string, number>>;

/** Counts what happens. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** Sorted by name. */
  get counts(): CoverageCounts {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a < b ? -1 : 1));
  }
}

/** The sum of several counts. */
export function totalCounts(all: readonly CoverageCounts[]): CoverageCounts {
  const names = [...new Set(all.flatMap((counts) => Object.keys(counts)))].sort();
  return Object.fromEntries(
    names.map((name) => [name, all.reduce((sum, counts) => sum + (counts[name] ?? 0), 0)]),
  );
}

/** A line for each kind of event: `fault: 404 before 12, 404 after 9`. */
export function countsText(counts: CoverageCounts): string {
  const groups = Map.groupBy(Object.entries(counts), ([name]) => name.split(" ", 1)[0] ?? "");
  return [...groups].map(([group, own]) =>
    `  ${group}: ${
      own.map(([name, count]) => `${name.slice(group.length + 1)} ${count}`).join(", ")
    }\n`
  ).join("");
}

const FAILURES = ["404", "409", "422", "429", "500", "lost", "timeout"];

/** What must not be missing where many histories happen. */
export const EXPECTED: readonly string[] = [
  ...[
    ...["commit", "crash", "delete", "edit", "force-push", "git away", "git back", "lag", "make"],
    ...["nothing", "relist", "remove", "replace", "resume", "suspend"],
  ].map((action) => `action ${action}`),
  ...FAILURES.flatMap((how) => [`fault ${how} after`, `fault ${how} before`]),
  ...["crash after", "crash before", "late", "delete just before", "edit just before"]
    .map((what) => `fault ${what}`),
  ...[
    ...["ApplyFailed", "DependencyNotReady", "FieldConflict", "GitTimeout", "Healthy"],
    ...["PathNotFound", "Progressing", "PruneFailed", "PruneWaits", "Quarantined"],
    ...["RepositoryUnreachable", "Suspended", "SyncFailed", "Unhealthy"],
  ].map((reason) => `says ${reason}`),
  ...["apply", "delete"].map((verb) => `writes ${verb}`),
];

/** Of what {@linkcode EXPECTED} names, what happened less often. */
export function rareEvents(counts: CoverageCounts, leastCount: number): string[] {
  return EXPECTED.filter((name) => (counts[name] ?? 0) < leastCount)
    .map((name) => `${name}: ${counts[name] ?? 0}`);
}
