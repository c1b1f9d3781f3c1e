import { ANNOTATIONS } from "#api";
import { idText, isPlainObject, type KubeObject, sameJson } from "#base";
import { type Preview } from "#gitops";
import { stringify } from "@std/yaml";
import { lineDiff } from "./line_diff.ts";
import { maskedFields } from "./masked_fields.ts";

/** Members that servers write, and that say nothing about a change. */
const SERVER_MEMBERS: readonly string[] = [
  "creationTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
];

/** Annotations that follow from the rest; the last holds a whole object, secrets included. */
const HIDDEN_ANNOTATIONS: readonly string[] = [
  ANNOTATIONS.file,
  ANNOTATIONS.gitHash,
  "kubectl.kubernetes.io/last-applied-configuration",
];

/** The difference that a change makes, as `kubectl diff` shows it; empty when there is none to be seen. */
export function changeDiff(change: Preview): string[] {
  const { before, after } = maskedFields(masked(change), change.secrets ?? []);
  const lines = lineDiff(yamlOf(before), yamlOf(after));
  if (lines.length === 0) return [];
  const name = idText(change.id);
  return [
    `--- ${before === undefined ? "/dev/null" : `live ${name}`}`,
    `+++ ${after === undefined ? "/dev/null" : `planned ${name}`}`,
    ...lines,
  ];
}

function yamlOf(object: unknown): string {
  if (object === undefined) return "";
  return stringify(object, { lineWidth: -1, skipInvalid: true, sortKeys: true });
}

interface Sides {
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

/** Both sides without what servers write, and with values of Secrets that only say whether they differ. */
function masked({ before, after }: Sides): Sides {
  const [left, right] = [shown(before), shown(after)];
  if ((left ?? right)?.kind !== "Secret") return { before: left, after: right };
  return {
    before: left === undefined ? undefined : maskedSecret(left, right, "before"),
    after: right === undefined ? undefined : maskedSecret(right, left, "after"),
  };
}

function maskedSecret(
  secret: KubeObject,
  other: KubeObject | undefined,
  side: "before" | "after",
): KubeObject {
  const members = ["data", "stringData"].flatMap((member) => {
    const values = secret[member];
    if (!isPlainObject(values)) return [];
    const others = isPlainObject(other?.[member]) ? other[member] as Record<string, unknown> : {};
    const hidden = Object.entries(values).map(([name, value]) => {
      const isChanged = name in others && !sameJson(others[name], value);
      return [name, isChanged ? `*** (${side})` : "***"];
    });
    return [[member, Object.fromEntries(hidden)]];
  });
  return { ...secret, ...Object.fromEntries(members) };
}

function shown(object: KubeObject | undefined): KubeObject | undefined {
  if (object === undefined) return undefined;
  const { status: _status, metadata, ...rest } = object;
  const kept = Object.entries(metadata).filter(([name]) => !SERVER_MEMBERS.includes(name));
  const annotations = Object.entries(metadata.annotations ?? {})
    .filter(([name]) => !HIDDEN_ANNOTATIONS.includes(name));
  const { annotations: _all, ...others } = Object.fromEntries(kept);
  return {
    ...rest,
    metadata: {
      ...others,
      ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    },
  } as KubeObject;
}
