/** What is measured of a process that runs for long, whether it stays flat, and a picture of it. */
import { svgPicture } from "../support/svg.ts";

/** What a process has at one moment. */
export type Figures = Readonly<Record<typeof MEASURES[number]["name"], number>>;

/** The same, and when. */
export interface Sample extends Figures {
  readonly seconds: number;
}

/** What is measured; a slack is how much more the last quarter may have than the second one: a share, and so much besides. */
export const MEASURES = [
  { name: "memory", unit: "MiB of resident memory", share: 0.15, slack: 24 },
  { name: "descriptors", unit: "open file descriptors", share: 0.1, slack: 8 },
  { name: "connections", unit: "open sockets", share: 0.1, slack: 8 },
  { name: "clones", unit: "KiB of clones on the disk", share: 0.5, slack: 512 },
] as const;

type Measure = typeof MEASURES[number];

/** Looks at a process of this machine, and at the folder of its clones. */
export async function sampleOf(pid: number, clones: string): Promise<Figures> {
  const links = await Promise.all(
    (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).map(({ name }) =>
      Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "closed meanwhile")
    ),
  );
  return {
    memory: await residentMebibytes(pid),
    descriptors: links.length,
    connections: links.filter((link) => link.startsWith("socket:")).length,
    clones: await mebibytesIn(clones) * 1024,
  };
}

/** The memory that a process of this machine takes now; on Linux. */
export async function residentMebibytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** How much a folder takes; files come and go while they are counted. */
export async function mebibytesIn(folder: string): Promise<number> {
  const { stdout } = await new Deno.Command("du", { args: ["-sb", folder], stderr: "null" })
    .output();
  return Number(new TextDecoder().decode(stdout).split("\t")[0]) / 1024 / 1024;
}

/**
 * Whether the last quarter of the time has about what the second one had, measure by measure: the first one is for filling
 * caches. Medians, as a collection of garbage or a fetch is no trend.
 */
export function soakTable(
  samples: readonly Sample[],
): { readonly isFlat: boolean; readonly text: string } {
  const quarter = Math.floor(samples.length / 4);
  const rows = MEASURES.map(({ name, share, slack, unit }) => {
    const values = samples.map((sample) => sample[name]);
    const [before, after] = [values.slice(quarter, 2 * quarter), values.slice(-quarter)]
      .map(median);
    const [early = 0, late = 0] = [before, after];
    const isFlat = quarter > 0 && late <= early * (1 + share) + slack;
    const most = Math.max(...values);
    const words = [early, late, most].map((value) => value.toFixed(0).padStart(7)).join("");
    return { isFlat, text: `${isFlat ? "flat " : "GROWS"}${words}  ${unit}` };
  });
  return {
    isFlat: rows.every(({ isFlat }) => isFlat),
    text: [
      "      second   last   most  (medians of the second and the last quarter of the time)",
      ...rows.map(({ text }) => text),
    ].join("\n"),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const WIDTH = 720;
const HEIGHT = 180;
const MARGIN = 56;

/** One measure over time, as an SVG. */
export function soakPicture({ name, unit }: Measure, samples: readonly Sample[]): string {
  const seconds = Math.max(1, samples.at(-1)?.seconds ?? 1);
  const most = Math.max(1, ...samples.map((sample) => sample[name]));
  const points = samples.map((sample) => {
    const x = MARGIN + sample.seconds / seconds * WIDTH;
    const y = MARGIN + HEIGHT - sample[name] / most * HEIGHT;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const [width, height] = [WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN];
  return svgPicture({ fontSize: 12, height, width }, [
    `<text x="${MARGIN}" y="32" font-weight="bold">${name}: ${unit}</text>`,
    `<rect x="${MARGIN}" y="${MARGIN}" width="${WIDTH}" height="${HEIGHT}" fill="#f6f6f4"/>`,
    `<text x="${MARGIN - 6}" y="${MARGIN + 10}" text-anchor="end">${Math.ceil(most)}</text>`,
    `<text x="${MARGIN - 6}" y="${MARGIN + HEIGHT}" text-anchor="end">0</text>`,
    `<polyline fill="none" stroke="#0b6e4f" stroke-width="1.3" points="${points.join(" ")}"/>`,
    `<text x="${MARGIN + WIDTH}" y="${MARGIN + HEIGHT + 18}" text-anchor="end">${
      Math.round(seconds / 60)
    } min</text>`,
  ]);
}
