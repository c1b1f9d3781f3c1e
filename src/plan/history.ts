import type { HistoryEntry } from "#api";

/** Revisions that a status remembers. */
const HISTORY_MAX = 10;
const WORDS_LENGTH_MAX = 200;

/** A revision as it was fetched. */
export interface RevisionFacts {
  /** `main@sha1:…`. */
  readonly revision: string;
  readonly author: string;
  readonly subject: string;
  /** RFC 3339. */
  readonly committedAt: string;
}

/** The history with a revision on top that is tried now; one that is on top already stays as it is. */
export function attempted(
  history: readonly HistoryEntry[],
  { facts, now }: { readonly facts: RevisionFacts; readonly now: string },
): HistoryEntry[] {
  if (history[0]?.revision === facts.revision) return [...history];
  const entry = {
    ...facts,
    author: facts.author.slice(0, WORDS_LENGTH_MAX),
    subject: facts.subject.slice(0, WORDS_LENGTH_MAX),
    result: "Applying",
    attemptedAt: now,
  };
  return [entry, ...history].slice(0, HISTORY_MAX);
}

/**
 * The history after a revision came to a result; `Applied` and `Healthy` note when that was first. Later trouble of a
 * revision that was healthy does not take away when it was.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { attempted, resulted } from "#plan";
 * const facts = { revision: "main@sha1:a", author: "Ada", subject: "Add", committedAt: "2026-01-01T00:00:00Z" };
 * const tried = attempted([], { facts, now: "2026-01-01T00:00:01Z" });
 * const [entry] = resulted(tried, { revision: "main@sha1:a", result: "Healthy", now: "2026-01-01T00:00:02Z" });
 * assertEquals([entry?.result, entry?.healthyAt], ["Healthy", "2026-01-01T00:00:02Z"]);
 * ```
 */
export function resulted(
  history: readonly HistoryEntry[],
  news: { readonly revision: string; readonly result: string; readonly now: string },
): HistoryEntry[] {
  const { revision, result, now } = news;
  const index = history.findIndex((entry) => entry.revision === revision);
  return history.map((entry, at) => {
    if (at !== index || entry.result === result) return entry;
    const isApplied = ["Applied", "Healthy", "Unhealthy", "Quarantined"].includes(result);
    return {
      ...entry,
      result,
      ...(isApplied && entry.appliedAt === undefined ? { appliedAt: now } : {}),
      ...(result === "Healthy" && entry.healthyAt === undefined ? { healthyAt: now } : {}),
    };
  });
}
