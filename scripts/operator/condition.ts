/** One thing that may be wished for: each choice with what is true in a template where it is taken. */
export interface Axis {
  readonly name: string;
  readonly choices: readonly { readonly name: string; readonly condition: string }[];
}

/** A choice for each axis, by number. */
export type Combination = readonly number[];

/** All combinations of the axes' choices. */
export function combinationsOf(axes: readonly Axis[]): readonly Combination[] {
  return axes.reduce<Combination[]>(
    (all, { choices }) => all.flatMap((some) => choices.map((_, index) => [...some, index])),
    [[]],
  );
}

/**
 * What is true in a template for some combinations and for no others; undefined where it is for all.
 *
 * @param isMember tells the combinations
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { conditionOf } from "./condition.ts";
 * const flag = (name: string) => ({
 *   name,
 *   choices: [{ name: "off", condition: `(not .${name})` }, { name: "on", condition: `.${name}` }],
 * });
 * const axes = [flag("a"), flag("b")];
 * assertEquals(conditionOf(axes, ([a]) => a === 1), ".a");
 * assertEquals(conditionOf(axes, ([a, b]) => a === 1 && b === 0), "(and .a (not .b))");
 * assertEquals(conditionOf(axes, () => true), undefined);
 * ```
 */
export function conditionOf(
  axes: readonly Axis[],
  isMember: (combination: Combination) => boolean,
): string | undefined {
  return conditionFrom(axes, [], isMember);
}

function conditionFrom(
  axes: readonly Axis[],
  taken: Combination,
  isMember: (combination: Combination) => boolean,
): string | undefined {
  const rest = combinationsOf(axes.slice(taken.length)).map((some) =>
    isMember([...taken, ...some])
  );
  if (rest.every((one) => one)) return undefined;
  if (!rest.some((one) => one)) return NEVER;
  const axis = axes[taken.length];
  if (axis === undefined) return NEVER;
  const parts = axis.choices.map(({ condition }, index) => ({
    condition,
    under: conditionFrom(axes, [...taken, index], isMember),
  }));
  const groups = [...Map.groupBy(parts, ({ under }) => under)].filter(([under]) => under !== NEVER);
  // The axis makes no difference.
  if (groups.length === 1 && groups[0]?.[1].length === parts.length) return groups[0][0];
  return joined(
    "or",
    groups.map(([under, some]) => {
      const condition = joined("or", some.map(({ condition }) => condition));
      return under === undefined ? condition : joined("and", [condition, under]);
    }),
  );
}

const NEVER = "false";

function joined(word: "and" | "or", conditions: readonly string[]): string {
  const [first = NEVER] = conditions;
  return conditions.length === 1 ? first : `(${word} ${conditions.join(" ")})`;
}
