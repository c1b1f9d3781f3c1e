/** Where nobody but this machine looks. */
export const LOOPBACK_ADDRESS = "127.0.0.1";

/** Where the files and ports of one control plane are. */
export interface Site {
  readonly directory: string;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly serverPort: number;
  /** Where the API server listens. One that is not of the loopback interface becomes the endpoint of `kubernetes`. */
  readonly serverAddress: string;
}

/** Flags that come after ours; of a flag given twice the last one counts. */
export interface ExtraFlags {
  readonly apiServerFlags?: readonly string[] | undefined;
  readonly controllerManagerFlags?: readonly string[] | undefined;
}

/** Safe to lose: the data of a control plane lives no longer than its processes. */
export function etcdFlags(site: Omit<Site, "serverAddress">): readonly string[] {
  const client = `http://127.0.0.1:${site.etcdPort}`;
  const peer = `http://127.0.0.1:${site.etcdPeerPort}`;
  return [
    "--data-dir",
    `${site.directory}/etcd`,
    "--listen-client-urls",
    client,
    "--advertise-client-urls",
    client,
    "--listen-peer-urls",
    peer,
    "--initial-advertise-peer-urls",
    peer,
    "--initial-cluster",
    `default=${peer}`,
    "--unsafe-no-fsync",
    "--log-level",
    "warn",
  ];
}

/** RBAC and the default admission plugins, as in a real cluster. */
export function apiServerFlags(site: Site, extra: ExtraFlags): readonly string[] {
  const { directory } = site;
  return [
    `--etcd-servers=http://127.0.0.1:${site.etcdPort}`,
    `--bind-address=${site.serverAddress}`,
    `--secure-port=${site.serverPort}`,
    // It makes its own certificate there, signed by an authority that it adds to the same file.
    `--cert-dir=${directory}/pki`,
    `--token-auth-file=${directory}/tokens.csv`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${directory}/service-account.pub`,
    `--service-account-signing-key-file=${directory}/service-account.key`,
    "--service-cluster-ip-range=10.0.0.0/16",
    "--authorization-mode=Node,RBAC",
    "--allow-privileged=true",
    ...endpointFlags(site.serverAddress),
    "--profiling=false",
    ...extra.apiServerFlags ?? [],
  ];
}

// An endpoint of the Service `kubernetes` may not be a loopback address; simulated pods need none. What is advertised is
// among the names of the server's own certificate, next to the first address of the Services.
function endpointFlags(serverAddress: string): readonly string[] {
  return serverAddress === LOOPBACK_ADDRESS
    ? ["--endpoint-reconciler-type=none"]
    : [`--advertise-address=${serverAddress}`, "--kubelet-preferred-address-types=InternalIP"];
}

/** Quick enough for hundreds of StatefulSets at once; the node life-cycle controller takes taints off new nodes. */
export function controllerManagerFlags(site: Site, extra: ExtraFlags): readonly string[] {
  return [
    ...clientFlags(site),
    `--service-account-private-key-file=${site.directory}/service-account.key`,
    `--root-ca-file=${serverCertificatePath(site)}`,
    "--concurrent-gc-syncs=20",
    "--concurrent-job-syncs=20",
    "--concurrent-namespace-syncs=20",
    "--concurrent-statefulset-syncs=20",
    "--kube-api-qps=500",
    "--kube-api-burst=1000",
    "--profiling=false",
    ...extra.controllerManagerFlags ?? [],
  ];
}

export function schedulerFlags(site: Site): readonly string[] {
  return [
    ...clientFlags(site),
    "--kube-api-qps=500",
    "--kube-api-burst=1000",
    "--profiling=false",
  ];
}

/** Only nodes with our annotation are simulated, so that a real node may join beside them. */
export function kwokFlags(site: Site): readonly string[] {
  return [
    `--kubeconfig=${adminKubeconfigPath(site)}`,
    `--config=${kwokConfigPath(site)}`,
    "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
    // No --server-address and no --node-port: it listens nowhere.
    "--node-ip=127.0.0.1",
    "--cidr=10.244.0.0/16",
    "--node-lease-duration-seconds=40",
    "--v=WARN",
  ];
}

/** The kubeconfig of the administrator. */
export function adminKubeconfigPath(site: Pick<Site, "directory">): string {
  return `${site.directory}/kubeconfig`;
}

/** The API server's certificate, followed by the one that signed it. */
export function serverCertificatePath(site: Pick<Site, "directory">): string {
  return `${site.directory}/pki/apiserver.crt`;
}

/** What the simulated nodes do. */
export function kwokConfigPath(site: Pick<Site, "directory">): string {
  return `${site.directory}/stages.yaml`;
}

function clientFlags(site: Site): readonly string[] {
  const kubeconfig = adminKubeconfigPath(site);
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
    "--secure-port=0",
  ];
}
