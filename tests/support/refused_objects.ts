/** Objects that a real API server refuses, each with a secret where it is wrong or beside it. */
import { parse } from "@std/yaml";
import type { KubeObject } from "#base";

/** It can be a text, a number, and part of a name. */
export const SECRET = "81726354";

const S = SECRET;
const LONG = S + "x".repeat(70);
const TEMPLATE =
  "template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}";
const SELECTOR = "selector: {matchLabels: {a: b}}";

function head(apiVersion: string, kind: string, rest: string): string {
  return `{apiVersion: ${apiVersion}, kind: ${kind}, ${rest}}`;
}

function configMap(metadata: string, more = ""): string {
  return head("v1", "ConfigMap", `metadata: {name: x, ${metadata}}${more}`);
}

function pod(spec: string): string {
  return head("v1", "Pod", `metadata: {name: x}, spec: {${spec}}`);
}

function container(more: string, spec = ""): string {
  return pod(`containers: [{name: c, image: i, ${more}}], ${spec}`);
}

function workload(kind: string, spec: string): string {
  return head("apps/v1", kind, `metadata: {name: x}, spec: {${spec}}`);
}

function service(spec: string): string {
  return head("v1", "Service", `metadata: {name: x}, spec: {${spec}}`);
}

function thing(spec: string): string {
  return head("refused.example.org/v1", "Thing", `metadata: {name: x}, spec: {${spec}}`);
}

/** Parts of the definition of `Thing`, which refuse in all ways that a definition can. */
const RULES = `x-kubernetes-validations:
  - {rule: "!has(self.said) || self.said == 'x'", messageExpression: "'got ' + self.said"}
  - {rule: "!has(self.ruled) || self.ruled == 'x'"}
properties:
  pattern: {type: string, pattern: "^[a-z]+$"}
  format: {type: string, format: date-time}
  few: {type: array, maxItems: 2, items: {type: string}}
  small: {type: integer, maximum: 10}
  short: {type: string, maxLength: 4}
  one: {type: string, enum: [a, b]}
  said: {type: string, maxLength: 100}
  ruled: {type: string, maxLength: 100}
  needs: {type: object, required: [size], properties: {size: {type: integer}}}
`;

/** Defines the kind `Thing`. */
export function thingDefinition(): KubeObject {
  const names = "{kind: Thing, plural: things, singular: thing, listKind: ThingList}";
  const text = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.refused.example.org}
spec:
  group: refused.example.org
  scope: Namespaced
  names: ${names}
  versions: [{name: v1, served: true, storage: true}]
`;
  const definition = parse(text) as KubeObject & {
    readonly spec: { readonly versions: readonly Record<string, unknown>[] };
  };
  const spec = { type: "object", ...parse(RULES) as Record<string, unknown> };
  const openAPIV3Schema = { type: "object", properties: { spec } };
  const versions = definition.spec.versions.map((version) => ({
    ...version,
    schema: { openAPIV3Schema },
  }));
  return { ...definition, spec: { ...definition.spec, versions } };
}

const NAME =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with";

/** What is refused, in YAML, with words that have to stay. */
export const REFUSED_OBJECTS: readonly (readonly [text: string, words: string])[] = [
  [configMap(`labels: {a: ${LONG}}`), "metadata.labels: must be no more than 63 bytes"],
  [configMap(`labels: {a: "${S} !"}`), "metadata.labels: a valid label must be an empty string or"],
  [configMap(`labels: {"${S} !": a}`), `metadata.labels: name part ${NAME}`],
  [configMap(`labels: {"${S}_/a": a}`), "metadata.labels: prefix part a lowercase RFC 1123"],
  [configMap(`annotations: {"${S} !": a}`), `metadata.annotations: name part ${NAME}`],
  [configMap(`finalizers: ["${S}"]`), "name is neither a standard finalizer name nor"],
  [configMap(`annotations: {}`, `, data: {"${S} !": a}`), "a valid config key must consist of"],
  [configMap(`annotations: {}`, `, data: {a: ${S}}`), ".data.a: expected string"],
  [pod(`containers: []`), "spec.containers: Required value"],
  [pod(`containers: [{name: "${S}_X", image: i}]`), "a lowercase RFC 1123 label must consist of"],
  [pod(`containers: [{name: c, image: " ${S}"}]`), "must not have leading or trailing whitespace"],
  [container(`imagePullPolicy: "${S}"`), 'supported values: "Always", "IfNotPresent", "Never"'],
  [
    container(`env: [{name: "${S} =", value: a}]`),
    "a valid environment variable name must consist",
  ],
  [
    container(`env: [{name: A, value: "${S}", valueFrom: {fieldRef: {fieldPath: metadata.name}}}]`),
    "may not be specified when `value` is not empty",
  ],
  [
    container(`env: [{name: A, valueFrom: {fieldRef: {fieldPath: "${S}"}}}]`),
    "must be a field of the Pod that can be read",
  ],
  [container(`env: [{name: A, value: "${S}"}, {name: A}]`), ".env: duplicate entries for key"],
  [container(`nothing: "${S}"`), ".nothing: field not declared in schema"],
  [container(`ports: [{containerPort: ${S}}]`), "must be between 1 and 65535, inclusive"],
  [container(`ports: [{containerPort: "${S}"}]`), ".containerPort: expected numeric"],
  [container(`ports: [{containerPort: 80, name: "${S}_name_and"}]`), "no more than 15 characters"],
  [
    container(`resources: {requests: {cpu: "${S}"}, limits: {cpu: "1"}}`),
    "spec.containers[0].resources.requests: must be less than or equal to cpu limit",
  ],
  [container(`resources: {requests: {cpu: "-${S}"}}`), "must be greater than or equal to 0"],
  [container(`resources: {requests: {cpu: "${S}x"}}`), "a value is no quantity"],
  [container(`resources: {requests: {"${S}": "1"}}`), "must be a standard resource type or fully"],
  [container(`volumeMounts: [{name: "${S}", mountPath: /a}]`), "volumeMounts[0].name: Not found"],
  [
    container("", `volumes: [{name: v, emptyDir: {}, hostPath: {path: "/${S}"}}]`),
    "spec.volumes[0].hostPath: may not specify more than 1 volume type",
  ],
  [
    container("", `volumes: [{name: v, hostPath: {path: "../${S}"}}]`),
    "spec.volumes[0].hostPath.path: must not contain '..'",
  ],
  [
    container("", `tolerations: [{key: a, operator: "${S}"}]`),
    'supported values: "Equal", "Exists"',
  ],
  [container("", `hostAliases: [{ip: "${S}", hostnames: [a]}]`), "must be a valid IP address"],
  [container(`livenessProbe: {periodSeconds: ${S}}`), "must specify a handler type"],
  [
    container(
      `env: [{name: A, value: "${S}"}], securityContext: {allowPrivilegeEscalation: false, privileged: true}`,
    ),
    "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
  ],
  [
    workload("Deployment", `selector: {matchLabels: {a: "${S}"}}, ${TEMPLATE}`),
    "spec.template.metadata.labels: `selector` does not match template `labels`",
  ],
  [
    workload("Deployment", `replicas: -${S}, ${SELECTOR}, ${TEMPLATE}`),
    "greater than or equal to 0",
  ],
  [
    workload("Deployment", `${SELECTOR}, strategy: {type: "${S}"}, ${TEMPLATE}`),
    'spec.strategy: supported values: "Recreate", "RollingUpdate"',
  ],
  [
    workload("StatefulSet", `podManagementPolicy: "${S}", ${SELECTOR}, ${TEMPLATE}`),
    "spec.podManagementPolicy: must be 'OrderedReady' or 'Parallel'",
  ],
  [service(`type: "${S}", ports: [{port: 80}]`), 'spec.type: supported values: "ClusterIP"'],
  [service(`clusterIP: "${S}", ports: [{port: 80}]`), "must be a valid IP address"],
  [service(`ports: [{port: 80, targetPort: "${S}_"}]`), "must contain at least one letter (a-z)"],
  [
    head("v1", "Secret", `metadata: {name: x}, type: kubernetes.io/tls, data: {a: "${btoa(S)}"}`),
    "data[tls.crt]: Required value",
  ],
  [
    head("v1", "Secret", `metadata: {name: x}, data: {a: "no base64 ${S}"}`),
    "a value is no base64",
  ],
  [
    head(
      "batch/v1",
      "CronJob",
      `metadata: {name: x}, spec: {schedule: "${S}", jobTemplate: {spec: {${
        TEMPLATE.replace("spec: {", "spec: {restartPolicy: Never, ")
      }}}}`,
    ),
    "spec.schedule: must have five fields, as a schedule of cron",
  ],
  [
    head(
      "batch/v1",
      "Job",
      `metadata: {name: x}, spec: {${TEMPLATE.replace("name: c", `name: c, command: ["${S}"]`)}}`,
    ),
    'spec.template.spec.restartPolicy: valid values: "OnFailure", "Never"',
  ],
  [
    head(
      "networking.k8s.io/v1",
      "NetworkPolicy",
      `metadata: {name: x}, spec: {podSelector: {}, policyTypes: ["${S}"]}`,
    ),
    'supported values: "Ingress", "Egress"',
  ],
  [
    head("v1", "PersistentVolumeClaim", `metadata: {name: x}, spec: {accessModes: ["${S}"]}`),
    'supported values: "ReadOnlyMany", "ReadWriteMany"',
  ],
  [
    head("coordination.k8s.io/v1", "Lease", `metadata: {name: x}, spec: {renewTime: "${S}"}`),
    "a value is no time",
  ],
  [
    head(
      "coordination.k8s.io/v1",
      "Lease",
      `metadata: {name: x}, spec: {leaseDurationSeconds: -${S}}`,
    ),
    "spec.leaseDurationSeconds: must be greater than 0",
  ],
  [thing(`pattern: "${S}"`), "spec.pattern: should match '^[a-z]+$'"],
  [thing(`format: "${S}"`), "spec.format: must be of type date-time"],
  [thing(`few: ["${S}", b, c]`), "spec.few: must have at most 2 items"],
  [thing(`small: ${S}`), "spec.small: should be less than or equal to 10"],
  [thing(`short: "${S}"`), "spec.short: may not be more than 4 bytes"],
  [thing(`one: "${S}"`), 'spec.one: supported values: "a", "b"'],
  [thing(`ruled: "${S}"`), "spec: failed rule: !has(self.ruled) || self.ruled == 'x'"],
  [thing(`said: "${S}"`), "spec: "],
  [thing(`short: "${S.slice(0, 3)}", needs: {}`), "spec.needs.size: Required value"],
  [thing(`"${S}": 1`), "field not declared in schema"],
];
