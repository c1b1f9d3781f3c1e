import {
  CRASH_STATUS,
  FAIL,
  FAILED_STATUS,
  FAILING,
  NOT_READY_STATUS,
  READY_STATUS,
  SUCCEEDED_STATUS,
  WAITING_STATUS,
} from "./pod_template.ts";

/** How long a pod stays Pending on its node: long enough to be seen, short enough not to wait for it. */
const POD_DELAY_MS = 200;
const HEARTBEAT_MS = 600_000;

/** The name of the default storage class. Claims of every class are bound to a volume at once. */
export const STORAGE_CLASS = "simulated";

interface Expression {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

interface Stage {
  readonly name: string;
  readonly kind: "Node" | "Pod";
  readonly when: readonly Expression[];
  readonly delayMs?: number;
  readonly next: Readonly<Record<string, unknown>>;
}

const FAIL_VALUE = `(.metadata.annotations["${FAIL}"] // .metadata.labels["${FAIL}"] // "")`;
const SHOWN_VALUE =
  `([.status.conditions[]? | select(.type == "${FAILING}" and .status == "True") | .reason][0] // "")`;
const READY_VALUE = `.status.conditions.[] | select(.type == "Ready") | .status`;
const CRASHES = ["CrashLoopBackOff", "Error", "OOMKilled"];
const NOT_READY = "NotReady";

/**
 * The file that tells kwok what the simulated nodes do: JSON documents in a YAML stream.
 *
 * Pods become ready after a moment, those of Jobs succeed, deleted ones go. A pod with the annotation or label
 * `meshwright.test/fail` shows that failure instead, for as long as it has it: adding it to a running pod breaks the
 * pod, removing it mends it. Values: `CrashLoopBackOff`, `Error` and `OOMKilled` (the container ended), `NotReady`
 * (it runs), and any other reason of a waiting container (`ImagePullBackOff`, `CreateContainerConfigError`, ...).
 */
export function stagesText(): string {
  const parallel = {
    apiVersion: "config.kwok.x-k8s.io/v1alpha1",
    kind: "KwokConfiguration",
    options: {
      nodeLeaseParallelism: 4,
      nodePlayStageParallelism: 4,
      podPlayStageParallelism: 16,
      podsOnNodeSyncParallelism: 4,
      enablePodsOnNodeSyncListPager: false,
      enablePodsOnNodeSyncStreamWatch: true,
    },
  };
  const documents = [parallel, ...nodeStages().map(stageObject), ...podStages().map(stageObject)];
  return [...documents, ...volumeStages()].map((object) => JSON.stringify(object)).join("\n---\n") +
    "\n";
}

function nodeStages(): readonly Stage[] {
  return [
    {
      name: "node-initialize",
      kind: "Node",
      when: [{ key: READY_VALUE, operator: "NotIn", values: ["True"] }],
      next: { statusTemplate: NODE_STATUS },
    },
    {
      name: "node-heartbeat-with-lease",
      kind: "Node",
      when: [{ key: READY_VALUE, operator: "In", values: ["True"] }],
      delayMs: HEARTBEAT_MS,
      next: { statusTemplate: NODE_STATUS },
    },
  ];
}

function podStages(): readonly Stage[] {
  const alive: Expression = { key: ".metadata.deletionTimestamp", operator: "DoesNotExist" };
  const atWork: readonly Expression[] = [
    alive,
    { key: ".status.phase", operator: "In", values: ["Pending", "Running"] },
  ];
  const works: Expression = { key: FAIL_VALUE, operator: "In", values: [""] };
  const failsNow = (more: readonly Expression[]): readonly Expression[] => [
    ...atWork,
    { key: FAIL_VALUE, operator: "NotIn", values: [""] },
    { key: `${FAIL_VALUE} != ${SHOWN_VALUE}`, operator: "In", values: ["true"] },
    ...more,
  ];
  const crashes: Expression = { key: FAIL_VALUE, operator: "In", values: CRASHES };
  const never = (operator: "In" | "NotIn"): Expression => ({
    key: ".spec.restartPolicy",
    operator,
    values: ["Never"],
  });
  const show = (name: string, when: readonly Expression[], statusTemplate: string): Stage => ({
    name,
    kind: "Pod",
    when,
    delayMs: POD_DELAY_MS,
    next: { statusTemplate },
  });
  return [
    show("pod-ready", [...atWork, works, {
      key: READY_VALUE,
      operator: "NotIn",
      values: ["True"],
    }], READY_STATUS),
    show("pod-fail-crash", failsNow([crashes, never("NotIn")]), CRASH_STATUS),
    show("pod-fail-end", failsNow([crashes, never("In")]), FAILED_STATUS),
    show(
      "pod-fail-not-ready",
      failsNow([{ key: FAIL_VALUE, operator: "In", values: [NOT_READY] }]),
      NOT_READY_STATUS,
    ),
    show(
      "pod-fail-waiting",
      failsNow([{ key: FAIL_VALUE, operator: "NotIn", values: [...CRASHES, NOT_READY] }]),
      WAITING_STATUS,
    ),
    show("pod-complete", [
      alive,
      works,
      { key: ".status.phase", operator: "In", values: ["Running"] },
      { key: ".metadata.ownerReferences.[].kind", operator: "In", values: ["Job"] },
    ], SUCCEEDED_STATUS),
    {
      name: "pod-delete",
      kind: "Pod",
      when: [{ key: ".metadata.deletionTimestamp", operator: "Exists" }],
      next: { delete: true },
    },
  ];
}

function stageObject(stage: Stage): unknown {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name: stage.name },
    spec: {
      resourceRef: { apiGroup: "v1", kind: stage.kind },
      selector: { matchExpressions: stage.when },
      ...(stage.delayMs === undefined ? {} : { delay: { durationMilliseconds: stage.delayMs } }),
      next: stage.next,
    },
  };
}

// Claims are bound without waiting for a pod, to a volume of their own that is removed with them.
function volumeStages(): readonly unknown[] {
  const stage = (
    name: string,
    kind: string,
    rules: { readonly when: readonly string[]; readonly steps: readonly unknown[] },
  ) => ({
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: "v1", kind },
      selector: {
        matchExpressions: [
          // Of every class, there or not: samples name those of their authors' clusters.
          "has(self.spec.storageClassName) && self.spec.storageClassName != ''",
          ...rules.when,
        ].map((expression) => ({ cel: { expression } })),
      },
      steps: rules.steps,
    },
  });
  return [
    stage("claim-bind", "PersistentVolumeClaim", {
      when: ["!has(self.metadata.deletionTimestamp)", "!has(self.spec.volumeName)"],
      steps: [{ apply: { template: VOLUME } }],
    }),
    stage("volume-delete", "PersistentVolume", {
      when: ["!has(self.metadata.deletionTimestamp)", "self.status.phase == 'Released'"],
      steps: [{ delete: true }],
    }),
  ];
}

const NODE_STATUS = `
{{ $now := Now }}
{{ $since := or .metadata.creationTimestamp $now }}
phase: Running
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $since | Quote }}
{{ end }}
addresses:
- {type: InternalIP, address: {{ NodeIP | Quote }}}
- {type: Hostname, address: {{ .metadata.name | Quote }}}
`;

const VOLUME = `
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pvc-{{ .metadata.uid }}
  annotations:
    pv.kubernetes.io/provisioned-by: meshwright.test/simulated
spec:
  accessModes:
  {{ range .spec.accessModes }}
  - {{ . | Quote }}
  {{ end }}
  capacity:
    storage: {{ .spec.resources.requests.storage | Quote }}
  persistentVolumeReclaimPolicy: Retain
  storageClassName: {{ .spec.storageClassName | Quote }}
  volumeMode: {{ or .spec.volumeMode "Filesystem" }}
  claimRef:
    apiVersion: v1
    kind: PersistentVolumeClaim
    name: {{ .metadata.name | Quote }}
    namespace: {{ .metadata.namespace | Quote }}
    uid: {{ .metadata.uid | Quote }}
  hostPath:
    path: /simulated/pvc-{{ .metadata.uid }}
`;
