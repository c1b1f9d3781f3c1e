import type { Problem } from "#base";
import { DURATION_MS_MAX, durationMs } from "./duration.ts";
import { labelProblems } from "./label_rules.ts";
import type { MeshSync, MeshSyncSpec } from "./mesh_sync.ts";
import { dnsProblems } from "./name_rules.ts";
import { at, quoted, when } from "./rule.ts";
import { memberPath } from "./structure.ts";

/** What cannot be meant about how revisions are applied, and when. */
export function applyProblems(sync: MeshSync): Problem[] {
  const { spec, metadata } = sync;
  return [
    ...commonLabelProblems(spec.commonLabels),
    ...(spec.serviceAccountName
      ? dnsProblems(spec.serviceAccountName, "spec.serviceAccountName")
      : []),
    ...(spec.dependsOn ?? []).flatMap(({ name, namespace }, index) =>
      when(
        name === metadata.name && (namespace || metadata.namespace) === metadata.namespace,
        at(`dependsOn[${index}]`, "names the MeshSync itself; take it out"),
      )
    ),
    ...driftProblems(spec.drift),
    ...(spec.replace ?? []).flatMap(({ kind }, index) =>
      when(
        ["CustomResourceDefinition", "Namespace"].includes(kind),
        at(
          `replace[${index}].kind`,
          `${quoted(kind)} takes all along that is in it when it is deleted; take it out`,
        ),
      )
    ),
    ...untilProblems(spec.suspendUntil),
    ...(spec.windows ?? []).flatMap(windowProblems),
  ];
}

/** Labels that the API server would refuse, or that this program gives itself. */
function commonLabelProblems(labels: MeshSyncSpec["commonLabels"]): Problem[] {
  const path = "spec.commonLabels";
  return [
    ...labelProblems(labels, path),
    ...Object.keys(labels ?? {}).sort().flatMap((name) =>
      when(name.startsWith("gitops.functionmesh.io/"), {
        path: memberPath(path, name),
        message: "is a label of this program's own; take it out",
      })
    ),
  ];
}

function driftProblems(drift: MeshSyncSpec["drift"]): Problem[] {
  return (drift?.ignore ?? []).flatMap((rule, index) =>
    (rule.paths ?? []).flatMap((path, position) =>
      when(
        !/^(\/[^/]+)+$/.test(path) || /~(?![01])/.test(path) ||
          /^\/(apiVersion|kind|metadata\/(name|namespace))$/.test(path),
        at(
          `drift.ignore[${index}].paths[${position}]`,
          `${quoted(path)} is no JSON pointer to a field; write e.g. /spec/replicas`,
        ),
      )
    )
  );
}

function untilProblems(until: string | undefined): readonly Problem[] {
  const isTime = until === undefined ||
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(until);
  const found = at(
    "suspendUntil",
    `${quoted(until)} is no time; write 2026-01-31T08:00:00Z`,
  );
  return when(!isTime, found);
}

function windowProblems(
  window: NonNullable<MeshSyncSpec["windows"]>[number],
  index: number,
): Problem[] {
  const duration = durationMs(window.duration ?? "");
  return [
    ...when(
      (window.schedule ?? "").trim().split(/\s+/).length !== 5,
      at(
        `windows[${index}].schedule`,
        `${quoted(window.schedule)} has not five fields; write e.g. 0 8 * * 1-5`,
      ),
    ),
    ...when(
      duration === undefined || duration < 60_000 || duration > DURATION_MS_MAX,
      at(
        `windows[${index}].duration`,
        `${quoted(window.duration)} is no duration between a minute and ten years; write e.g. 8h`,
      ),
    ),
  ];
}
