import { canonicalQuantity } from "#api";
import { isPlainObject } from "#base";

/** Members of embedded Kubernetes types that hold quantities by name. */
const QUANTITY_MAPS = new Set(["limits", "requests", "minAllowed", "maxAllowed"]);
/** Members that are a quantity. */
const QUANTITIES = new Set(["sizeLimit", "divisor", "averageValue"]);

/**
 * An embedded Kubernetes structure with every quantity as the API server prints it: `0.5` becomes `500m`. So what is
 * sent is what comes back, and a number where Kubernetes wants text is none anymore. Metadata is left alone.
 */
export function quantitiesSpelled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(quantitiesSpelled);
  if (!isPlainObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, spelled(name, member)]);
  return Object.fromEntries(members);
}

/** The same for metrics of an autoscaler, where `target.value` is a quantity too. */
export function metricSpelled(metric: unknown): unknown {
  if (Array.isArray(metric)) return metric.map(metricSpelled);
  if (!isPlainObject(metric)) return metric;
  const members = Object.entries(metric).map(([name, member]) => {
    if (name === "target" && isPlainObject(member)) {
      return [name, {
        ...member,
        ...spelledMember(member, "value"),
        ...spelledMember(member, "averageValue"),
      }];
    }
    return [name, metricSpelled(member)];
  });
  return Object.fromEntries(members);
}

function spelled(name: string, member: unknown): unknown {
  if (name === "metadata") return member;
  if (QUANTITY_MAPS.has(name) && isPlainObject(member)) {
    return Object.fromEntries(
      Object.entries(member).map(([key, value]) => [key, spelledValue(value)]),
    );
  }
  return QUANTITIES.has(name) ? spelledValue(member) : quantitiesSpelled(member);
}

function spelledMember(object: Readonly<Record<string, unknown>>, name: string): object {
  return object[name] === undefined ? {} : { [name]: spelledValue(object[name]) };
}

function spelledValue(value: unknown): unknown {
  return typeof value === "string" || typeof value === "number" ? canonicalQuantity(value) : value;
}
