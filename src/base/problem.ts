/** Something wrong with a resource that its author can mend. */
export interface Problem {
  /** Dotted path of the field, e.g. `spec.java.jarLocation` or `spec.functions[2].name`; `metadata.name` for the name. */
  readonly path: string;
  /** What is wrong (with the value), and what to do. No full stop, never a secret value. */
  readonly message: string;
}
