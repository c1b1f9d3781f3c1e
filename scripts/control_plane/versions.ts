/** The programs of a control plane, in the order in which they are shown. */
export const PROGRAMS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "kwok",
] as const;

/** The name of a program, which is also the name of its file. */
export type ProgramName = typeof PROGRAMS[number];

/** What a real node needs of Kubernetes; got only where real nodes are asked for. */
export const NODE_PROGRAMS = ["kubelet", "kube-proxy"] as const;

/** The name of a program of a node. */
export type NodeProgramName = typeof NODE_PROGRAMS[number];

/** What makes a node of a machine, or of what kind takes for one; got only where an image for kind is made. */
export const KIND_PROGRAMS = ["kubeadm"] as const;

/** The name of a program for nodes of kind. */
export type KindProgramName = typeof KIND_PROGRAMS[number];

/** Any program that is fetched or built. */
export type AnyProgramName = ProgramName | NodeProgramName | KindProgramName;

/** The one Kubernetes version that is tested against. `module/go.mod` names the same. */
export const KUBERNETES_VERSION = "1.36.1";
/** The etcd that the Go build makes; the release that is downloaded may be another one of 3.6. */
export const ETCD_VERSION = "3.6.16";
/** The simulated nodes. */
export const KWOK_VERSION = "0.8.0";

/** The folder name in the cache: another version never meets the files of this one. */
export const VERSIONS_KEY = `kubernetes-${KUBERNETES_VERSION}_etcd-3.6_kwok-${KWOK_VERSION}`;

/** A file of an official release, and the programs in it. */
export interface Release {
  readonly url: string;
  readonly algorithm: "sha256" | "sha512";
  readonly checksum: string;
  /** Program to its path inside the archive; `"."` where the file itself is the program. */
  readonly members: Readonly<Partial<Record<AnyProgramName, string>>>;
}

/**
 * The official releases with checksums known before the download, by platform (`os-arch` in Go's words).
 * A platform that is not listed builds from source.
 *
 * Kubernetes: CHANGELOG-1.36.md of the Kubernetes repository, "Server Binaries" of v1.36.1.
 * etcd: SHA256SUMS of release v3.6.11, for which two independent records agree.
 * kwok: the release files of v0.8.0 as recorded by distribution packages (amd64: two independent records).
 * A wrong value could not let a changed file in: the file would be refused and built from source.
 */
export const RELEASES: Readonly<Record<string, readonly Release[]>> = {
  "linux-amd64": [
    kubernetesServer(
      "amd64",
      "1e88dcb75f4b6fde297a3305e62c3b17dd479baec86b0bd6f7cd3f3ba4421b3e" +
        "cf7f6ff5885ab75d3d611b68bc5844ad8af6416375f1a800c5e8e73f35aff19c",
    ),
    etcd("amd64", "8756f7a4eaf921668a83de0bf13c0f65cae9186a165696e3ae8396afe6f557ed"),
    kwok("amd64", "f5a4385a2ae1b9dd7f8acae18e002a75c0ebba124ae9d7259aa8dadb50711f46"),
  ],
  "linux-arm64": [
    kubernetesServer(
      "arm64",
      "d2eda4870d45b60408f7c1cad19a7772a85e8341b3cda9c132e4d9c445755416" +
        "81834671a8cffc76c18ded98a14795088a93dc007de2efd77d9e0ca859ea5d19",
    ),
    etcd("arm64", "5302f1a6157c34eb0568c75fba9d06da98353576df04399f08645bef634acd2d"),
    kwok("arm64", "628f7d277860f524a2a775c217adcc58828e7b59ab0933680315784f1b8b0e37"),
  ],
};

/** This machine, in Go's words: `linux-amd64`, `darwin-arm64`. */
export function platform(): string {
  return `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "amd64"}`;
}

function kubernetesServer(arch: string, checksum: string): Release {
  const folder = "kubernetes/server/bin";
  return {
    url: `https://dl.k8s.io/v${KUBERNETES_VERSION}/kubernetes-server-linux-${arch}.tar.gz`,
    algorithm: "sha512",
    checksum,
    members: {
      "kube-apiserver": `${folder}/kube-apiserver`,
      "kube-controller-manager": `${folder}/kube-controller-manager`,
      "kube-scheduler": `${folder}/kube-scheduler`,
      "kube-proxy": `${folder}/kube-proxy`,
      "kubeadm": `${folder}/kubeadm`,
      "kubectl": `${folder}/kubectl`,
      "kubelet": `${folder}/kubelet`,
    },
  };
}

function etcd(arch: string, checksum: string): Release {
  const release = "v3.6.11";
  const name = `etcd-${release}-linux-${arch}`;
  return {
    url: `https://github.com/etcd-io/etcd/releases/download/${release}/${name}.tar.gz`,
    algorithm: "sha256",
    checksum,
    members: { "etcd": `${name}/etcd` },
  };
}

function kwok(arch: string, checksum: string): Release {
  const folder = `https://github.com/kubernetes-sigs/kwok/releases/download/v${KWOK_VERSION}`;
  return {
    url: `${folder}/kwok-linux-${arch}`,
    algorithm: "sha256",
    checksum,
    members: { "kwok": "." },
  };
}
