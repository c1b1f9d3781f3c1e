// deno-lint-ignore-file no-console -- a program of the command line
/**
 * Writes `docs/resources.md`, every field of every kind, from the schemas in `src/api`.
 *
 * @module
 */
import type { MeshKind } from "#api";
import { DEFINITIONS } from "../src/api/definition.ts";
import type { StructuralSchema } from "../src/api/open_api.ts";
import { structuralSchema } from "../src/api/structural_schema.ts";

/** The page that it writes. */
export const RESOURCES_PAGE = new URL("../docs/resources.md", import.meta.url);

/** Kinds in the order of the page, each with what a reader should know first, and its example in `docs/examples/`. */
const KINDS = [
  {
    kind: "Function",
    text: "Reads topics, runs a function for each message, and may write another topic.",
    example: "function.yaml",
  },
  {
    kind: "Source",
    text: "Brings messages from somewhere else to a topic.",
    example: "source.yaml",
  },
  {
    kind: "Sink",
    text: "Brings messages of topics somewhere else.",
    example: "sink.yaml",
  },
  {
    kind: "FunctionMesh",
    text:
      "Functions, Sources and Sinks that are kept together. An item has the fields of its kind, " +
      "and a `name` besides.",
    example: "function_mesh.yaml",
  },
  {
    kind: "BackendConfig",
    text:
      "Settings for the pods of all components of a namespace, or of the cluster; a component's " +
      "own settings win. [command-line.md](command-line.md) has the flags that name it.",
    example: "backend_config.yaml",
  },
  {
    kind: "MeshSync",
    text:
      "A folder of a Git repository that is kept in the cluster; [gitops.md](gitops.md) says how.",
    example: "mesh_sync.yaml",
  },
] as const satisfies readonly { kind: MeshKind; text: string; example: string }[];

/** Components share these: what a schema says of them is told once. */
const COMPONENTS: readonly MeshKind[] = ["Function", "Source", "Sink"];

interface Field {
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly text: string;
}

function typeText(schema: StructuralSchema): string {
  if (schema["x-kubernetes-int-or-string"] === true) return "integer or string";
  if (schema.type === "array") return `list of ${schema.items ? typeText(schema.items) : "values"}`;
  if (schema.type === "object" && schema.additionalProperties !== undefined) {
    return `map of ${typeText(schema.additionalProperties)}`;
  }
  return schema.type ?? "any";
}

/** What a schema says of a value besides its type. */
function valueText(schema: StructuralSchema): string {
  const { description = "", maxItems, minimum } = schema;
  const said = [
    description,
    ...(schema.enum === undefined
      ? []
      : [`one of ${schema.enum.map((one) => `\`${one}\``).join(", ")}`]),
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
    ...(schema.default === undefined || /default/.test(description)
      ? []
      : [`default \`${JSON.stringify(schema.default)}\``]),
  ];
  return said.filter((one) => one !== "").join("; ");
}

/** The fields below a schema, in the order of their paths. What is a type of Kubernetes' own is not gone into. */
function fieldsOf(schema: StructuralSchema, above = ""): Field[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).sort(([a], [b]) => a < b ? -1 : 1)
    .flatMap(([name, member]) => {
      const path = `${above}${name}`;
      const isRequired = required.has(name);
      return [
        { path, type: typeText(member), isRequired, text: valueText(member) },
        ...below(member, path),
      ];
    });
}

function below(schema: StructuralSchema, path: string): Field[] {
  if (schema.origin !== undefined) return [];
  if (schema.items !== undefined) return below(schema.items, `${path}[]`);
  if (schema.additionalProperties !== undefined) {
    return below(schema.additionalProperties, `${path}.*`);
  }
  return fieldsOf(schema, `${path}.`);
}

function specFields(kind: MeshKind): Field[] {
  const options = { descriptions: true, embedded: "checked" } as const;
  const fields = fieldsOf(structuralSchema(DEFINITIONS[kind].spec, options));
  return kind === "FunctionMesh" ? fields.filter(({ path }) => !path.includes("[")) : fields;
}

function table(fields: readonly Field[]): string {
  const rows = fields.map(({ isRequired, path, text, type }) =>
    `| \`${path}\`${isRequired ? " *" : ""} | ${type} | ${text.replaceAll("|", "\\|")} |`
  );
  return ["| field of `spec` | type | what it is |", "| --- | --- | --- |", ...rows].join("\n");
}

function isAmong(fields: readonly Field[]): (field: Field) => boolean {
  return ({ path, text, type }) =>
    fields.some((other) => other.path === path && other.type === type && other.text === text);
}

/** The text of the page. */
export async function resourcesPage(): Promise<string> {
  const shared = COMPONENTS.map(specFields).reduce((all, some) => all.filter(isAmong(some)));
  const isShared = isAmong(shared);
  const chapters = await Promise.all(KINDS.map(async ({ example, kind, text }) => {
    const isComponent = COMPONENTS.includes(kind);
    const yaml = await Deno.readTextFile(new URL(`../docs/examples/${example}`, import.meta.url));
    const own = specFields(kind).filter((field) => !(isComponent && isShared(field)));
    const more = isComponent
      ? "Besides the fields of [every component](#function-source-and-sink):\n\n"
      : "";
    return `## ${kind}\n\n${text}\n\n\`\`\`yaml\n${yaml}\`\`\`\n\n${more}${table(own)}`;
  }));
  const last = `## Function, Source and Sink\n\nWhat all three have.\n\n${table(shared)}`;
  return `${[HEAD, ...chapters, last].join("\n\n")}\n`;
}

const HEAD = `# Every field of every kind

<!-- Made by scripts/generate_resources_page.ts from src/api. Do not edit: run \`deno task resources-page\`. -->

\`*\` marks what has to be there. \`[]\` stands for each item of a list, \`.*\` for each value of a map. Types
of Kubernetes' own are named (\`core/v1 …\`), and are what they are in a pod. \`meshwright validate\` checks all
of it, and names file and line. What statuses say is in [operations.md](operations.md).`;

if (import.meta.main) {
  await Deno.writeTextFile(RESOURCES_PAGE, await resourcesPage());
  console.log("wrote docs/resources.md");
}
