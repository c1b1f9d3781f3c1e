import type { Problem } from "#base";
import type { MeshSyncSpec } from "./mesh_sync.ts";
import { at, when } from "./rule.ts";

/** The parts of a MeshSync about what is read from Git: patterns, signatures, variables, keys. */
export function sourceProblems(spec: MeshSyncSpec): Problem[] {
  const unnamed = (path: string, what: string) => at(path, `is empty; name the ${what}`);
  return [
    ...(["include", "exclude"] as const).flatMap((member) =>
      (spec[member] ?? []).flatMap((pattern, index) =>
        when(pattern.trim() === "", at(`${member}[${index}]`, "is empty; give a pattern"))
      )
    ),
    ...when(spec.verify?.secretRef.name === "", unnamed("verify.secretRef.name", "Secret")),
    ...when(
      (spec.verify?.mode ?? "commit") !== "commit" && !spec.ref?.tag && !spec.ref?.semver,
      at("verify.mode", "needs a tag to look at; set ref.tag or ref.semver, or use mode commit"),
    ),
    ...when(spec.decryption?.secretRef.name === "", unnamed("decryption.secretRef.name", "Secret")),
    ...Object.keys(spec.variables ?? {}).sort().flatMap((name) =>
      when(
        !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
        at(`variables["${name}"]`, "can be no variable; use letters, digits and _"),
      )
    ),
    ...(spec.variablesFrom ?? []).flatMap(({ kind, name }, index) =>
      when(name === "", unnamed(`variablesFrom[${index}].name`, kind))
    ),
  ];
}
