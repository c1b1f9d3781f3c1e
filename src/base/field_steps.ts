/** One step of a path of fields: `name`, `[3]` or `["any text"]`. */
export interface FieldStep {
  readonly kind: "member" | "index" | "quoted";
  /** Of quoted text what is between the quotes, escapes and all. */
  readonly text: string;
}

/**
 * The steps of a path such as `spec.pod.env[2]["a.b"]`, in one way through it; undefined for what is no path.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fieldSteps } from "#base";
 * assertEquals(fieldSteps('a.b[2]["c.d"]')?.map(({ text }) => text), ["a", "b", "2", "c.d"]);
 * assertEquals(fieldSteps("a[2"), undefined);
 * ```
 */
export function fieldSteps(path: string): FieldStep[] | undefined {
  const steps: FieldStep[] = [];
  for (let at = 0; at < path.length;) {
    if (path[at] === ".") at++;
    if (path.startsWith('["', at)) {
      const end = quoteEnd(path, at + 2);
      if (path[end + 1] !== "]") return undefined;
      steps.push({ kind: "quoted", text: path.slice(at + 2, end) });
      at = end + 2;
      continue;
    }
    if (path[at] === "[") {
      const end = path.indexOf("]", at);
      if (end < 0) return undefined;
      steps.push({ kind: "index", text: path.slice(at + 1, end) });
      at = end + 1;
      continue;
    }
    const end = memberEnd(path, at);
    if (end === at) return undefined;
    steps.push({ kind: "member", text: path.slice(at, end) });
    at = end;
  }
  return steps;
}

/** Where the quote is that ends a text. */
function quoteEnd(path: string, start: number): number {
  for (let at = start; at < path.length; at++) {
    if (path[at] === "\\") at++;
    else if (path[at] === '"') return at;
  }
  return path.length;
}

function memberEnd(path: string, start: number): number {
  let at = start;
  while (at < path.length && !".[]".includes(path.charAt(at))) at++;
  return at;
}
