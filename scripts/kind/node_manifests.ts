/** What kind applies to a new cluster out of its node image, and what containerd is told there. No effects here. */
import type { KubeObject } from "#base";

/** The image of the pods' network, which only nodes of our own have. */
export const POD_NETWORK_IMAGE = "localhost/meshwright-pod-network:1";

const NAME = "pod-network";
/** What kind's pods have when its configuration names no other range. */
const POD_CIDR = "10.244.0.0/16";

/** The network of pods: one program a node, which may read nodes. */
export function networkObjects(): KubeObject[] {
  const metadata = { name: NAME, namespace: "kube-system" };
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: NAME };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: NAME },
      rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: NAME },
      roleRef: role,
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
    networkDaemon(metadata),
  ];
}

function networkDaemon(metadata: KubeObject["metadata"]): KubeObject {
  const labels = { app: NAME };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata,
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: NAME,
          // Pods have a network only once it runs: it takes the node's, on every node.
          hostNetwork: true,
          priorityClassName: "system-node-critical",
          tolerations: [{ operator: "Exists" }],
          terminationGracePeriodSeconds: 1,
          containers: [{
            name: NAME,
            image: POD_NETWORK_IMAGE,
            imagePullPolicy: "Never",
            env: [
              { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
              { name: "POD_CIDR", value: POD_CIDR },
            ],
            securityContext: { capabilities: { add: ["NET_ADMIN", "NET_RAW"] } },
            volumeMounts: [
              { name: "configuration", mountPath: "/etc/cni/net.d" },
              { name: "lock", mountPath: "/run/xtables.lock" },
            ],
          }],
          volumes: [
            { name: "configuration", hostPath: { path: "/etc/cni/net.d" } },
            { name: "lock", hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" } },
          ],
        },
      },
    },
  };
}

/** The default storage class, which kind's own image has too; nothing here makes volumes. */
export function storageObjects(): KubeObject[] {
  return [{
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: {
      name: "standard",
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
  } as KubeObject];
}

/** Objects as a file that kubectl reads. */
export function manifestText(objects: readonly KubeObject[]): string {
  return objects.map((object) => `${JSON.stringify(object, null, 2)}\n`).join("---\n");
}

/** containerd's configuration in a node. @param pauseImage what keeps the network of a pod */
export function nodeContainerdToml(pauseImage: string): string {
  const cri = `plugins."io.containerd.grpc.v1.cri"`;
  return `version = 2
[${cri}]
  sandbox_image = "${pauseImage}"
  # Where a process may not have CAP_SYS_RESOURCE, none makes itself a lesser victim than its parent.
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  [${cri}.containerd]
    # kind's entrypoint puts another one here where the file system needs it.
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    discard_unpacked_layers = true
    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.runc.options]
        SystemdCgroup = true
  [${cri}.cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
`;
}
