import { printableText, shortText } from "#base";
import type { ComponentSource } from "./component_node.ts";

/** What can be said of a topology. Codes are CamelCase words, as reasons of conditions are. */
export type FindingCode =
  | "SharedSubscription"
  | "OrderingOnSharedSubscription"
  | "EndlessCycle"
  | "ReadsOwnOutput"
  | "PatternReadsOwnOutput"
  | "TypeMismatch"
  | "SchemaMismatch"
  | "OutputUnread"
  | "InputUnwritten"
  | "DeadLetterWithoutRetries"
  | "ResourceNameCollision"
  | "PulsarNameCollision"
  | "PulsarConfigDiffers";

/** `warning`: nobody can mean it. `information`: others, whom this does not see, may make it right. */
export type Severity = "warning" | "information";

/** Something that is told of a topology, at the component that it is about. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly mesh?: string;
  /** Field of the object in the file, or of the component. */
  readonly path: string;
  readonly file?: string;
  readonly line?: number;
  /** The object in the file: the component, or its mesh. */
  readonly object?: { readonly kind: string; readonly name: string };
  readonly message: string;
  readonly remedy: string;
}

const SEVERITIES: Readonly<Record<FindingCode, Severity>> = {
  SharedSubscription: "warning",
  OrderingOnSharedSubscription: "warning",
  EndlessCycle: "warning",
  ReadsOwnOutput: "warning",
  PatternReadsOwnOutput: "warning",
  TypeMismatch: "warning",
  SchemaMismatch: "warning",
  OutputUnread: "information",
  InputUnwritten: "information",
  DeadLetterWithoutRetries: "warning",
  ResourceNameCollision: "warning",
  PulsarNameCollision: "warning",
  PulsarConfigDiffers: "warning",
};

/** What a rule says; the place is filled in. */
export interface FindingDraft {
  readonly code: FindingCode;
  /** Field of the component. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** A finding at a component of a topology, by its id. */
export interface FindingAt {
  readonly component: string;
  readonly draft: FindingDraft;
}

const MESSAGE_LENGTH_MAX = 400;

/** A finding at a component, with file and line where the component is from a file. */
export function findingAt(source: ComponentSource, draft: FindingDraft): Finding {
  const { component, mesh, origin } = source;
  const path = origin === undefined ? draft.path : draft.path.replace(/^spec/, origin.base);
  return {
    code: draft.code,
    severity: SEVERITIES[draft.code],
    kind: component.kind,
    namespace: printableText(component.metadata.namespace ?? ""),
    name: printableText(component.metadata.name),
    ...(mesh === undefined ? {} : { mesh: printableText(mesh) }),
    path: printableText(path),
    ...(origin === undefined ? {} : {
      file: printableText(origin.file),
      line: origin.lineOf(path),
      object: { kind: origin.object.kind, name: printableText(origin.object.name) },
    }),
    message: shortText(printableText(draft.message), MESSAGE_LENGTH_MAX),
    remedy: draft.remedy,
  };
}

/** What a finding says, with what to do. */
export function findingText({ code, message, remedy }: Finding): string {
  return `${message}; ${remedy} (${code})`;
}
