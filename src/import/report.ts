import type { ImportedComponent, Unread } from "./imported.ts";
import type { ImportedMesh } from "./mesh_groups.ts";
import { qualifiedName } from "./names.ts";
import { type NoteKind, shown } from "./notes.ts";
import type { ImportOptions } from "./shared_spec.ts";

/** Name of the report in the folder. */
export const REPORT_FILE = "IMPORT.md";

/** What the report tells. */
interface ReportInput {
  readonly components: readonly ImportedComponent[];
  readonly meshes: readonly ImportedMesh[];
  readonly unread: readonly Unread[];
  readonly options: ImportOptions;
}

const SECTIONS: readonly (readonly [NoteKind, string, string])[] = [
  ["task", "To do before it runs", "Each of these keeps a component from running as it did."],
  ["unsaid", "What a manifest cannot say", "Each of these is missing in the manifests."],
  ["remark", "Worth a look", "Each of these is in the manifests, or is about what comes next."],
];

/** The report: all that the manifests do not say themselves. No value that looks like a credential is in it. */
export function reportText(input: ReportInput): { readonly name: string; readonly text: string } {
  const { components, unread } = input;
  const text = [
    "# Import",
    "",
    "Written by `meshwright import`. The manifests beside this file run what the functions worker runs now, once what",
    "stands under «To do before it runs» is done. How to cut over, and back: `docs/from-pulsar-admin.md`.",
    "",
    "## Imported",
    "",
    ...rows(input),
    ...section("Not imported", "These could not be read.", unread.map(unreadLine)),
    ...SECTIONS.flatMap(([kind, title, intro]) =>
      section(title, intro, components.flatMap((component) => noteLines(component, kind)))
    ),
    ...section(
      "Secrets to make",
      "In the namespace of the resources; without them no pod starts.",
      [
        ...secretLines(components),
      ],
    ),
    ...section("What no worker tells", "Look for these where the functions were created.", [
      "- No answer of the admin API holds `skipToLatest`, `maxPendingAsyncRequests`, `exposePulsarAdminClientEnabled` or the",
      "  `consumerProperties` of inputs (Pulsar 4.0.8 answers `{}` for those).",
      "- A `resources.disk` of 10 GiB is what Pulsar fills in where nobody asked: it is passed over.",
      `- How instances log in at Pulsar: ${
        input.options.authSecret === undefined
          ? "no manifest names a Secret for that (`--auth-secret`)."
          : "by the Secret that the manifests name."
      }`,
    ]),
  ];
  return { name: REPORT_FILE, text: `${text.join("\n").trimEnd()}\n` };
}

function rows({ components, meshes }: ReportInput): string[] {
  if (components.length === 0) return ["Nothing was found.", ""];
  const meshOf = (component: ImportedComponent) =>
    meshes.find(({ members }) => members.includes(component))?.mesh.metadata.name;
  return [
    "| in Pulsar | kind | resource | subscription |",
    "| --- | --- | --- | --- |",
    ...components.map((component) => {
      const { id, resource } = component;
      const mesh = meshOf(component);
      const name = mesh === undefined ? resource.metadata.name : `${mesh}-${id.name} (of ${mesh})`;
      const spec: { readonly subscriptionName?: string; readonly subscriptionPosition?: string } =
        resource.kind === "Source" ? {} : resource.spec;
      const subscription = spec.subscriptionName === undefined
        ? ""
        : `${code(spec.subscriptionName)}, ${spec.subscriptionPosition ?? ""} when it is new`;
      return `| ${code(qualifiedName(id))} | ${resource.kind} | ${name} | ${subscription} |`;
    }),
    "",
  ];
}

function section(title: string, intro: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, "", intro, "", ...lines, ""];
}

function noteLines({ id, notes, resource }: ImportedComponent, kind: NoteKind): string[] {
  const own = notes.notes.filter((note) => note.kind === kind);
  return own.map(({ path, text }) =>
    `- ${resource.kind} ${code(qualifiedName(id))} ${code(path)}: ${text}`
  );
}

function secretLines(components: readonly ImportedComponent[]): string[] {
  const keys = new Map<string, Set<string>>();
  for (const { key, name } of components.flatMap(({ notes }) => notes.secrets)) {
    keys.set(name, (keys.get(name) ?? new Set()).add(key));
  }
  return [...keys].sort(([a], [b]) => a < b ? -1 : 1).map(([name, own]) =>
    `- ${code(name)} with ${[...own].sort().map(code).join(", ")}`
  );
}

function unreadLine({ what, why }: Unread): string {
  return `- ${code(what)}: ${code(why)}`;
}

/** A foreign text as a code span of one line; a bar would end a cell of a table. */
function code(text: string): string {
  return `\`${shown(text).slice(1, -1).replaceAll("|", "\\|")}\``;
}
