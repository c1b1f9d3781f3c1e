/** How a quantity of Kubernetes is written. */
export const QUANTITY_PATTERN =
  "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";

/** A fact in CEL that the API server checks. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
}

/** The subset of OpenAPI v3 that a CustomResourceDefinition may hold and that our schemas use. */
export interface StructuralSchema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly anyOf?: readonly StructuralSchema[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  /** Whose type it is, where it is none of ours: `Kubernetes 1.36`. Not for definitions. */
  readonly origin?: string;
  /** Members of a list's items that no two of them share, with what their absence stands for. Not for definitions. */
  readonly uniqueBy?: readonly (readonly [name: string, standard: string])[];
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-list-type"?: "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}
