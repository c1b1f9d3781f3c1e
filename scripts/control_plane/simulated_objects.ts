import { STORAGE_CLASS } from "./stages.ts";
import { KUBERNETES_VERSION, KWOK_VERSION } from "./versions.ts";

/** A node that kwok keeps alive, too large for any test to fill. */
export function simulatedNode(index: number): unknown {
  const name = `node-${index}`;
  const resources = { cpu: "1000", memory: "1Ti", "ephemeral-storage": "1Ti", pods: "10000" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: { "kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0" },
      labels: {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "meshwright.test/node": "simulated",
        "node-role.kubernetes.io/worker": "",
        "topology.kubernetes.io/zone": `zone-${index % 3}`,
      },
    },
    status: {
      allocatable: resources,
      capacity: resources,
      nodeInfo: {
        architecture: "amd64",
        bootID: "",
        containerRuntimeVersion: `kwok://${KWOK_VERSION}`,
        kernelVersion: "simulated",
        kubeProxyVersion: "",
        kubeletVersion: `v${KUBERNETES_VERSION}`,
        machineID: "",
        operatingSystem: "linux",
        osImage: "simulated",
        systemUUID: "",
      },
    },
  };
}

/** The default storage class. */
export function simulatedStorageClass(): unknown {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: {
      name: STORAGE_CLASS,
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: "meshwright.test/simulated",
    reclaimPolicy: "Retain",
    volumeBindingMode: "Immediate",
  };
}
