import type { Diagram, DiagramLink } from "./diagram.ts";
import { baseline, layout, type PlacedNode } from "./layout.ts";

/** Colours of the light and of the dark; what is not well is not told by colour alone, its box says it. */
const STYLE = [
  ":root{--ink:#1f2328;--paper:#fff;--soft:#59636e;--line:#8c959f;--box:#f6f8fa}",
  "@media(prefers-color-scheme:dark){:root{--ink:#f0f6fc;--paper:#0d1117;--soft:#9198a1;--line:#656c76;--box:#151b23}}",
  "text{font:12px ui-monospace,SFMono-Regular,Menlo,monospace;fill:var(--ink)}",
  ".soft{fill:var(--soft)}.title{font-weight:600}",
  ".component{fill:var(--box);stroke:var(--line);stroke-width:1.5}",
  ".topic,.pattern{fill:var(--paper);stroke:var(--line)}.pattern{stroke-dasharray:4 3}",
  ".ready,.added{stroke:#2da44e}.notReady,.removed{stroke:#cf222e;stroke-width:3}.changed{stroke:#bf8700;stroke-width:3}",
  ".removed{stroke-dasharray:6 4}",
  ".link{fill:none;stroke:var(--line);stroke-width:1.3}.dashed{stroke-dasharray:4 3}",
].join("");

/** A diagram as a picture that browsers show: no script, nothing from elsewhere. */
export function svg(diagram: Diagram): string[] {
  const { height, placed, width } = layout(diagram);
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="Topics and components">`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">' +
    '<path d="M0 0L8 4L0 8z" fill="#8c959f"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="var(--paper)"/>`,
    ...diagram.links.flatMap((link) => linkLines(link, placed)),
    ...[...placed.values()].map(boxLine),
    "</svg>",
  ];
}

function linkLines(
  { from, isDashed, label, to }: DiagramLink,
  placed: ReadonlyMap<string, PlacedNode>,
): string[] {
  const [left, right] = [placed.get(from), placed.get(to)];
  if (left === undefined || right === undefined) return [];
  const [x1, y1] = [left.x + left.width, left.y + left.height / 2];
  const [x2, y2] = [right.x, right.y + right.height / 2];
  const bend = Math.max(30, Math.abs(x2 - x1) / 2);
  const path = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  const words = label === "" ? [] : [
    `<text class="soft" x="${(x1 + x2) / 2}" y="${(y1 + y2) / 2 - 4}" text-anchor="middle">${
      escaped(label)
    }</text>`,
  ];
  const style = isDashed ? "link dashed" : "link";
  return [`<path class="${style}" marker-end="url(#tip)" d="${path}"/>`, ...words];
}

function boxLine({ height, node, width, x, y }: PlacedNode): string {
  const { lines, mesh, shape, state = "", title } = node;
  const radius = shape === "component" ? 6 : height / 2;
  const texts = [title, ...lines].map((line, index) =>
    `<text class="${index === 0 ? "title" : "soft"}" x="12" y="${baseline(index)}">${
      escaped(line)
    }</text>`
  );
  const about = mesh === undefined ? title : `${title}, FunctionMesh ${mesh}`;
  return `<g transform="translate(${x} ${y})"><title>${escaped(about)}</title>` +
    `<rect class="${shape} ${state}" width="${width}" height="${height}" rx="${radius}"/>` +
    `${texts.join("")}</g>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
