/**
 * The Helm chart, made from `install`: what it prints for all combinations of what may be wished for is merged line by
 * line, and each line that not all have is put under the condition for which they have it.
 *
 * @module
 */
import type { KubeObject } from "#base";
import { changingParts, type GitOpsRights, type Installation } from "#install";
import { stringify } from "@std/yaml";
import { VERSION } from "../../src/version.ts";
import { type Axis, type Combination, combinationsOf, conditionOf } from "./condition.ts";
import { identity } from "./installations.ts";
import { type MergedLine, mergedLines } from "./merged_lines.ts";

/** Stand for values; each is a word that nothing else is. */
const STANDING = {
  namespace: "standing-for-namespace",
  watched: "standing-for-watched",
  image: "standing-for-image",
  defaultAccount: "standing-for-default-account",
  podAccounts: "standing-for-pod-accounts",
  arguments: "standing-for-arguments",
} as const;

/** Many, and no numbers that are written anywhere else. */
const REPLICAS = 7777;
const SHARDS = 8888;

/** What is put for the words. A value is checked by `values.schema.json`, so that it ends no quotes. */
const EXPRESSIONS: readonly (readonly [RegExp, string])[] = [
  [
    /^(\s*)- standing-for-arguments$/,
    "$1{{- range .Values.extraArguments }}\n$1- {{ . | quote }}\n$1{{- end }}",
  ],
  [/standing-for-namespace/g, "{{ .Release.Namespace }}"],
  [/standing-for-watched/g, "{{ .Values.watchedNamespace }}"],
  [/standing-for-image/g, '{{ include "meshwright.image" . | quote }}'],
  [/standing-for-default-account/g, "{{ .Values.defaultServiceAccount }}"],
  [/standing-for-pod-accounts/g, "{{ .Values.podServiceAccounts }}"],
  [
    /^( {2}replicas:) (?:1|7777)$/,
    "$1 {{ max (int .Values.replicas) (int .Values.shards) }}",
  ],
  [/any\/8888/, "any/{{ .Values.shards }}"],
];

const SCOPES = ["all", "own", "other"] as const;
/** What pods there are. */
const PODS = ["one", "several", "sharded"] as const;
const RIGHTS: readonly GitOpsRights[] = ["mesh-only", "none", "cluster-admin"];

const AXES: readonly Axis[] = [
  choiceAxis("gitopsRights", RIGHTS, ".Values.gitopsRights"),
  choiceAxis("scope", SCOPES, "$scope"),
  switchAxis("singleTenant", ".Values.singleTenant"),
  choiceAxis("pods", PODS, "$pods"),
  switchAxis("receiver", ".Values.receiver"),
  switchAxis("console", ".Values.console"),
  switchAxis("metricsSecure", ".Values.metricsSecure"),
  switchAxis("serviceMonitor", ".Values.serviceMonitor"),
  switchAxis(
    "defaultAccount",
    '(ne .Values.defaultServiceAccount "default")',
    '(eq .Values.defaultServiceAccount "default")',
  ),
  switchAxis("podAccounts", ".Values.podServiceAccounts"),
];

const COMBINATIONS = combinationsOf(AXES);
const NUMBERS = new Map(COMBINATIONS.map((combination, number) => [combination.join(), number]));

/** Where the namespace that is watched is in relation to that of the release, and what pods there are. */
const VARIABLES = '{{- $scope := "all" }}\n' +
  "{{- with .Values.watchedNamespace }}\n" +
  '{{- $scope = ternary "own" "other" (eq . $.Release.Namespace) }}\n' +
  "{{- end }}\n" +
  '{{- $pods := ternary "several" "one" (gt (int .Values.replicas) 1) }}\n' +
  '{{- if gt (int .Values.shards) 1 }}\n{{- $pods = "sharded" }}\n{{- end }}\n';

function switchAxis(name: string, condition: string, opposite = `(not ${condition})`): Axis {
  return {
    name,
    choices: [{ name: "off", condition: opposite }, { name: "on", condition }],
  };
}

function choiceAxis(name: string, choices: readonly string[], value: string): Axis {
  return {
    name,
    choices: choices.map((name) => ({ name, condition: `(eq ${value} "${name}")` })),
  };
}

function installationOf(combination: Combination): Installation {
  const taken = (name: string) => {
    const index = AXES.findIndex((axis) => axis.name === name);
    return combination[index] ?? 0;
  };
  const isOn = (name: string) => taken(name) === 1;
  const scope = SCOPES[taken("scope")];
  const watched = scope === "own" ? STANDING.namespace : STANDING.watched;
  const pods = PODS[taken("pods")];
  return {
    namespace: STANDING.namespace,
    image: STANDING.image,
    version: VERSION,
    replicas: pods === "one" ? 1 : REPLICAS,
    shards: pods === "sharded" ? SHARDS : 1,
    ...(scope === "all" ? {} : { watchedNamespace: watched }),
    gitOpsRights: RIGHTS[taken("gitopsRights")] ?? "none",
    singleTenant: isOn("singleTenant"),
    defaultServiceAccount: isOn("defaultAccount") ? STANDING.defaultAccount : "default",
    podServiceAccounts: isOn("podAccounts") ? STANDING.podAccounts : "",
    receiver: isOn("receiver"),
    console: isOn("console"),
    metricsSecure: isOn("metricsSecure"),
    serviceMonitor: isOn("serviceMonitor"),
    arguments: [STANDING.arguments],
  };
}

/** The templates of the chart, by their names: rights, program, and the namespace where it is wanted. */
export function chartTemplates(): ReadonlyMap<string, string> {
  const all = COMBINATIONS.map((combination) => changingParts(installationOf(combination)));
  return new Map([
    ["namespace.yaml", namespaceTemplate(all.map(({ namespace }) => namespace))],
    ["access.yaml", template(all.map(({ access }) => access))],
    ["program.yaml", template(all.map(({ program }) => program))],
  ]);
}

/** Helm makes the namespace before the chart's objects; for who applies what `helm template` prints it is one of them. */
function namespaceTemplate(all: readonly (readonly KubeObject[])[]): string {
  const kept = all.map((objects) =>
    objects.map((object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        annotations: { ...object.metadata.annotations, "helm.sh/resource-policy": "keep" },
      },
    }))
  );
  return `{{- if .Values.createNamespace }}\n${template(kept)}{{- end }}\n`;
}

function template(all: readonly (readonly KubeObject[])[]): string {
  const texts = new Map<string, (readonly string[] | undefined)[]>();
  const lines = memoizedLines();
  for (const [number, objects] of all.entries()) {
    for (const object of objects) {
      const key = identity(object);
      const known = texts.get(key) ?? new Array<undefined>(all.length).fill(undefined);
      known[number] = lines(object);
      texts.set(key, known);
    }
  }
  const blocks = [...texts.values()].map((some) => conditional(mergedLines(some)));
  return `${VARIABLES}${blocks.join("")}`;
}

/** Lines of an object with expressions for what stands for them; most combinations have most objects in common. */
function memoizedLines(): (object: KubeObject) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (object) => {
    const key = JSON.stringify(object);
    const lines = known.get(key) ?? ["---"].concat(
      stringify(object, { lineWidth: -1, skipInvalid: true, useAnchors: false }).trimEnd().split(
        "\n",
      ).map(expressed),
    );
    known.set(key, lines);
    return lines;
  };
}

function expressed(line: string): string {
  return EXPRESSIONS.reduce((text, [pattern, words]) => text.replace(pattern, words), line);
}

/** Lines under their conditions; what all have in common is asked once for the whole. */
function conditional(lines: readonly MergedLine[]): string {
  const whole = new Set(lines.flatMap(({ members }) => [...members]));
  const outer = conditionFor(whole);
  const runs: { readonly condition: string | undefined; readonly texts: string[] }[] = [];
  for (const { text, members } of lines) {
    const condition = members.size === whole.size ? undefined : conditionFor(members, whole);
    const last = runs.at(-1);
    if (last !== undefined && last.condition === condition) last.texts.push(text);
    else runs.push({ condition, texts: [text] });
  }
  const text = runs.map(({ condition, texts }) => under(condition, `${texts.join("\n")}\n`)).join(
    "",
  );
  return under(outer, text);
}

function under(condition: string | undefined, text: string): string {
  return condition === undefined ? text : `{{- if ${condition} }}\n${text}{{- end }}\n`;
}

/** What is true for some combinations; of those without the object nothing has to be said. */
function conditionFor(
  members: ReadonlySet<number>,
  whole?: ReadonlySet<number>,
): string | undefined {
  const isTold = wholeAxes(whole);
  return conditionOf(AXES, (combination) => {
    const number = NUMBERS.get(combination.map((choice, axis) => isTold[axis] ?? choice).join());
    return number !== undefined && members.has(number);
  });
}

/** The choices that all members of a whole have taken, by axis. */
function wholeAxes(whole: ReadonlySet<number> | undefined): readonly (number | undefined)[] {
  return AXES.map((_, axis) => {
    const taken = new Set([...whole ?? []].map((number) => COMBINATIONS[number]?.[axis]));
    const [only] = taken;
    return taken.size === 1 ? only : undefined;
  });
}
