import { isPlainObject, sameJson, withoutValues } from "#base";

/** One field, or all of an object, before and after a change. */
interface Pair {
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Both sides of a change without secret values. A field that holds one of them on either side is hidden on both when it
 * changes: what it was before may be a secret of yesterday, which nobody knows any more.
 */
export function maskedFields({ before, after }: Pair, secrets: readonly string[]): Pair {
  const [left, right] = [before ?? undefined, after ?? undefined];
  if (isGroup(left) && isGroup(right) && Array.isArray(left) !== Array.isArray(right)) {
    return apart({ before, after }, secrets);
  }
  if (isGroup(left) || isGroup(right)) {
    const isBoth = (isGroup(left) || left === undefined) && (isGroup(right) || right === undefined);
    return isBoth ? group({ before, after }, secrets) : apart({ before, after }, secrets);
  }
  return scalar({ before, after }, secrets);
}

function isGroup(value: unknown): value is Record<string, unknown> | readonly unknown[] {
  return Array.isArray(value) || isPlainObject(value);
}

/** Sides that have nothing to do with each other. */
function apart({ before, after }: Pair, secrets: readonly string[]): Pair {
  return {
    before: maskedFields({ before, after: undefined }, secrets).before,
    after: maskedFields({ before: undefined, after }, secrets).after,
  };
}

function group({ before, after }: Pair, secrets: readonly string[]): Pair {
  const [left, right] = [membersOf(before), membersOf(after)];
  const names = [...new Set([...left.keys(), ...right.keys()])];
  const pairs = names.map((name) =>
    [name, maskedFields({ before: left.get(name), after: right.get(name) }, secrets)] as const
  );
  const side = (value: unknown, which: keyof Pair, members: ReadonlyMap<string, unknown>) => {
    if (!isGroup(value)) return value;
    const entries = pairs.filter(([name]) => members.has(name))
      .map(([name, pair]) => [name, pair[which]] as const);
    return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
  };
  return { before: side(before, "before", left), after: side(after, "after", right) };
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(isGroup(value) ? Object.entries(value) : []);
}

function scalar({ before, after }: Pair, secrets: readonly string[]): Pair {
  const [left, right] = [cleaned(before, secrets), cleaned(after, secrets)];
  if (sameJson(left, before) && sameJson(right, after)) return { before, after };
  const isChanged = before !== undefined && after !== undefined && !sameJson(before, after);
  return isChanged
    ? { before: "*** (before)", after: "*** (after)" }
    : { before: left, after: right };
}

/** The value itself where nothing in it is secret. */
function cleaned(value: unknown, secrets: readonly string[]): unknown {
  if (value === undefined || value === null) return value;
  const text = String(value);
  const without = withoutValues(text, secrets);
  return without === text ? value : without;
}
