import { COMPONENT_KINDS, resourceOf } from "#api";
import { byText, CONSOLE_BUDGETS, groupOf, type KubeObject, Semaphore, textDigest } from "#base";
import type { AccessReviews, ResourceAsk, TokenUser } from "#kube";
import { FULL_SIGHT, type Sight } from "./whole_view.ts";

/** What one viewer may do, as the API server says. */
export interface Rights {
  /** @throws {ApiError} when the API server cannot be asked */
  readonly may: (ask: ResourceAsk) => Promise<boolean>;
}

/** Of whoever came by an address of this machine: they may do as they like with the program. */
export const FULL_RIGHTS: Rights = { may: () => Promise.resolve(true) };

/** The rights of who showed a token. Questions go in turns: one viewer has no more of them at a time than a few. */
export function rightsOf(
  user: TokenUser,
  { reviews, signal, turns }: {
    readonly reviews: Pick<AccessReviews, "may">;
    readonly turns: Semaphore;
    readonly signal: AbortSignal;
  },
): Rights {
  return { may: (ask) => turns.run(() => reviews.may(user, ask), signal) };
}

/** Objects of one resource in one namespace. */
export interface Place {
  readonly resource: string;
  readonly namespace: string;
}

/** Resources that a view is made of, and their groups. */
const GROUPS: ReadonlyMap<string, string> = new Map(
  [...COMPONENT_KINDS, "MeshSync" as const].map((kind) => {
    const { apiVersion, plural } = resourceOf(kind);
    return [plural, groupOf(apiVersion)];
  }),
);

/** Answers that the sight of one viewer needs at most. */
export const VERDICTS_MAX = GROUPS.size * (1 + CONSOLE_BUDGETS.viewedNamespaces);

/** Where objects are: each place once, sorted. */
export function placesOf(objects: readonly KubeObject[]): Place[] {
  const found = new Map<string, Place>();
  for (const { kind, metadata: { namespace = "" } } of objects) {
    const { plural: resource } = resourceOf(kind as "Function");
    found.set(`${namespace} ${resource}`, { resource, namespace });
  }
  return [...found].sort(([a], [b]) => byText(a, b)).map(([, place]) => place);
}

/**
 * What a viewer may see: first it is asked for all namespaces at once, then for each where something is, the first 256 of
 * these. A place that was not asked about is not seen.
 *
 * @throws {ApiError} when the API server cannot be asked
 */
export async function sightOf(rights: Rights, places: readonly Place[]): Promise<Sight> {
  if (rights === FULL_RIGHTS) return FULL_SIGHT;
  const resources = [...GROUPS.keys()];
  const whole = await kept(resources, (resource) => mayGet(rights, { resource }));
  if (whole.length === resources.length) return FULL_SIGHT;
  const namespaces = new Set(
    [...new Set(places.map(({ namespace }) => namespace))].slice(
      0,
      CONSOLE_BUDGETS.viewedNamespaces,
    ),
  );
  const asked = places.filter(({ namespace, resource }) =>
    namespaces.has(namespace) && !whole.includes(resource)
  );
  const single = await kept(asked, (place) => mayGet(rights, place));
  const seen = new Set(single.map(({ namespace, resource }) => `${namespace} ${resource}`));
  return {
    key: sightKey(whole, seen),
    sees: (resource, namespace) => whole.includes(resource) || seen.has(`${namespace} ${resource}`),
  };
}

/** Whether somebody may see nothing of what there is. */
export function isBlind({ key }: Sight): boolean {
  return key === BLIND;
}

function sightKey(whole: readonly string[], seen: Iterable<string>): string {
  return textDigest(...whole, "", ...seen);
}

/** The key of who sees nothing. */
const BLIND = sightKey([], []);

function mayGet(
  { may }: Rights,
  { namespace, resource }: { readonly resource: string; readonly namespace?: string },
): Promise<boolean> {
  const place = namespace === undefined ? {} : { namespace };
  return may({ verb: "get", group: GROUPS.get(resource) ?? "", resource, ...place });
}

/** What an answer is yes for, in its order. */
async function kept<T>(items: readonly T[], ask: (item: T) => Promise<boolean>): Promise<T[]> {
  const answers = await Promise.all(items.map(ask));
  return items.filter((_item, index) => answers[index] === true);
}
