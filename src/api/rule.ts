import { type Problem, shortText } from "#base";

/** Choices that a caller of `problems()` has. */
export interface RuleOptions {
  /**
   * Whether `replicas: 0` is taken (default "allow", W-40). The reference refuses it when a resource is created, at
   * `spec.minReplicas`; with "refuse" so do we.
   */
  readonly zeroReplicas?: "allow" | "refuse";
  /** Whether a MeshSync may name a `file:` repository (default "refuse"): only one made from flags may. */
  readonly fileUrls?: "allow" | "refuse";
  /**
   * The namespace of the platform's MeshSyncs: all others are tenants' and may name no namespace but their own. Without
   * it a MeshSync may name any.
   */
  readonly platformNamespace?: string;
  /**
   * Whether members that no schema knows are warnings (default "warn": the API server drops them and goes on, and so
   * does the reference) or problems ("refuse": for files, where they are mostly typing errors).
   */
  readonly unknownMembers?: "warn" | "refuse";
}

/** One finding at `spec.<member>`. */
export function at(member: string, message: string): Problem {
  return { path: `spec.${member}`, message };
}

/** A finding where a condition holds, as a list to spread. */
export function when(wrong: boolean, problem: Problem): readonly Problem[] {
  return wrong ? [problem] : [];
}

/** Longest text that a finding repeats: enough to know it again, and no megabyte in a status. */
const QUOTED_LENGTH_MAX = 120;

/** What was given, as a finding repeats it: in quotes, shortened. */
export function quoted(given: unknown): string {
  const text = typeof given === "string" ? shortText(given, QUOTED_LENGTH_MAX) : given;
  return JSON.stringify(text) ?? "nothing";
}
