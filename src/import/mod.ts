/**
 * From what a Pulsar cluster says of its own functions, sources and sinks to manifests that mean the same. Pure: answers of
 * the admin API go in, objects and a report come out. What a manifest cannot say is a line of the report, and so is every
 * member that nobody knows. All that comes in is foreign: nothing of it is believed, and no value that looks like a
 * credential comes out again.
 *
 * Start at {@linkcode importedFolder}; `function_spec.ts`, `source_spec.ts` and `sink_spec.ts` hold one kind each.
 *
 * @module
 */
export { type ClassTypes, classTypes } from "./class_types.ts";
export { type FoundComponent, type ImportedFile, importedFolder } from "./folder.ts";
export type { Unread } from "./imported.ts";
export { isPulsarName } from "./names.ts";
export { shown } from "./notes.ts";
export { REPORT_FILE } from "./report.ts";
export type { FoundPackage, ImportOptions } from "./shared_spec.ts";
export { ZipArchive } from "./zip.ts";
