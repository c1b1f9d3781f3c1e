import { groupOf, type KubeObject } from "#base";
import { DEFINITIONS } from "./definition.ts";
import { type MeshKind, type MeshResourceType, RESOURCES } from "./resources.ts";
import {
  type StructuralSchema,
  structuralSchema,
  type ValidationRule,
} from "./structural_schema.ts";

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

/**
 * The CustomResourceDefinitions of all our kinds, made from the same schemas as the types, sorted by name.
 *
 * Fields, types, words and defaults are those of the reference (api.md Parts 1 and 2). Embedded Kubernetes types are
 * plain objects, which keeps the mesh below 100 KB (599 KB in the reference) and lets fields of newer Kubernetes
 * versions through. CEL states only facts that are cheap and that no stored resource of the reference can break
 * without being broken; a mesh's items are checked by `problems()` alone, as a rule in a list without limit would
 * exceed the API server's cost budget.
 */
export function customResourceDefinitions(): KubeObject[] {
  return RESOURCES.map(definitionOf).sort((a, b) => a.metadata.name < b.metadata.name ? -1 : 1);
}

function definitionOf(resource: MeshResourceType): KubeObject {
  const group = groupOf(resource.apiVersion);
  const { kind, plural, singular, shortNames } = resource;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
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
  const descriptions = kind !== "FunctionMesh";
  const validations = RULES[kind] === undefined ? {} : { "x-kubernetes-validations": RULES[kind] };
  return {
    type: "object",
    ...(kind === "MeshSync" ? { required: ["spec"] } : {}),
    // As in the reference, where a webhook cleans the other kinds and this one keeps what it is given.
    ...(kind === "BackendConfig" ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: { ...structuralSchema(spec, { descriptions }), ...validations },
      status: structuralSchema(status, { descriptions }),
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

const SCALING_RULE: ValidationRule = {
  rule: "!has(self.maxReplicas) || !has(self.replicas) || self.replicas <= self.maxReplicas",
  message: "replicas must not be more than maxReplicas",
};

const RULES: Partial<Record<MeshKind, readonly ValidationRule[]>> = {
  Function: [
    SCALING_RULE,
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
  Source: [SCALING_RULE],
  Sink: [SCALING_RULE],
  MeshSync: [{
    rule: "!has(self.ref) || [has(self.ref.branch), has(self.ref.tag), has(self.ref.semver), " +
      "has(self.ref.commit)].filter(given, given).size() <= 1",
    message: "only one of ref.branch, ref.tag, ref.semver and ref.commit may be given",
  }],
};

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

const AGE: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

function condition(name: string, member: string): PrinterColumn {
  return { name, type: "string", jsonPath: `.status.conditions[?(@.type=="Ready")].${member}` };
}
