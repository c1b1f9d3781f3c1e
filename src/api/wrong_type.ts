import type { StructuralSchema } from "./open_api.ts";

/** What was given instead of what the schema wants, and how to put it right. */
export function wrongTypeMessage(value: unknown, schema: StructuralSchema): string {
  const { wanted, remedy } = expectation(value, schema);
  return `must be ${wanted}, but is ${shown(value)}; ${remedy}`;
}

/** A word for the type of a value. */
export function wordOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "number":
      return "a number";
    case "string":
      return "a text";
    case "boolean":
      return "true or false";
    default:
      return "an object";
  }
}

interface Expectation {
  readonly wanted: string;
  readonly remedy: string;
}

function expectation(value: unknown, schema: StructuralSchema): Expectation {
  switch (schema.type) {
    case "string":
      return { wanted: "a text", remedy: isScalar(value) ? "put it in quotes" : "give a text" };
    case "array":
      return {
        wanted: "a list",
        remedy: isScalar(value) ? "put it in brackets: [...]" : "begin each item with -",
      };
    case "boolean":
      return {
        wanted: "true or false",
        remedy: value === "true" || value === "false"
          ? "take the quotes away"
          : "give true or false",
      };
    case "object":
      return { wanted: "an object", remedy: objectRemedy(value, schema) };
    case "integer":
      return {
        wanted: "a whole number",
        remedy: isNumeral(value) ? "take the quotes away" : "give a whole number",
      };
    default:
      return { wanted: "a whole number or a text", remedy: "give one of them" };
  }
}

function objectRemedy(value: unknown, { properties }: StructuralSchema): string {
  const takesName = properties?.["name"] !== undefined;
  if (typeof value === "string" && takesName) return "write it as {name: ...}";
  return Array.isArray(value) ? "take the - away" : "give its members";
}

/** Longest number that a finding repeats: that of a port, and not what may be a password. */
const NUMBER_LENGTH_MAX = 5;

/** The value itself where it is no secret and helps to find it, its type otherwise. */
function shown(value: unknown): string {
  if (typeof value === "boolean" || value === "true" || value === "false") {
    return JSON.stringify(value);
  }
  const isShort = (typeof value === "number" || isNumeral(value)) &&
    String(value).length <= NUMBER_LENGTH_MAX;
  return isShort ? JSON.stringify(value) : wordOf(value);
}

function isScalar(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** A text of digits. */
function isNumeral(value: unknown): boolean {
  return typeof value === "string" && value.length < 20 && /^-?[0-9]+$/.test(value);
}
