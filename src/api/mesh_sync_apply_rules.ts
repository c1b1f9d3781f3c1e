import type { Problem } from "#base";
import { DURATION_MS_MAX, durationMs } from "./duration.ts";
import type { MeshSync, MeshSyncSpec } from "./mesh_sync.ts";
import { dnsProblems } from "./name_rules.ts";
import { at, quoted, when } from "./rule.ts";

/** What cannot be meant about how revisions are applied, and when. */
export function applyProblems(sync: MeshSync): Problem[] {
  const { spec, metadata } = sync;
  return [
    ...labelProblems(spec.commonLabels),
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
    ...untilProblems(spec.suspendUntil),
    ...(spec.windows ?? []).flatMap(windowProblems),
  ];
}

const LABEL_NAME =
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

function labelProblems(labels: MeshSyncSpec["commonLabels"]): Problem[] {
  return Object.entries(labels ?? {}).flatMap(([name, value]) => [
    ...when(!LABEL_NAME.test(name), at(`commonLabels["${name}"]`, "is no name of a label")),
    ...when(
      !LABEL_VALUE.test(String(value)),
      at(`commonLabels["${name}"]`, `${quoted(value)} is no value of a label`),
    ),
    ...when(
      name.startsWith("gitops.functionmesh.io/"),
      at(`commonLabels["${name}"]`, "is a label of this program's own; take it out"),
    ),
  ]);
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
