import { type Binaries, findBinaries, findNodeBinaries } from "../control_plane/binaries.ts";
import { type ImageArchive } from "./image_archive.ts";
import { prepareNodeImage } from "./node_image.ts";
import { findSystemPrograms } from "./node_packages.ts";
import type { Making } from "./stored.ts";

/** Where each program of a cluster with real nodes is. */
export interface NodePrograms {
  readonly controlPlane: Binaries;
  readonly kubelet: string;
  readonly kubeProxy: string;
  readonly containerd: string;
  readonly ctr: string;
  readonly networkPluginFolder: string;
  /** Keeps a pod's network; small test pods may run it too. */
  readonly nodeImage: ImageArchive;
}

/**
 * Gets everything that a cluster with real nodes on this machine takes: the system's packages, Kubernetes' programs and
 * a small image. Minutes the first time, nothing afterwards; the network is needed the first time only.
 *
 * @throws {Error} when something cannot be had, naming what to install
 */
export async function prepareNodePrograms(making: Making): Promise<NodePrograms> {
  const system = await findSystemPrograms(making);
  const nodeImage = await prepareNodeImage(making);
  const controlPlane = await findBinaries(making);
  const node = await findNodeBinaries(making);
  return {
    controlPlane,
    kubelet: node.kubelet,
    kubeProxy: node["kube-proxy"],
    ...system,
    nodeImage,
  };
}
