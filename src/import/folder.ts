import {
  type Component,
  COMPUTE_API_VERSION,
  type FunctionSpec,
  problems,
  type SinkSpec,
  type SourceSpec,
  warnings,
} from "#api";
import { isPlainObject, type KubeObject } from "#base";
import { sinkSpec, sourceSpec } from "./connector_spec.ts";
import { functionSpec } from "./function_spec.ts";
import type { ImportedComponent, Unread } from "./imported.ts";
import { Members } from "./members.ts";
import { groupedComponents } from "./mesh_groups.ts";
import { type PulsarName, resourceNames } from "./names.ts";
import { Notes } from "./notes.ts";
import { reportText } from "./report.ts";
import type { FoundPackage, ImportOptions, SpecContext } from "./shared_spec.ts";

/** A component as the admin API tells it. */
export interface FoundComponent extends PulsarName {
  readonly kind: Component["kind"];
  /** The answer, parsed. */
  readonly config: unknown;
  readonly package: FoundPackage;
  /** What its instances do, as far as the worker says. */
  readonly state?: "running" | "stopped" | { readonly trouble: string };
}

/** One file of the folder. */
export interface ImportedFile {
  /** Name in the folder: never a path. */
  readonly name: string;
  /** What it holds, or the report's text. */
  readonly content: KubeObject | string;
}

/** What an import makes. */
export interface ImportedFolder {
  readonly files: readonly ImportedFile[];
  /** Whether each component has a manifest that can be applied once its tasks are done. */
  readonly isSound: boolean;
}

const KINDS = ["Function", "Source", "Sink"] as const satisfies readonly Component["kind"][];

/** The files that say what was found. The same components give the same files, in whatever order they come. */
export function importedFolder(
  found: readonly FoundComponent[],
  unread: readonly Unread[],
  options: ImportOptions,
): ImportedFolder {
  const components = KINDS.flatMap((kind) => {
    const own = found.filter((one) => one.kind === kind).sort(byName);
    const names = resourceNames(own);
    return own.map((one, index) => imported(one, { name: names[index] ?? "", options }));
  });
  const { meshes, singles } = groupedComponents(components, options.mesh);
  const manifests = [
    ...meshes.map(({ mesh }) => mesh),
    ...singles.map(({ resource }) => resource),
  ];
  const files = manifests.map((content): ImportedFile => ({ name: fileName(content), content }));
  const report = reportText({ components, meshes, unread, options });
  return {
    files: [...files, { name: report.name, content: report.text }],
    isSound: unread.length === 0 && manifests.every((object) => problems(object).length === 0),
  };
}

/** Where a manifest is in the folder. */
export function fileName({ kind, metadata }: KubeObject): string {
  return `${kind === "FunctionMesh" ? "mesh" : kind.toLowerCase()}-${metadata.name}.yaml`;
}

function imported(
  found: FoundComponent,
  { name, options }: { readonly name: string; readonly options: ImportOptions },
): ImportedComponent {
  const notes = new Notes();
  const { kind, namespace, tenant } = found;
  const id = { tenant, namespace, name: found.name };
  const context = { kind, id, resource: name, options, found: found.package, notes };
  const config = new Members(isPlainObject(found.config) ? found.config : {}, "", notes);
  const spec = specOf(config, context);
  config.end();
  if (found.state === "stopped") {
    notes.remark("state", "does not run in the worker now: applying the manifest starts it");
  } else if (typeof found.state === "object") {
    notes.remark("state", `is not known: ${found.state.trouble}`);
  }
  if (JSON.stringify(spec).includes("${")) {
    notes.remark("spec", "holds `${`: write `$${` where the MeshSync has variables");
  }
  const resource = {
    apiVersion: COMPUTE_API_VERSION,
    kind,
    metadata: { name },
    spec,
  } as Component;
  for (const { message, path } of problems(resource)) notes.task(path, message);
  for (const { message, path } of warnings(resource)) notes.remark(path, message);
  return { id, resource, notes };
}

function specOf(config: Members, context: SpecContext): FunctionSpec | SourceSpec | SinkSpec {
  switch (context.kind) {
    case "Function":
      return functionSpec(config, context);
    case "Source":
      return sourceSpec(config, context);
    case "Sink":
      return sinkSpec(config, context);
  }
}

function byName(a: PulsarName, b: PulsarName): number {
  const [left, right] = [a, b].map(({ name, namespace, tenant }) =>
    `${tenant}/${namespace}/${name}`
  );
  return (left ?? "") < (right ?? "") ? -1 : 1;
}
