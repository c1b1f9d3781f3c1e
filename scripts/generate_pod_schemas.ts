// deno-lint-ignore-file no-console -- a program of the command line
/**
 * Writes `src/api/kubernetes_types.ts` anew: the members of the Kubernetes types that our kinds embed, as the API server
 * of the test control plane publishes them. `deno task pod-schemas` runs it against one.
 *
 * @module
 */
/** Where the types lie. */
export const TYPES_FILE = new URL("../src/api/kubernetes_types.ts", import.meta.url);

/** The types that our kinds embed; what these are made of comes along. */
const EMBEDDED_TYPES: Readonly<Record<string, readonly string[]>> = {
  "core.v1": [
    "Affinity",
    "Container",
    "EnvVar",
    "LocalObjectReference",
    "PersistentVolumeClaim",
    "PodSecurityContext",
    "Probe",
    "ResourceClaim",
    "Toleration",
    "Volume",
    "VolumeMount",
  ],
  "autoscaling.v2": ["HorizontalPodAutoscalerBehavior", "MetricSpec"],
};

/** What the API server publishes, by group and version. */
const DOCUMENTS = ["api/v1", "apis/autoscaling/v2"];
const REFERENCE = "#/components/schemas/";

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

type Schemas = ReadonlyMap<string, Schema>;

/** Types that are one value, by the end of their name. */
const VALUES: Readonly<Record<string, string>> = {
  FieldsV1: "any",
  IntOrString: "int or string",
  MicroTime: "time",
  Quantity: "quantity",
  Time: "time",
};

/**
 * The text of the generated file.
 *
 * @param raw answers a path of the API server, e.g. `/openapi/v3/api/v1`
 */
export async function kubernetesTypesText(raw: (path: string) => Promise<string>): Promise<string> {
  const { major, minor } = JSON.parse(await raw("/version"));
  const documents = await Promise.all(DOCUMENTS.map((path) => raw(`/openapi/v3/${path}`)));
  const schemas = new Map(
    documents.flatMap((text) => Object.entries<Schema>(JSON.parse(text).components.schemas)),
  );
  const lines = [...reachable(schemas)].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, schema]) => `  ${name}: ${membersText(schema, schemas)},`);
  return [
    "// deno-fmt-ignore-file -- made by scripts/generate_pod_schemas.ts: do not edit, run `deno task pod-schemas`",
    "",
    "/** The version of Kubernetes whose types these are. */",
    `export const KUBERNETES_VERSION = ${JSON.stringify(`${major}.${minor}`)};`,
    "",
    "/**",
    " * Members of the Kubernetes types that our kinds embed, in short words: `name!` is required, `[X]` is a list, `{X}` a",
    " * map, `[X] by a` a list in which each `a` is there once.",
    " */",
    "export const KUBERNETES_TYPES = {",
    ...lines,
    "} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;",
    "",
  ].join("\n");
}

/** The embedded types and all that they are made of, by short name. */
function reachable(schemas: Schemas): ReadonlyMap<string, Schema> {
  const found = new Map<string, Schema>();
  const origins = new Map<string, string>();
  const add = (full: string): void => {
    const name = shortName(full);
    if (VALUES[name] !== undefined || origins.get(name) === full) return;
    if (origins.has(name)) throw new Error(`Cannot name ${full}: ${name} is ${origins.get(name)}`);
    const schema = schemas.get(full);
    if (schema === undefined) {
      throw new Error(`Cannot find ${full}: the API server has no such type`);
    }
    origins.set(name, full);
    found.set(name, schema);
    Object.values(schema.properties ?? {}).forEach((member) => referenced(member).forEach(add));
  };
  Object.entries(EMBEDDED_TYPES).forEach(([group, names]) =>
    names.forEach((name) => add(`io.k8s.api.${group}.${name}`))
  );
  return found;
}

function referenced(schema: Schema): string[] {
  const { $ref, allOf = [], items, additionalProperties } = schema;
  const parts = [...allOf, items, additionalProperties].filter((part) => part !== undefined);
  return [
    ...($ref === undefined ? [] : [$ref.slice(REFERENCE.length)]),
    ...parts.flatMap(referenced),
  ];
}

function membersText(schema: Schema, schemas: Schemas): string {
  const required = new Set(schema.required);
  const members = Object.entries(schema.properties ?? {}).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, member]) => {
      const key = required.has(name) ? JSON.stringify(`${name}!`) : name;
      return `${key}: ${JSON.stringify(typeText(member, schemas))}`;
    });
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

function typeText(schema: Schema, schemas: Schemas): string {
  const [full] = schema.type === undefined ? referenced(schema) : [];
  if (full !== undefined) return VALUES[shortName(full)] ?? shortName(full);
  switch (schema.type) {
    case "array":
      return `[${typeText(schema.items ?? {}, schemas)}]${uniqueText(schema, schemas)}`;
    case "object":
      return schema.additionalProperties === undefined
        ? "any"
        : `{${typeText(schema.additionalProperties, schemas)}}`;
    case "integer":
      return schema.format === "int32" ? "int32" : "int64";
    case "string":
      // An empty word is what its absence is, for every one of them.
      return schema.enum === undefined
        ? "string"
        : `one of ${schema.enum.filter((word) => word !== "").join(", ")}`;
    case "boolean":
      return "boolean";
    default:
      throw new Error(
        `Cannot put a schema in short words: ${JSON.stringify(schema).slice(0, 200)}`,
      );
  }
}

/** What an item of a list is known by: an API server takes each once, with defaults in place. */
function uniqueText(schema: Schema, schemas: Schemas): string {
  if (schema["x-kubernetes-list-type"] !== "map") return "";
  const [item = ""] = referenced(schema);
  const properties = schemas.get(item)?.properties ?? {};
  const keys = (schema["x-kubernetes-list-map-keys"] ?? []).map((key) => {
    const standard = properties[key]?.default;
    return standard === undefined || standard === "" || standard === 0 ? key : `${key}=${standard}`;
  });
  return ` by ${keys.join(", ")}`;
}

function shortName(full: string): string {
  return full.slice(full.lastIndexOf(".") + 1);
}

async function kubectlRaw(path: string): Promise<string> {
  const command = new Deno.Command("kubectl", { args: ["get", "--raw", path], stderr: "inherit" });
  const { success, stdout } = await command.output();
  if (!success) throw new Error(`Cannot read ${path} from the API server`);
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  await Deno.writeTextFile(TYPES_FILE, await kubernetesTypesText(kubectlRaw));
  console.log("wrote src/api/kubernetes_types.ts");
}
