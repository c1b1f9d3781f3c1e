import type { Diagram, DiagramNode } from "./diagram.ts";

/** Signs of Mermaid, Markdown and HTML: each as its number, so that none means anything. */
const SIGNS = /[^\p{L}\p{N} .,:/_()~*?+=!●○…�-]/gu;

/**
 * A diagram for Mermaid, which Git services draw in Markdown.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mermaid } from "#topology";
 * const nodes = [
 *   { key: "c0", shape: "component", title: "a", lines: ["Sink 1 pod"] },
 *   { key: "t0", shape: "topic", title: 'x"]', lines: [] },
 * ] as const;
 * assertEquals(mermaid({ nodes, links: [{ from: "t0", to: "c0", label: "", isDashed: false }] }), [
 *   "flowchart LR",
 *   '  c0["a<br/>Sink 1 pod"]',
 *   '  t0(["x#34;#93;"])',
 *   "  t0 --> c0",
 * ]);
 * ```
 */
export function mermaid({ links, nodes }: Diagram): string[] {
  const meshes = Map.groupBy(nodes, ({ mesh }) => mesh);
  const states = Map.groupBy(nodes, ({ state }) => state);
  const groups = [...meshes].flatMap(([mesh, members], index) => {
    const lines = members.map((node) => `  ${mermaidNode(node)}`);
    if (mesh === undefined) return lines;
    const indented = lines.map((line) => `  ${line}`);
    return [`  subgraph m${index}["FunctionMesh ${mermaidText(mesh)}"]`, ...indented, "  end"];
  });
  return [
    "flowchart LR",
    ...groups,
    ...links.map(({ from, isDashed, label, to }) => {
      const arrow = isDashed ? "-.->" : "-->";
      return `  ${from} ${arrow}${label === "" ? "" : `|"${mermaidText(label)}"|`} ${to}`;
    }),
    ...[...states].flatMap(([state, members]) =>
      state === undefined ? [] : [
        `  classDef ${state} ${MERMAID_STYLES[state]}`,
        `  class ${members.map(({ key }) => key).join(",")} ${state}`,
      ]
    ),
  ];
}

/** Strokes only, so that text stays readable in the light and in the dark. */
const MERMAID_STYLES = {
  ready: "stroke:#2da44e,stroke-width:2px",
  notReady: "stroke:#cf222e,stroke-width:3px",
  added: "stroke:#2da44e,stroke-width:3px",
  changed: "stroke:#bf8700,stroke-width:3px",
  removed: "stroke:#cf222e,stroke-width:3px,stroke-dasharray:5 5",
} as const satisfies Record<NonNullable<DiagramNode["state"]>, string>;

const MERMAID_SHAPES = {
  component: ['["', '"]'],
  topic: ['(["', '"])'],
  pattern: ['{{"', '"}}'],
} as const satisfies Record<DiagramNode["shape"], readonly [string, string]>;

function mermaidNode({ key, lines, shape, title }: DiagramNode): string {
  const [open, close] = MERMAID_SHAPES[shape];
  return `${key}${open}${[title, ...lines].map(mermaidText).join("<br/>")}${close}`;
}

function mermaidText(text: string): string {
  return text.replaceAll(SIGNS, (sign) => `#${sign.codePointAt(0)};`);
}

/** A diagram for Graphviz. */
export function dot({ links, nodes }: Diagram): string[] {
  const meshes = Map.groupBy(nodes, ({ mesh }) => mesh);
  const groups = [...meshes].flatMap(([mesh, members], index) => {
    const lines = members.map((node) => `  ${dotNode(node)}`);
    if (mesh === undefined) return lines;
    const label = dotText([`FunctionMesh ${mesh}`]);
    return [`  subgraph cluster_${index} {`, `    label=${label};`, ...lines, "  }"];
  });
  return [
    "digraph mesh {",
    '  rankdir=LR; node [fontname="sans-serif"]; edge [fontname="sans-serif", fontsize=10];',
    ...groups,
    ...links.map(({ from, isDashed, label, to }) => {
      const style = isDashed ? ", style=dashed" : "";
      return `  ${from} -> ${to} [label=${dotText([label])}${style}];`;
    }),
    "}",
  ];
}

const DOT_SHAPES = {
  component: "box",
  topic: "cds",
  pattern: "hexagon",
} as const satisfies Record<DiagramNode["shape"], string>;

const DOT_COLORS = {
  ready: "#2da44e",
  notReady: "#cf222e",
  added: "#2da44e",
  changed: "#bf8700",
  removed: "#cf222e",
} as const satisfies Record<NonNullable<DiagramNode["state"]>, string>;

function dotNode({ key, lines, shape, state, title }: DiagramNode): string {
  const color = state === undefined ? "" : `, color="${DOT_COLORS[state]}"`;
  return `${key} [shape=${DOT_SHAPES[shape]}, label=${dotText([title, ...lines])}${color}];`;
}

/** A quoted text: only quotes and backslashes mean something in it. */
function dotText(lines: readonly string[]): string {
  return `"${lines.map((line) => line.replaceAll(/["\\]/g, "\\$&")).join("\\n")}"`;
}
