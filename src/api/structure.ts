import { isPlainObject, type Problem } from "#base";
import { closest } from "./closest.ts";
import { quoted } from "./rule.ts";
import { QUANTITY_PATTERN, type StructuralSchema } from "./open_api.ts";
import { QUANTITY_LENGTH_MAX } from "./quantity.ts";
import { wordOf, wrongTypeMessage } from "./wrong_type.ts";

/** What a look at the structure of a value found. */
export interface StructureReport {
  /** Wrong types, missing members, words that are not offered. */
  readonly problems: readonly Problem[];
  /** Members that the schema does not know: the API server drops them. */
  readonly unknown: readonly Problem[];
  /** The value without whatever has a wrong type, so that rules can trust the types of what is there. */
  readonly value: unknown;
}

/** A place in an object, and what the schema says of it. */
interface Place {
  readonly path: string;
  readonly schema: StructuralSchema;
}

const INT32_MAX = 2 ** 31 - 1;
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** The pattern of quantities is met at every one of them. */
const QUANTITY = new RegExp(QUANTITY_PATTERN);

/**
 * Checks a value against a schema. Never throws. Nulls count as absent, as they do for the API server.
 * Values are named in messages only where the schema offers words or numbers, so that no secret is repeated.
 */
export function checkStructure(value: unknown, place: Place): StructureReport {
  const { schema, path } = place;
  if (schema["x-kubernetes-int-or-string"]) {
    return schema.pattern === undefined ? checkPort(value, place) : checkQuantity(value, place);
  }
  switch (schema.type) {
    case "object":
      return isPlainObject(value) ? checkObject(value, place) : wrongType(value, place);
    case "array":
      return Array.isArray(value) ? checkList(value, place) : wrongType(value, place);
    case "string":
      return typeof value === "string" ? checkText(value, place) : wrongType(value, place);
    case "integer":
      return Number.isInteger(value)
        ? checkInteger(value as number, place)
        : wrongType(value, place);
    case "boolean":
      return typeof value === "boolean" ? sound(value) : wrongType(value, place);
    default:
      throw new TypeError(`Cannot check ${path}: its schema has no type`);
  }
}

/** The path of a member: `spec.input`, or `labels["a/b"]` where the name is no plain word. */
export function memberPath(path: string, name: string): string {
  if (!PLAIN_NAME.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

function checkObject(object: Record<string, unknown>, { path, schema }: Place): StructureReport {
  const known = schema.properties ?? {};
  const free = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const count = Object.keys(object).length;
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    const message = `has ${count} members; give at most ${schema.maxProperties}`;
    return { problems: [{ path, message }], unknown: [], value: undefined };
  }
  const problems: Problem[] = [];
  const unknown: Problem[] = [];
  const members: [string, unknown][] = [];
  for (const name of Object.keys(object).sort()) {
    const value = object[name];
    if (value === null || value === undefined) continue;
    const memberSchema = Object.hasOwn(known, name) ? known[name] : schema.additionalProperties;
    const memberPlace = memberPath(path, name);
    if (memberSchema !== undefined) {
      const report = checkStructure(value, { path: memberPlace, schema: memberSchema });
      problems.push(...report.problems);
      unknown.push(...report.unknown);
      if (report.value !== undefined) members.push([name, report.value]);
    } else if (free) {
      members.push([name, value]);
    } else {
      unknown.push({ path: memberPlace, message: unknownMessage(name, schema) });
    }
  }
  for (const name of schema.required ?? []) {
    if (object[name] === undefined || object[name] === null) {
      problems.push({ path: memberPath(path, name), message: "is missing; it is required here" });
    }
  }
  return { problems, unknown, value: Object.fromEntries(members) };
}

function checkList(items: readonly unknown[], { path, schema }: Place): StructureReport {
  const itemSchema = schema.items;
  if (schema.maxItems !== undefined && items.length > schema.maxItems) {
    const message = `has ${items.length} items; give at most ${schema.maxItems}`;
    return { problems: [{ path, message }], unknown: [], value: undefined };
  }
  if (itemSchema === undefined) return sound(items);
  const reports = items.map((item, index) =>
    checkStructure(item, { path: `${path}[${index}]`, schema: itemSchema })
  );
  return {
    problems: [
      ...reports.flatMap((report) => report.problems),
      ...repeated(items, { path, schema }),
    ],
    unknown: reports.flatMap((report) => report.unknown),
    value: reports.map((report) => report.value ?? emptyOf(itemSchema)),
  };
}

/** Items that the API server takes for one: it refuses to apply a list that has the same twice. */
function repeated(items: readonly unknown[], { path, schema }: Place): Problem[] {
  const { uniqueBy } = schema;
  if (uniqueBy === undefined) return [];
  const first = new Map<string, number>();
  return items.flatMap((item, index) => {
    if (!isPlainObject(item) || uniqueBy.some(([name, standard]) => !(item[name] ?? standard))) {
      return [];
    }
    const key = JSON.stringify(uniqueBy.map(([name, standard]) => item[name] ?? standard));
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, index);
      return [];
    }
    const names = uniqueBy.map(([name]) => name).join(" and ");
    const message = `has the ${names} of ${path}[${other}]; keep one of them`;
    return [{ path: `${path}[${index}]`, message }];
  });
}

/** Stands for a refused item, so that the others keep their index. */
function emptyOf(schema: StructuralSchema): unknown {
  switch (schema.type) {
    case "object":
      return {};
    case "array":
      return [];
    case "string":
      return "";
    default:
      return 0;
  }
}

function checkText(text: string, { path, schema }: Place): StructureReport {
  if (schema.enum !== undefined && !schema.enum.includes(text)) {
    const words = schema.enum.filter((word) => word !== "");
    const meant = closest(text, words);
    const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
    const message = `${quoted(text)} is not offered${hint}; use one of ${words.join(", ")}`;
    return { problems: [{ path, message }], unknown: [], value: undefined };
  }
  if (schema.minLength !== undefined && text.length < schema.minLength) {
    const problems = [{ path, message: "is empty; give a text" }];
    return { problems, unknown: [], value: text };
  }
  if (schema.maxLength !== undefined && isLongerThan(text, schema.maxLength)) {
    const message = `has ${[...text].length} characters; give at most ${schema.maxLength}`;
    return { problems: [{ path, message }], unknown: [], value: undefined };
  }
  return sound(text);
}

/** Characters are counted as an API server does, a pair of surrogates as one. */
function isLongerThan(text: string, lengthMax: number): boolean {
  return text.length > lengthMax && [...text].length > lengthMax;
}

function checkInteger(number: number, { path, schema }: Place): StructureReport {
  const tooSmall = schema.minimum !== undefined && number < schema.minimum;
  if (tooSmall) {
    const message = `${number} is too small; give ${schema.minimum} or more`;
    return { problems: [{ path, message }], unknown: [], value: undefined };
  }
  if (schema.format === "int32" && (number > INT32_MAX || number < -INT32_MAX - 1)) {
    const message = `${number} does not fit 32 bits; give at most ${INT32_MAX}`;
    return { problems: [{ path, message }], unknown: [], value: undefined };
  }
  return sound(number);
}

/** A number or a name. */
function checkPort(value: unknown, place: Place): StructureReport {
  if (typeof value === "string") return sound(value);
  return Number.isInteger(value) ? checkInteger(value as number, place) : wrongType(value, place);
}

function checkQuantity(value: unknown, place: Place): StructureReport {
  const text = typeof value === "number" || typeof value === "string" ? String(value) : undefined;
  if (typeof value === "number" && !Number.isInteger(value)) {
    const message =
      `${value} is a number with a fraction, which Kubernetes refuses; put it in quotes`;
    return { problems: [{ path: place.path, message }], unknown: [], value: undefined };
  }
  if (text !== undefined && text.length <= QUANTITY_LENGTH_MAX && QUANTITY.test(text)) {
    return sound(value);
  }
  const found = text === undefined ? wordOf(value) : quoted(text);
  const message = `${found} is no quantity; give a number with a unit, e.g. 500m, 1Gi or 2`;
  return { problems: [{ path: place.path, message }], unknown: [], value: undefined };
}

function wrongType(value: unknown, { path, schema }: Place): StructureReport {
  return {
    problems: [{ path, message: wrongTypeMessage(value, schema) }],
    unknown: [],
    value: undefined,
  };
}

function unknownMessage(name: string, { properties = {}, origin }: StructuralSchema): string {
  const meant = closest(name, Object.keys(properties));
  const known = origin === undefined ? "is not known" : `is not known to ${origin}`;
  return `${known} and has no effect; ${
    meant === undefined ? "remove it" : `did you mean ${meant}?`
  }`;
}

function sound(value: unknown): StructureReport {
  return { problems: [], unknown: [], value };
}
