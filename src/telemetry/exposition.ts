import type { Registry } from "prom-client";

/** Lines that are written in one go: a few milliseconds. */
const LINES_A_TURN = 2_000;

/** A value of a metric, as `prom-client` keeps it. */
interface Sample {
  readonly metricName?: string;
  readonly labels?: Labels;
  /** Of a histogram: what all its lines of one object have. */
  readonly sharedLabels?: Labels;
  readonly value: number;
}

type Labels = Readonly<Record<string, string | number>>;

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly Sample[];
}

/** Histograms have their values more cheaply this way, which the declarations of `prom-client` leave out. */
interface Source {
  readonly getForPromString?: () => Promise<Metric>;
  readonly get: () => Promise<Metric>;
}

/**
 * All metrics of a registry in the text format: what `registry.metrics()` answers, but in turns. Of thousands of components
 * there are many ten thousand lines, and what holds the event loop for so long holds everything else.
 *
 * @param breathe lets everything else have a turn
 */
export async function exposition(
  registry: Registry,
  breathe: () => Promise<void>,
): Promise<string> {
  const parts: string[] = [];
  let lines = 0;
  for (const source of registry.getMetricsAsArray() as unknown as readonly Source[]) {
    const { help, name, type, values } = await (source.getForPromString?.() ?? source.get());
    const part = [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
    const textOf = labelWriter();
    for (const { labels = {}, metricName = name, sharedLabels, value } of values) {
      part.push(`${metricName}${textOf(labels, sharedLabels)} ${valueText(value)}`);
      lines += 1;
      if (lines % LINES_A_TURN === 0) await breathe();
    }
    parts.push(part.join("\n"));
  }
  return `${parts.join("\n\n")}\n`;
}

/** Writes labels; those that many lines share are written once. */
function labelWriter(): (labels: Labels, shared: Labels | undefined) => string {
  let known: { readonly labels: Labels; readonly text: string } | undefined;
  return (labels, shared) => {
    if (shared !== undefined && known?.labels !== shared) {
      known = { labels: shared, text: labelText(shared) };
    }
    const text = [labelText(labels), shared === undefined ? "" : known?.text ?? ""]
      .filter((part) => part !== "").join(",");
    return text === "" ? "" : `{${text}}`;
  };
}

function labelText(labels: Labels): string {
  return Object.entries(labels).map(([name, value]) =>
    `${name}="${escaped(String(value)).replaceAll('"', '\\"')}"`
  ).join(",");
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function valueText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
