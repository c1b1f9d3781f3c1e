import { escaped, svgPicture } from "../../support/svg.ts";
import type { Result } from "./world.ts";

/** Of one trace. */
export interface Panel {
  readonly name: string;
  readonly seconds: number;
  readonly results: readonly Result[];
}

const WIDTH = 420;
const PLOT_HEIGHT = 90;
const PANEL_HEIGHT = 2 * PLOT_HEIGHT + 60;
const COLUMNS = 2;
const MARGIN = 48;
const COLOURS = ["#0b6e4f", "#c1440e", "#3b5b92"];

/** What waits and how many replicas there are, trace by trace, as an SVG. */
export function picture(panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / COLUMNS);
  const [width, height] = [COLUMNS * (WIDTH + MARGIN) + 16, rows * PANEL_HEIGHT + 40];
  const names = panels[0]?.results.map((result) => result.scaler) ?? [];
  const legend = names.map((name, index) =>
    `<text x="${MARGIN + index * 200}" y="20" fill="${colour(index)}" font-weight="bold">${
      escaped(name)
    }</text>`
  );
  const drawn = panels.map((panel, index) => {
    const [column, row] = [index % COLUMNS, Math.floor(index / COLUMNS)];
    const [x, y] = [column * (WIDTH + MARGIN) + MARGIN, row * PANEL_HEIGHT + 36];
    return `<g transform="translate(${x} ${y})">${drawnPanel(panel)}</g>`;
  });
  return svgPicture({ fontSize: 11, height, width }, [
    ...legend,
    ...drawn,
  ]);
}

function drawnPanel({ name, results, seconds }: Panel): string {
  const plot = (of: (point: Result["series"][number]) => number, label: string, top: number) => {
    const most = Math.max(1, ...results.flatMap(({ series }) => series.map(of)));
    const lines = results.map(({ series }, index) => {
      const points = series.map((point) => {
        const x = point.second / seconds * WIDTH;
        const y = top + PLOT_HEIGHT - of(point) / most * PLOT_HEIGHT;
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      });
      return `<polyline fill="none" stroke="${colour(index)}" stroke-width="1.3" points="${
        points.join(" ")
      }"/>`;
    });
    return [
      `<rect x="0" y="${top}" width="${WIDTH}" height="${PLOT_HEIGHT}" fill="#f6f6f4"/>`,
      ...lines.reverse(),
      `<text x="-4" y="${top + 10}" text-anchor="end">${most.toLocaleString("en-US")}</text>`,
      `<text x="4" y="${top + 12}" fill="#666">${label}</text>`,
    ].join("");
  };
  return [
    `<text x="0" y="10" font-weight="bold">${escaped(name)}</text>`,
    plot((point) => point.backlog, "messages waiting", 16),
    plot((point) => point.replicas, "replicas", 22 + PLOT_HEIGHT),
    `<text x="${WIDTH}" y="${36 + 2 * PLOT_HEIGHT}" text-anchor="end" fill="#666">${
      Math.round(seconds / 60)
    } min</text>`,
  ].join("");
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? "#000";
}
