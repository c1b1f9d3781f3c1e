import { fieldSteps, isPlainObject } from "#base";

/** A member name, or an index of a list. */
type Step = string | number;

const MEMBER = /^[A-Za-z_][\w-]*$/;
const INDEX = /^\d+$/;

/** Whether nothing, or an empty text, is at the path of a problem. */
export function isAbsentAt(object: unknown, path: string): boolean {
  const value = stepsOf(path)?.reduce<unknown>(memberOf, object);
  return value === undefined || value === null || value === "";
}

/**
 * The path of a problem in words that survive a change of order: items of lists are named instead of counted, so that
 * whoever removes the first component of a mesh is not blamed for the problems of the second.
 */
export function stablePath(object: unknown, path: string): string {
  const steps = stepsOf(path);
  if (steps === undefined) return path;
  const words: string[] = [];
  let value = object;
  for (const step of steps) {
    value = memberOf(value, step);
    words.push(typeof step === "number" ? `[${nameOf(value)}]` : `.${step}`);
  }
  return words.join("");
}

/** Undefined for what is no path. */
function stepsOf(path: string): readonly Step[] | undefined {
  const found = fieldSteps(path);
  const isPath = found?.every(({ kind, text }) =>
    kind === "quoted" || (kind === "index" ? INDEX : MEMBER).test(text)
  );
  if (isPath !== true) return undefined;
  return found?.map(({ kind, text }) =>
    kind === "index" ? Number(text) : kind === "quoted" ? textOf(`"${text}"`) : text
  );
}

/** Escapes that JSON does not know stay as they are: the text only serves as a key. */
function textOf(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return quoted;
  }
}

function memberOf(value: unknown, step: Step): unknown {
  if (typeof step === "number") return Array.isArray(value) ? value[step] : undefined;
  return isPlainObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

function nameOf(item: unknown): string {
  const name = isPlainObject(item) ? item["name"] : undefined;
  return typeof name === "string" ? JSON.stringify(name) : "";
}
