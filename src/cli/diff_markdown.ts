import { idText, printableText, withoutValues } from "#base";
import type { Preview } from "#gitops";
import type { PodRestart } from "#plan";
import { changedPart, type Diagram, diagram, findingText, mermaid } from "#topology";
import { actionOf, restartText } from "./diff_changes.ts";
import { changeDiff } from "./diff_text.ts";

/** GitHub takes comments of 65,536 characters; what would be longer leaves out differences. */
const COMMENT_LENGTH_MAX = 60_000;
/** More arrows Git services do not draw. */
const LINKS_MAX = 400;
const FINDINGS_MAX = 20;

/** What is shown. */
export interface MarkdownChanges {
  readonly previews: readonly Preview[];
  readonly restarts: readonly PodRestart[];
}

/** What applying changes, as a comment for a pull request. */
export function markdownChanges({ previews, restarts }: MarkdownChanges): string[] {
  const secrets = [...new Set(previews.flatMap((preview) => preview.secrets ?? []))];
  const changed = previews.map((preview) => ({ preview, lines: changeDiff(preview) }))
    .filter(({ lines }) => lines.length > 0);
  if (changed.length === 0) return ["### Nothing changes", "", ...noteLines(previews, secrets)];
  const head = [
    `### ${counted(changed.length, "object")} ${changed.length === 1 ? "changes" : "change"}`,
    "",
    "| what happens | object |",
    "| --- | --- |",
    ...changed.map(({ preview }) => `| ${actionOf(preview)} | ${code(idText(preview.id))} |`),
    "",
    ...(restarts.length === 0 ? ["No pods restart."] : [
      "Pods restart:",
      "",
      ...restarts.map((restart) => `- ${escaped(restartText(restart))}`),
    ]),
    "",
    ...graphLines(previews, secrets),
    ...noteLines(previews, secrets),
  ].map((line) => withoutValues(line, secrets));
  return [...head, ...diffLines(changed.map(({ lines }) => lines), lengthOf(head))];
}

/** The part of the graph that changes, and what became odd by it. */
function graphLines(previews: readonly Preview[], secrets: readonly string[]): string[] {
  const { added, changes, topology } = changedPart(previews);
  if (changes.size === 0) return [];
  const picture = withoutSecrets(diagram(topology, { changes }), secrets);
  const graph = picture.links.length > LINKS_MAX
    ? [
      `The part of the graph that changes is too large to be drawn here: ${picture.nodes.length}` +
      " boxes. `meshwright graph -o svg` draws it.",
    ]
    : ["```mermaid", ...mermaid(picture), "```"];
  const warnings = added.slice(0, FINDINGS_MAX).map((finding) =>
    `- ${code(`${finding.kind} ${finding.name}`)} ${escaped(findingText(finding))}`
  );
  const more = added.length - warnings.length;
  return [
    ...graph,
    "",
    ...(warnings.length === 0 ? [] : ["**New warnings**", "", ...warnings]),
    ...(more <= 0 ? [] : [`- and ${more} more`]),
    ...(warnings.length === 0 ? [] : [""]),
  ];
}

/** Before anything is escaped, which would hide what a secret is from who looks for it. */
function withoutSecrets({ links, nodes }: Diagram, secrets: readonly string[]): Diagram {
  const masked = (text: string) => withoutValues(text, secrets);
  return {
    nodes: nodes.map((node) => ({
      ...node,
      title: masked(node.title),
      lines: node.lines.map(masked),
    })),
    links: links.map((link) => ({ ...link, label: masked(link.label) })),
  };
}

function noteLines(previews: readonly Preview[], secrets: readonly string[]): string[] {
  const notes = previews.flatMap(({ id, note }) =>
    note === undefined ? [] : [`- ${code(idText(id))} ${escaped(withoutValues(note, secrets))}`]
  );
  return notes.length === 0 ? [] : [...notes, ""];
}

/** The differences, folded, as many as a comment holds. */
function diffLines(diffs: readonly (readonly string[])[], used: number): string[] {
  const shown: string[] = [];
  let left = COMMENT_LENGTH_MAX - used;
  let count = 0;
  for (const lines of diffs) {
    const printable = lines.map(printableText);
    left -= lengthOf(printable);
    if (left < 0) break;
    shown.push(...printable);
    count += 1;
  }
  const rest = diffs.length - count;
  const fence = fenceFor(shown);
  const omitted = rest === 0 ? [] : [
    `${
      counted(rest, "difference")
    } left out, as a comment has its limits: \`meshwright diff\` shows all.`,
  ];
  if (count === 0) return omitted;
  const title = counted(count, "difference");
  return [
    `<details><summary>${title}</summary>`,
    "",
    `${fence}diff`,
    ...shown,
    fence,
    "",
    "</details>",
    ...(omitted.length === 0 ? [] : ["", ...omitted]),
  ];
}

/** A fence that no line ends. */
function fenceFor(lines: readonly string[]): string {
  const longest = lines.flatMap((line) => line.match(/`+/g) ?? [])
    .reduce((most, run) => Math.max(most, run.length), 2);
  return "`".repeat(longest + 1);
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

/** A word as it is, in a table too. */
function code(text: string): string {
  return `\`${printableText(text).replaceAll("`", "'").replaceAll("|", "¦")}\``;
}

/** A sentence in which nothing means anything to Markdown or HTML. */
function escaped(text: string): string {
  return printableText(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]|#~@]/g, "\\$&");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
