import { basename } from "node:path";
import process from "node:process";

/** How people call this program. */
export interface ProgramName {
  /** For usage and messages: `meshwright`, or `kubectl mesh`. */
  readonly text: string;
  /** Whether it was started as a plugin of kubectl, whose flags may stand before the verb. */
  readonly isPlugin: boolean;
}

/**
 * The name under which a process was started. kubectl starts `kubectl-mesh` for `kubectl mesh`, wherever that leads.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { programNameOf } from "./program_name.ts";
 * assertEquals(programNameOf("/usr/local/bin/kubectl-mesh").text, "kubectl mesh");
 * assertEquals(programNameOf("kubectl-mesh_wright.exe").text, "kubectl mesh-wright");
 * assertEquals(programNameOf("/opt/deno"), { text: "meshwright", isPlugin: false });
 * ```
 */
export function programNameOf(started: string): ProgramName {
  const name = basename(started).replace(/\.exe$/, "");
  if (!name.startsWith("kubectl-")) return { text: "meshwright", isPlugin: false };
  return { text: name.replaceAll("-", " ").replaceAll("_", "-"), isPlugin: true };
}

/** That of this process. */
export function ownProgramName(): ProgramName {
  return programNameOf(process.argv0);
}

/** Flags of kubectl that have a value, which may look like a verb. */
const WITH_VALUE = new Set(
  ["-n", "--namespace", "--context", "--kubeconfig", "-o", "--output", "-l", "--selector"],
);

/**
 * The words of a plugin with the verb first: `kubectl mesh -n shop get syncs` means what `get syncs -n shop` means.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { verbFirst } from "./program_name.ts";
 * assertEquals(verbFirst(["-n", "get", "-A", "get", "syncs"]), ["get", "-n", "get", "-A", "syncs"]);
 * assertEquals(verbFirst(["-h"]), ["-h"]);
 * ```
 */
export function verbFirst(args: readonly string[]): readonly string[] {
  let index = 0;
  while (args[index]?.startsWith("-")) index += WITH_VALUE.has(args[index] ?? "") ? 2 : 1;
  const verb = args[index];
  return verb === undefined ? args : [verb, ...args.slice(0, index), ...args.slice(index + 1)];
}
