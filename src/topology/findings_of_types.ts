import type { FindingAt, FindingCode } from "./finding.ts";
import type { Flow } from "./flow.ts";
import type { Edge } from "./topology.ts";

/** What messages are, as both sides of a topic say it. */
const ASPECTS = [
  { code: "TypeMismatch", what: "the class", value: ({ type }: Edge) => meaningfulType(type) },
  { code: "SchemaMismatch", what: "the schema", value: ({ schema }: Edge) => schemaOf(schema) },
  { code: "SchemaMismatch", what: "the SerDe", value: ({ serde }: Edge) => serde },
] as const satisfies readonly {
  readonly code: FindingCode;
  readonly what: string;
  readonly value: (edge: Edge) => string | undefined;
}[];

/** Bytes fit everything, and these take every structure. */
const OPEN_TYPES: ReadonlySet<string> = new Set([
  "[B",
  "byte[]",
  "java.lang.Object",
  "java.nio.ByteBuffer",
  "org.apache.pulsar.client.api.schema.GenericObject",
  "org.apache.pulsar.client.api.schema.GenericRecord",
  "org.apache.pulsar.functions.api.Record",
]);
/** Schemas that take what there is. */
const OPEN_SCHEMAS: ReadonlySet<string> = new Set(["", "auto", "auto_consume", "auto_publish"]);

/** Producers and consumers of a topic that do not mean the same messages. Only what both say is compared. */
export function typeFindings(flow: Flow): FindingAt[] {
  const found: FindingAt[] = [];
  for (const [topic, writers] of flow.writers) {
    const outputs = writers.filter(({ role }) => role === "output");
    const readers = [topic, ...flow.patternsOf.get(topic) ?? []]
      .flatMap((place) => flow.readers.get(place) ?? []);
    for (const { code, value, what } of ASPECTS) {
      const first = outputs.find((edge) => value(edge) !== undefined);
      if (first === undefined) continue;
      const wanted = value(first);
      for (const edge of [...outputs, ...readers]) {
        const own = value(edge);
        if (edge === first || own === undefined || own === wanted) continue;
        const verb = edge.role === "output" ? "writes" : "reads";
        found.push({
          component: edge.component,
          draft: {
            code,
            path: edge.path,
            message: `${what} of what it ${verb} on ${flow.topics.get(topic)?.label ?? ""} is ` +
              `${own}, and ${first.component} writes ${wanted}`,
            remedy: "make both say the same",
          },
        });
      }
    }
  }
  return found;
}

function meaningfulType(type: string | undefined): string | undefined {
  return type === undefined || OPEN_TYPES.has(type) ? undefined : type;
}

/** Names of built-in schemas are read in any case; a class is one as it is. */
function schemaOf(schema: string | undefined): string | undefined {
  const name = schema === undefined || schema.includes(".") ? schema : schema.toLowerCase();
  return name === undefined || OPEN_SCHEMAS.has(name) ? undefined : name;
}
