/** The files of the Helm chart, `gitops/helm/meshwright/`. */
import { customResourceDefinitions } from "#api";
import { SHARDS_MAX } from "#base";
import { yamlStream } from "../../src/cli/crds.ts";
import { VERSION } from "../../src/version.ts";
import { chartTemplates } from "./chart.ts";

const CHART = `apiVersion: v2
name: meshwright
description: Pulsar functions and connectors on Kubernetes, straight from Git
type: application
version: ${VERSION}
appVersion: ${VERSION}
`;

const VALUES =
  `# Image to run. A digest counts more than a tag; the tag is the chart's version when left out.
image:
  repository: meshwright
  tag: ""
  digest: ""
# Pods of the program; more than one elect a leader.
replicas: 1
# Shards among which as many pods divide the work, by namespace; 1: one of them does all of it.
shards: 1
# Look at one namespace only, with rights there only; all when empty.
watchedNamespace: ""
# What MeshSyncs of the release's namespace may apply: none, mesh-only or cluster-admin.
gitopsRights: mesh-only
# Let MeshSyncs of all namespaces do the same: for a cluster of one team.
singleTenant: false
# ServiceAccount of its namespace as which a MeshSync elsewhere acts that names none.
defaultServiceAccount: default
# ServiceAccounts as which pods may run, NAME or NAMESPACE/NAME,...; any of the namespace when empty.
podServiceAccounts: ""
# Add a Service where Git services call.
receiver: false
# Add a Service where people look at what runs, over TLS, each with the rights of a token.
console: false
# Serve metrics over TLS, to accounts with the role meshwright-metrics-reader.NAMESPACE.
metricsSecure: false
# Add a ServiceMonitor for the Prometheus operator.
serviceMonitor: false
# Further arguments of \`meshwright run\`.
extraArguments: []
# Print the namespace too: for who applies what \`helm template\` prints. Helm makes that of a release by --create-namespace.
createNamespace: false
`;

const NAME = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const FLAG = { type: "boolean" };

const SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  additionalProperties: false,
  properties: {
    global: { type: "object" },
    image: {
      type: "object",
      additionalProperties: false,
      properties: {
        repository: { type: "string", pattern: "^[A-Za-z0-9._:/-]+$" },
        tag: { type: "string", pattern: "^[A-Za-z0-9._-]*$" },
        digest: { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" },
      },
    },
    replicas: { type: "integer", minimum: 1 },
    shards: { type: "integer", minimum: 1, maximum: SHARDS_MAX },
    watchedNamespace: { type: "string", pattern: `^(${NAME})?$` },
    gitopsRights: { enum: ["none", "mesh-only", "cluster-admin"] },
    singleTenant: FLAG,
    defaultServiceAccount: { type: "string", pattern: "^[a-z0-9][a-z0-9.-]*$" },
    podServiceAccounts: { type: "string", pattern: "^[a-z0-9.,/-]*$" },
    receiver: FLAG,
    console: FLAG,
    metricsSecure: FLAG,
    serviceMonitor: FLAG,
    extraArguments: { type: "array", items: { type: "string", pattern: "^--" } },
    createNamespace: FLAG,
  },
};

const PARTIALS = `{{- define "meshwright.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}
`;

const NOTES = `Meshwright {{ .Chart.AppVersion }} is in namespace {{ .Release.Namespace }}:

  kubectl rollout status deployment/meshwright -n {{ .Release.Namespace }}

The namespace should refuse pods with more rights than the program needs, as \`meshwright install\` has it:

  kubectl label namespace {{ .Release.Namespace }} pod-security.kubernetes.io/enforce=restricted

\`helm uninstall\` leaves the definitions and with them every Function, Source, Sink, FunctionMesh and MeshSync, and
what the program made for itself; \`meshwright uninstall\` prints the commands for these.
`;

/** Paths below the chart's folder with the text that they must have. */
export function chartFiles(): ReadonlyMap<string, string> {
  const head =
    "{{- /* Made by scripts/operator.ts from `meshwright install`. Do not edit: run `deno task operator`. */}}\n";
  return new Map([
    ["Chart.yaml", CHART],
    ["values.yaml", VALUES],
    ["values.schema.json", `${JSON.stringify(SCHEMA, undefined, 2)}\n`],
    // Helm makes these once and never deletes them; newer ones are made by the program when it starts.
    ["crds/definitions.yaml", `${yamlStream(customResourceDefinitions())}\n`],
    ["templates/_image.tpl", PARTIALS],
    ["templates/NOTES.txt", NOTES],
    ...[...chartTemplates()].map(([name, text]): [string, string] => [
      `templates/${name}`,
      `${head}${text}`,
    ]),
  ]);
}
