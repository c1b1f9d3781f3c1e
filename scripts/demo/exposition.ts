/** Numbers in the text format of Prometheus, as far as they are shown. */

/** One line of an exposition that holds a number. */
export interface Sample {
  /** The line as it came. */
  readonly line: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The samples of an exposition, in its order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { samples } from "./exposition.ts";
 * const [first] = samples('# HELP a b\na_total{kind="Pod",verb="get"} 2\n');
 * assertEquals([first?.name, first?.labels, first?.value], ["a_total", { kind: "Pod", verb: "get" }, 2]);
 * ```
 */
export function samples(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const match = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) return [];
    const [, name = "", labelText = "", value = ""] = match;
    return [{ line, name, labels: labelsFrom(labelText), value: Number(value) }];
  });
}

/** The sum over the samples of a name that `isMeant` accepts. */
export function sampleSum(
  all: readonly Sample[],
  name: string,
  isMeant: (sample: Sample) => boolean = () => true,
): number {
  return all.filter((sample) => sample.name === name && isMeant(sample))
    .reduce((sum, { value }) => sum + value, 0);
}

/** Verbs of `mesh_api_requests_total` that change nothing. */
const READING_VERBS = ["discover", "get", "list", "watch"];

/** How many requests of a kind the program has sent to the API server so far. */
export function apiRequests(all: readonly Sample[]): {
  readonly reads: number;
  readonly writes: number;
} {
  const name = "mesh_api_requests_total";
  const isRead = ({ labels }: Sample) => READING_VERBS.includes(labels["verb"] ?? "");
  return {
    reads: sampleSum(all, name, isRead),
    writes: sampleSum(all, name, (sample) => !isRead(sample)),
  };
}

function labelsFrom(text: string): Record<string, string> {
  const pairs = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries([...pairs].map(([, name = "", value = ""]) => [name, value]));
}
