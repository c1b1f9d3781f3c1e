/** What the programs of a node are told: the text of their files. No effects here. */

/** The bridge that all pods of the cluster are on, whatever their node. */
export const BRIDGE = {
  name: "mw0",
  /** Gateway of the pods; the API server listens here. */
  address: "10.244.0.1",
  cidr: "10.244.0.0/16",
  prefixLength: 16,
  /** Fixed: otherwise it would change with every pod that joins. */
  macAddress: "02:00:0a:f4:00:01",
} as const;

/** Where Services have their addresses; the first one is the API server's. */
export const SERVICE_CIDR = "10.0.0.0/16";
/** An address of a Service that nobody answers at: the cluster has no DNS, and a look-up fails at once. */
export const DNS_ADDRESS = "10.0.0.10";

/** One node of the cluster; all are in the same network namespace, each with an address of its own. */
export interface NodeSite {
  readonly name: string;
  /** On the bridge. */
  readonly address: string;
  /** Pods of this node have addresses from here, first and last. */
  readonly podAddresses: readonly [string, string];
  /** Its files; short, as it holds sockets. */
  readonly folder: string;
  /** The cgroup that its pods are in, from the root of each hierarchy. */
  readonly cgroup: string;
}

/** Node number `index`, from 1.
 *
 * @throws {RangeError} for numbers that have no addresses: 1 to 100 have
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nodeSite } from "./node_files.ts";
 * const site = nodeSite(2, { folder: "/run/x", cgroup: "/x" });
 * assertEquals(site.name, "node-2");
 * assertEquals(site.address, "10.244.0.12");
 * assertEquals(site.podAddresses, ["10.244.2.1", "10.244.2.254"]);
 * ```
 */
export function nodeSite(
  index: number,
  parent: { readonly folder: string; readonly cgroup: string },
): NodeSite {
  if (!Number.isInteger(index) || index < 1 || index > 100) {
    throw new RangeError(`Cannot place node ${index}: there are addresses for 1 to 100`);
  }
  const name = `node-${index}`;
  return {
    name,
    address: `10.244.0.${10 + index}`,
    podAddresses: [`10.244.${index}.1`, `10.244.${index}.254`],
    folder: `${parent.folder}/${name}`,
    cgroup: `${parent.cgroup}/${name}`,
  };
}

/** What containerd listens on. */
export function containerdSocket({ folder }: Pick<NodeSite, "folder">): string {
  return `${folder}/containerd.sock`;
}

/** The network configuration of a node: one file in a folder of its own. */
export function networkPath({ folder }: Pick<NodeSite, "folder">): string {
  return `${folder}/net.d/10-pods.conflist`;
}

/** containerd's configuration in its version 2, which 1.6, 1.7 and 2.x read. */
export function containerdToml(
  site: NodeSite,
  options: {
    readonly pauseImage: string;
    readonly networkPluginFolder: string;
    readonly snapshotter: "overlayfs" | "native";
  },
): string {
  const { folder, address } = site;
  const cri = `plugins."io.containerd.grpc.v1.cri"`;
  const runc = `${cri}.containerd.runtimes.runc`;
  return `version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-state"
[grpc]
  address = "${containerdSocket(site)}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[${cri}]
  # A process without CAP_SYS_RESOURCE may not make itself a lesser victim than its parent.
  restrict_oom_score_adj = true
  # Loading a profile would change the machine.
  disable_apparmor = true
  sandbox_image = "${options.pauseImage}"
  stream_server_address = "${address}"
  [${cri}.containerd]
    snapshotter = "${options.snapshotter}"
    default_runtime_name = "runc"
    [${runc}]
      runtime_type = "io.containerd.runc.v2"
      [${runc}.options]
        SystemdCgroup = false
  [${cri}.cni]
    bin_dir = "${options.networkPluginFolder}"
    conf_dir = "${folder}/net.d"
`;
}

/** Pods on the common bridge, each node with addresses of its own. */
export function networkJson(site: NodeSite): string {
  const [rangeStart, rangeEnd] = site.podAddresses;
  const gateway = BRIDGE.address;
  return jsonText({
    cniVersion: "0.4.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: BRIDGE.name,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: `${site.folder}/addresses`,
          ranges: [[{ subnet: BRIDGE.cidr, rangeStart, rangeEnd, gateway }]],
          routes: [{ dst: "0.0.0.0/0", gw: gateway }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  });
}

/**
 * A kubelet that leaves alone what belongs to the machine: no cgroup but its own, no eviction because of what others use.
 * Anybody in the sandbox may ask it anything.
 */
export function kubeletJson(site: NodeSite): string {
  return jsonText({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: site.address,
    healthzBindAddress: site.address,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    containerRuntimeEndpoint: `unix://${containerdSocket(site)}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: site.cgroup,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    evictionHard: {},
    // 100: images that were imported are never collected, however full the disk is.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    localStorageCapacityIsolation: false,
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: "cluster.local",
    resolvConf: "",
    podLogsDir: `${site.folder}/pod-logs`,
    volumePluginDir: `${site.folder}/volume-plugins`,
    serializeImagePulls: false,
  });
}

/** Flags of the kubelet that have no place in its file. */
export function kubeletFlags(
  site: NodeSite,
  options: { readonly kubeconfigPath: string },
): readonly string[] {
  return [
    `--config=${site.folder}/kubelet.json`,
    `--kubeconfig=${options.kubeconfigPath}`,
    `--root-dir=${site.folder}/kubelet`,
    `--cert-dir=${site.folder}/pki`,
    `--hostname-override=${site.name}`,
    `--node-ip=${site.address}`,
    "--v=1",
  ];
}

/** One kube-proxy for all nodes: they share their network namespace. */
export function kubeProxyJson(options: {
  readonly kubeconfigPath: string;
  readonly nodeName: string;
}): string {
  return jsonText({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    clientConnection: { kubeconfig: options.kubeconfigPath },
    clusterCIDR: BRIDGE.cidr,
    hostnameOverride: options.nodeName,
    // 0: tables and time-outs of connections stay as they are.
    conntrack: {
      maxPerCore: 0,
      min: 0,
      tcpCloseWaitTimeout: "0s",
      tcpEstablishedTimeout: "0s",
    },
    // Pods are on one bridge: without another source address, answers would go past what has to translate them back.
    iptables: { masqueradeAll: true, minSyncPeriod: "0s" },
    oomScoreAdj: 0,
  });
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
