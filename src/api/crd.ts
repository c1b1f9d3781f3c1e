import { groupOf, type KubeObject } from "#base";
import { DEFINITIONS } from "./definition.ts";
import { type MeshKind, type MeshResourceType, RESOURCES } from "./resources.ts";
import type { StructuralSchema, ValidationRule } from "./open_api.ts";
import { structuralSchema } from "./structural_schema.ts";

/** A column of `kubectl get`. */
interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  /** 1 shows the column with `-o wide` only. */
  readonly priority?: 1;
}

/** The category of all our kinds: `kubectl get mesh`. */
const CATEGORY = "mesh";

/** A mesh holds all that it embeds three times: enough to name what is mostly wrong, e.g. `env[0].value`. */
const MESH_DEPTH = 1;

/**
 * The CustomResourceDefinitions of all our kinds, made from the same schemas as the types, sorted by name.
 *
 * Fields, types, words and defaults are those of the reference. Embedded Kubernetes types have
 * the members that the Kubernetes version of `kubernetes_types.ts` gives them: others are dropped, as in the reference,
 * and `kubectl` names them. A mesh says only the upper levels of them (599 KB in the reference, all of it). CEL states what is cheap, and what the reference refuses to create as well, so that these are
 * refused while no webhook is there to say it better; for the rest there is `problems()`. Of a mesh that is only that
 * its items have names: measured on Kubernetes 1.36, one look at each item of a list without limit is within the cost
 * budget of an API server, and comparing their names is three times over it for lists of ten.
 */
export function customResourceDefinitions(): KubeObject[] {
  return RESOURCES.map(definitionOf).sort((a, b) => a.metadata.name < b.metadata.name ? -1 : 1);
}

/** The names of these definitions, in the same order. */
export function definitionNames(): string[] {
  return RESOURCES.map(definitionName).sort();
}

function definitionName({ apiVersion, plural }: MeshResourceType): string {
  return `${plural}.${groupOf(apiVersion)}`;
}

function definitionOf(resource: MeshResourceType): KubeObject {
  const group = groupOf(resource.apiVersion);
  const { kind, plural, singular, shortNames } = resource;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: definitionName(resource) },
    spec: {
      group,
      names: {
        categories: [CATEGORY],
        kind,
        listKind: `${kind}List`,
        plural,
        shortNames,
        singular,
      },
      scope: resource.namespaced ? "Namespaced" : "Cluster",
      versions: [{
        additionalPrinterColumns: columnsOf(kind),
        name: resource.apiVersion.slice(group.length + 1),
        schema: { openAPIV3Schema: rootSchema(kind) },
        served: true,
        storage: true,
        subresources: subresourcesOf(kind),
      }],
    },
  };
}

function rootSchema(kind: MeshKind): StructuralSchema {
  const { spec, status } = DEFINITIONS[kind];
  // A mesh repeats the specs of all three components: their descriptions are in their own definitions.
  const isMesh = kind === "FunctionMesh";
  const options = {
    descriptions: !isMesh,
    embedded: { depth: isMesh ? MESH_DEPTH : Infinity },
  };
  return {
    type: "object",
    ...(kind === "MeshSync" ? { required: ["spec"] } : {}),
    // As in the reference, where a webhook cleans the other kinds and this one keeps what it is given.
    ...(kind === "BackendConfig" ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: { ...structuralSchema(spec, options), ...validationsOf(kind) },
      status: structuralSchema(status, options),
    },
  };
}

function subresourcesOf(kind: MeshKind): Record<string, unknown> {
  if (!isScalable(kind)) return { status: {} };
  return {
    scale: {
      labelSelectorPath: ".status.selector",
      specReplicasPath: ".spec.replicas",
      statusReplicasPath: ".status.replicas",
    },
    status: {},
  };
}

function isScalable(kind: MeshKind): boolean {
  return kind === "Function" || kind === "Source" || kind === "Sink";
}

/** A fact in CEL about a spec, `self`. */
interface Fact extends ValidationRule {
  /** The member of the spec that is to blame; the spec itself when left out. */
  readonly fieldPath?: string;
  readonly reason?: "FieldValueRequired";
}

/** A fact that may also look at what is stored, `oldSelf`, which is none for what is created. */
interface RatchetedFact extends Fact {
  readonly optionalOldSelf: true;
}

/**
 * A rule that refuses only who breaks it: a stored resource that is broken already can be mended step by step (W-2),
 * which an API server would otherwise allow only where the whole spec stays as it is.
 */
function ratcheted(fact: Fact): RatchetedFact {
  const before = fact.rule.replaceAll(/\bself\b/g, "oldSelf.value()");
  const rule = `(${fact.rule}) || (oldSelf.hasValue() && !(${before}))`;
  return { ...fact, rule, optionalOldSelf: true };
}

const SCALING: readonly Fact[] = [
  {
    rule: "!has(self.maxReplicas) || !has(self.replicas) || self.replicas <= self.maxReplicas",
    message: "replicas must not be more than maxReplicas",
  },
  {
    rule: "!has(self.maxReplicas) || !has(self.minReplicas) || " +
      "self.minReplicas <= self.maxReplicas",
    message: "minReplicas must not be more than maxReplicas",
  },
  {
    rule: "!has(self.maxReplicas) || !has(self.pod) || !has(self.pod.vpa)",
    message: "scales pods up and maxReplicas scales them out; keep one of them",
    fieldPath: ".pod.vpa",
  },
];

const PULSAR: Fact = required(
  "pulsar.pulsarConfig",
  "is missing; name the ConfigMap that says where Pulsar is",
);

/** A text that must be there, and in what must be there. */
function required(member: string, message: string): Fact {
  const names = member.split(".");
  const places = names.map((_, index) => `has(self.${names.slice(0, index + 1).join(".")})`);
  const rule = names.length === 1
    ? places.join(" && ")
    : [...places, `self.${member} != ''`].join(" && ");
  return { rule, message, fieldPath: `.${member}`, reason: "FieldValueRequired" };
}

const FACTS: Partial<Record<MeshKind, readonly Fact[]>> = {
  Function: [
    ...SCALING,
    PULSAR,
    {
      rule: "has(self.java) || has(self.python) || has(self.golang) || has(self.genericRuntime)",
      message: "names no runtime; give one of java, python, golang or genericRuntime",
    },
    {
      rule: "[has(self.java), has(self.python), has(self.golang)].filter(given, given).size() <= 1",
      message: "only one of java, python and golang may be given",
    },
    {
      rule: "!(has(self.retainOrdering) && self.retainOrdering && " +
        "has(self.retainKeyOrdering) && self.retainKeyOrdering)",
      message: "only one of retainOrdering and retainKeyOrdering may be set",
    },
  ],
  Source: [
    ...SCALING,
    PULSAR,
    required("sourceConfig", "is missing; give the connector's configuration, {} for none"),
    required("java", "is missing; a Source runs on Java, name its archive in java.jar"),
  ],
  Sink: [
    ...SCALING,
    PULSAR,
    required("sinkConfig", "is missing; give the connector's configuration, {} for none"),
    required("java", "is missing; a Sink runs on Java, name its archive in java.jar"),
  ],
  FunctionMesh: (["functions", "sources", "sinks"] as const).map((list) => ({
    rule: `!has(self.${list}) || self.${list}.all(item, has(item.name) && item.name != '')`,
    message: "has an item without a name; name each component",
    fieldPath: `.${list}`,
  })),
  MeshSync: [{
    rule: "!has(self.ref) || [has(self.ref.branch), has(self.ref.tag), has(self.ref.semver), " +
      "has(self.ref.commit)].filter(given, given).size() <= 1",
    message: "only one of ref.branch, ref.tag, ref.semver and ref.commit may be given",
  }],
};

function validationsOf(kind: MeshKind): { "x-kubernetes-validations"?: readonly ValidationRule[] } {
  const facts = FACTS[kind];
  return facts === undefined ? {} : { "x-kubernetes-validations": facts.map(ratcheted) };
}

function columnsOf(kind: MeshKind): readonly PrinterColumn[] {
  switch (kind) {
    case "Function":
    case "Source":
    case "Sink":
      return [
        condition("Ready", "status"),
        { name: "Replicas", type: "integer", jsonPath: ".status.replicas" },
        { name: "Available", type: "integer", jsonPath: ".status.readyReplicas" },
        condition("Reason", "reason"),
        AGE,
        { ...condition("Message", "message"), priority: 1 },
        ...(kind === "Source" ? [] : [WANTED]),
        ...RUNTIME_COLUMNS.filter(({ name }) => name !== "Backlog" || kind !== "Source"),
        { name: "Image", type: "string", jsonPath: ".spec.image", priority: 1 },
      ];
    case "FunctionMesh":
      return [
        condition("Ready", "status"),
        { name: "Components", type: "string", jsonPath: ".status.ready" },
        condition("Reason", "reason"),
        AGE,
        { ...condition("Message", "message"), priority: 1 },
      ];
    case "MeshSync":
      return [
        condition("Ready", "status"),
        { name: "Revision", type: "string", jsonPath: ".status.lastAppliedRevision" },
        condition("Reason", "reason"),
        AGE,
        { name: "Url", type: "string", jsonPath: ".spec.url", priority: 1 },
        { ...condition("Message", "message"), priority: 1 },
      ];
    case "BackendConfig":
      return [
        { name: "AutoUpdate", type: "string", jsonPath: ".spec.autoUpdate" },
        AGE,
      ];
  }
}

const RUNTIME_COLUMNS: readonly PrinterColumn[] = ["Processed", "Exceptions", "Backlog"].map((
  name,
) => ({ name, type: "integer", jsonPath: `.status.runtime.${name.toLowerCase()}`, priority: 1 }));

const WANTED: PrinterColumn = {
  name: "Wanted",
  type: "integer",
  jsonPath: ".status.scaling.wanted",
  priority: 1,
};

const AGE: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

function condition(name: string, member: string): PrinterColumn {
  return { name, type: "string", jsonPath: `.status.conditions[?(@.type=="Ready")].${member}` };
}
