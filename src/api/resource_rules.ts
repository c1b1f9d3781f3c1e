import type { Problem } from "#base";
import type { Resources } from "./component_spec.ts";
import { compareQuantities, type ParsedQuantity, parseQuantity } from "./quantity.ts";
import { at, when } from "./rule.ts";

const CHECKED = ["cpu", "memory", "storage"] as const;

/**
 * Relations between resources. The reference demands a memory request and limit because its own defaults
 * are dead code (W-22); here what is absent gets one (see `resourceDefaults()`), and what is there must make sense.
 */
export function resourceProblems(resources: Resources | undefined): Problem[] {
  if (resources === undefined) return [];
  return [
    ...valueProblems(resources, "requests"),
    ...valueProblems(resources, "limits"),
    ...(["cpu", "memory"] as const).flatMap((name) => relationProblems(resources, name)),
  ];
}

function valueProblems(resources: Resources, side: "requests" | "limits"): Problem[] {
  return CHECKED.flatMap((name) => {
    const quantity = quantityOf(resources, { side, name });
    if (quantity === undefined) return [];
    const path = `resources.${side}.${name}`;
    return [
      ...when(quantity.value < 0n, at(path, `${quantity.text} is negative; give 0 or more`)),
      ...when(
        name === "memory" && quantity.value === 0n,
        at(path, "is 0; give more, or leave it out"),
      ),
    ];
  });
}

function relationProblems(resources: Resources, name: "cpu" | "memory"): Problem[] {
  const request = quantityOf(resources, { side: "requests", name });
  const limit = quantityOf(resources, { side: "limits", name });
  if (request === undefined || limit === undefined) return [];
  // No CPU limit is written as 0 as well.
  if (name === "cpu" && limit.value === 0n) return [];
  return [
    ...when(
      compareQuantities(request, limit) > 0,
      at(
        `resources.requests.${name}`,
        `${request.text} is more than the limit of ${limit.text}; lower it or raise the limit`,
      ),
    ),
  ];
}

function quantityOf(
  resources: Resources,
  { side, name }: { readonly side: "requests" | "limits"; readonly name: string },
): ParsedQuantity | undefined {
  const quantity = resources[side]?.[name];
  return quantity === undefined ? undefined : parseQuantity(quantity);
}
