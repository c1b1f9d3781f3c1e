import type { KubeObject } from "#base";
import {
  FOLDERS,
  GITOPS_ACCOUNT,
  type Installation,
  labelsOf,
  localMeta,
  PORTS,
  PROGRAM,
  SELECTOR,
} from "./installation.ts";

/** The user in the image; `restricted` namespaces want a number. */
const USER_ID = 65532;

/** The program at work: no root, no capability, nothing to write to but two empty folders. */
export function deployment(installation: Installation): KubeObject {
  const { replicas } = installation;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: localMeta(installation, PROGRAM),
    spec: {
      replicas,
      selector: { matchLabels: SELECTOR },
      // A single one elects no leader, so that the old one has to end before the new one starts.
      strategy: replicas === 1
        ? { type: "Recreate" }
        : { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: { metadata: { labels: labelsOf(installation) }, spec: podSpec(installation) },
    },
  };
}

function podSpec(installation: Installation) {
  return {
    serviceAccountName: PROGRAM,
    nodeSelector: { "kubernetes.io/os": "linux" },
    ...(installation.replicas === 1 ? {} : { topologySpreadConstraints: [spread()] }),
    securityContext: {
      fsGroup: USER_ID,
      runAsGroup: USER_ID,
      runAsNonRoot: true,
      runAsUser: USER_ID,
      seccompProfile: { type: "RuntimeDefault" },
    },
    // Where the program is the first process, nobody takes notice of the end of what git started and left: it stays in the list
    // of processes. Kubernetes' own first process does.
    shareProcessNamespace: true,
    terminationGracePeriodSeconds: 30,
    containers: [container(installation)],
    volumes: [
      { name: "cache", emptyDir: { sizeLimit: "2Gi" } },
      { name: "temporary", emptyDir: { sizeLimit: "64Mi" } },
    ],
  };
}

function container(installation: Installation) {
  const ports = {
    health: PORTS.health,
    metrics: PORTS.metrics,
    webhook: PORTS.webhook,
    ...(installation.receiver ? { receiver: PORTS.receiver } : {}),
    ...(installation.console ? { console: PORTS.console } : {}),
  };
  return {
    name: "controller",
    image: installation.image,
    imagePullPolicy: "IfNotPresent",
    args: programArguments(installation),
    env: [{ name: "TMPDIR", value: FOLDERS.temporary }],
    ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort })),
    livenessProbe: { httpGet: { path: "/healthz", port: "health" }, periodSeconds: 10 },
    readinessProbe: { httpGet: { path: "/readyz", port: "health" }, periodSeconds: 5 },
    // The API server may have to be waited for, but the health server starts with the process.
    startupProbe: {
      httpGet: { path: "/healthz", port: "health" },
      failureThreshold: 30,
      periodSeconds: 1,
    },
    resources: {
      limits: { cpu: "1", memory: "512Mi" },
      requests: { cpu: "100m", memory: "192Mi" },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [
      { name: "cache", mountPath: FOLDERS.cache },
      { name: "temporary", mountPath: FOLDERS.temporary },
    ],
  };
}

/** What the container is told. */
export function programArguments(installation: Installation): string[] {
  const { metricsSecure, namespace, replicas, receiver, shards, watchedNamespace } = installation;
  return [
    "run",
    `--cache-dir=${FOLDERS.cache}`,
    ...(replicas === 1 ? [] : ["--enable-leader-election"]),
    ...(shards === 1 ? [] : [`--shard=any/${shards}`]),
    ...(watchedNamespace === undefined ? [] : [`--watched-namespace=${watchedNamespace}`]),
    ...(metricsSecure ? ["--metrics-secure"] : []),
    ...(receiver ? [`--receiver-addr=:${PORTS.receiver}`] : []),
    ...(installation.console ? [`--console-addr=:${PORTS.console}`] : []),
    `--gitops-service-account=${namespace}/${GITOPS_ACCOUNT}`,
    `--gitops-rights=${installation.gitOpsRights}`,
    ...(installation.singleTenant ? ["--single-tenant"] : []),
    ...(installation.defaultServiceAccount === "default"
      ? []
      : [`--default-service-account=${installation.defaultServiceAccount}`]),
    ...(installation.podServiceAccounts === ""
      ? []
      : [`--pod-service-accounts=${installation.podServiceAccounts}`]),
    ...installation.arguments,
  ];
}

function spread() {
  return {
    labelSelector: { matchLabels: SELECTOR },
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "ScheduleAnyway",
  };
}
