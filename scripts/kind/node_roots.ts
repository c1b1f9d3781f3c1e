/** The Debians that an image for nodes of kind is made of. */
import type { DebianRecipe } from "../e2e/debian_root.ts";

/** systemd 252 of bookworm starts on groups of processes of version 1 too; those of later releases do not. */
const SUITE = "bookworm";

/** What kube-proxy and the network of pods run in. */
export const NETWORK_ROOT: Pick<DebianRecipe, "packages" | "suite"> = {
  suite: SUITE,
  packages: ["conntrack", "iproute2", "iptables", "kmod", "nftables"],
};

/** What a node is. */
export const NODE_ROOT: Pick<DebianRecipe, "packages" | "suite"> = {
  suite: SUITE,
  packages: [
    "ca-certificates",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "curl",
    "dbus",
    "ebtables",
    "ethtool",
    "iproute2",
    "iptables",
    "jq",
    "kmod",
    "mount",
    "nftables",
    "procps",
    "runc",
    "socat",
    "systemd",
    "systemd-sysv",
  ],
};
