import { type ObjectKey, shortText } from "#base";
import type { ResourceType } from "#kube";
import { hasHealth } from "#plan";
import type { SyncContext } from "./context.ts";
import { COMPARE_MS } from "./observe.ts";

/** Kinds that a status names one by one. */
const KINDS_SHOWN_MAX = 5;
/** Characters of what the API server says. */
const WORDS_MAX = 300;

const SEEN = "what somebody changes of its objects is seen within " +
  `${COMPARE_MS / 60_000} minutes`;
const HEALTH_SEEN = "and that one gets unhealthy when Git is looked at";

/**
 * What comes of kinds that cannot be followed, a note for each: a change that somebody makes to an object of theirs is seen
 * when everything is compared, and not at once.
 */
export function unfollowedNotes(
  key: ObjectKey,
  { caches, proofs }: Pick<SyncContext, "caches" | "proofs">,
): string[] {
  // The client hands out one description of a kind, whatever the number of objects.
  const known = new Set<ResourceType>();
  for (const { type } of proofs.of(key).values()) if (type !== undefined) known.add(type);
  const types = new Map([...known].map((type) => [`${type.kind} (${type.apiVersion})`, type]));
  const notes = [...types].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([name, type]) => {
    const obstacle = caches.obstacle(type);
    if (obstacle === undefined) return [];
    const seen = hasHealth(type) ? `${SEEN}, ${HEALTH_SEEN}` : SEEN;
    return [`${name} is not watched: ${seen}; ${shortText(obstacle, WORDS_MAX)}`];
  });
  const rest = notes.length - KINDS_SHOWN_MAX;
  const more = rest > 0 ? [`${rest} more kinds are not watched either`] : [];
  return [...notes.slice(0, KINDS_SHOWN_MAX), ...more];
}
