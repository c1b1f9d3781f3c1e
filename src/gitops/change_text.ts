import { idText, type ObjectId } from "#base";
import type { Action } from "./planned.ts";

/** What is done, or was done, to some objects: for logs, events and the status. */
export interface ChangeList {
  readonly created: readonly ObjectId[];
  readonly configured: readonly ObjectId[];
  readonly pruned: readonly ObjectId[];
  readonly skipped: readonly ObjectId[];
  readonly unchanged: number;
  /** Objects that could not be tried before the rest is applied, with the reason. */
  readonly unproven: readonly { readonly id: ObjectId; readonly reason: string }[];
}

/** How many objects of each kind of change. */
export function changeCounts(list: ChangeList): Record<string, number> {
  return {
    configured: list.configured.length,
    created: list.created.length,
    pruned: list.pruned.length,
    skipped: list.skipped.length,
    unchanged: list.unchanged,
    ...(list.unproven.length === 0 ? {} : { untried: list.unproven.length }),
  };
}

/** Objects with what becomes of them, the first `max` of each kind of change: `created ConfigMap shop/a`. */
export function changeLines(list: ChangeList, max: number): string[] {
  const { created, configured, pruned, skipped } = list;
  const reasons = new Map(list.unproven.map(({ id, reason }) => [idText(id), reason]));
  const lines = (word: string, ids: readonly ObjectId[]) =>
    ids.map((id) => {
      const reason = reasons.get(idText(id));
      return `${word} ${idText(id)}${reason === undefined ? "" : ` (not tried before: ${reason})`}`;
    }).sort();
  const all = [
    ...lines("pruned", pruned),
    ...lines("created", created),
    ...lines("configured", configured),
    ...lines("skipped", skipped),
  ];
  const rest = all.length - max;
  return rest > 0 ? [...all.slice(0, max), `and ${rest} more`] : all;
}

/** Sorts objects by what becomes of them. */
export function changeList(
  objects: readonly {
    readonly id: ObjectId;
    readonly action: Action;
    readonly unproven?: string | undefined;
  }[],
  gone: { readonly pruned: readonly ObjectId[]; readonly skipped: readonly ObjectId[] },
): ChangeList {
  const having = (action: Action) =>
    objects.filter((object) => object.action === action).map((object) => object.id);
  return {
    created: having("created"),
    configured: having("configured"),
    pruned: gone.pruned,
    skipped: gone.skipped,
    unchanged: having("unchanged").length,
    unproven: objects.flatMap(({ id, unproven }) =>
      unproven === undefined ? [] : { id, reason: unproven }
    ),
  };
}
