/** Where a pod of the runner image runs. */
export interface RunnerPlace {
  readonly image: string;
  readonly node: string;
}

/** User and group of the runner image, as the pods of functions have them. */
const SECURITY = {
  runAsUser: 10000,
  runAsGroup: 10001,
  fsGroup: 10001,
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

/** A pod template on one node, with the label `app`. */
export function runnerPod(
  place: RunnerPlace,
  pod: {
    readonly name: string;
    readonly containers: readonly unknown[];
    readonly volumes: readonly unknown[];
  },
): Record<string, unknown> {
  return {
    metadata: { labels: { app: pod.name } },
    spec: {
      nodeSelector: { "kubernetes.io/hostname": place.node },
      terminationGracePeriodSeconds: 5,
      securityContext: SECURITY,
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      containers: pod.containers,
      volumes: pod.volumes,
    },
  };
}

/** A container of the runner image with a script of bash. */
export function runnerContainer(
  place: RunnerPlace,
  container: { readonly name: string; readonly script: string; readonly memory: string },
): Record<string, unknown> {
  return {
    name: container.name,
    image: place.image,
    imagePullPolicy: "IfNotPresent",
    command: ["bash", "-c", container.script],
    resources: {
      requests: { cpu: "10m", memory: container.memory },
      limits: { memory: container.memory },
    },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
}

/** A readiness probe that asks every second: a run waits for it. */
export function readyWhen(httpGet: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { httpGet, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 120 };
}
