import { runProgram } from "../compile/program.ts";
import { reported } from "../control_plane/progress.ts";
import { KUBERNETES_VERSION } from "../control_plane/versions.ts";
import { debianLayer } from "../e2e/debian_root.ts";
import { runGuarded } from "../e2e/guarded_run.ts";
import type { ImageArchive, Layer } from "../e2e/image_archive.ts";
import { type LayerFolders, storedLayer } from "../e2e/layers.ts";
import { prepareNodeImage } from "../e2e/node_image.ts";
import { KERNEL_SETTINGS } from "../e2e/sandbox.ts";
import type { Making } from "../e2e/stored.ts";
import { kindArchives } from "./node_archives.ts";
import {
  manifestText,
  networkObjects,
  nodeContainerdToml,
  storageObjects,
} from "./node_manifests.ts";
import { type KindNodePrograms, kindNodePrograms, type KindProgram } from "./node_programs.ts";
import { NETWORK_ROOT, NODE_ROOT } from "./node_roots.ts";
import { ARCHIVES, CHROOTED, entrypointText, importScript, UNITS } from "./node_steps.ts";

/** The name of the image that is made here. */
export const OWN_NODE_IMAGE = `localhost/meshwright-kind-node:v${KUBERNETES_VERSION}`;

/** How a container of it starts, in the words of `docker import --change`. */
export const NODE_CHANGES: readonly string[] = [
  "ENV container=docker",
  'ENTRYPOINT ["/usr/local/bin/node-entrypoint", "/sbin/init"]',
];

const NETWORK_SCRIPT = new URL("./node/pod_network.sh", import.meta.url).pathname;

/** A new one when the same parts make another image. */
const RECIPE = 1;

/**
 * Makes the image of a node of kind as one layer: Debian with systemd and containerd, kind's own files, Kubernetes and the
 * images that kubeadm starts, unpacked. Minutes the first time, nothing afterwards.
 *
 * @throws {Error} where this is not root on Linux, or a part cannot be had
 */
export async function kindNodeLayer(kind: KindProgram, making: Making): Promise<Layer> {
  const programs = await kindNodePrograms(making);
  const pause = await prepareNodeImage(making);
  const debian = await debianLayer({ ...making, ...NODE_ROOT });
  const network = await debianLayer({ ...making, ...NETWORK_ROOT });
  const texts = await nodeTexts(pause);
  return await storedLayer({
    ...making,
    name: "kind-node",
    inputs: {
      programs,
      texts,
      steps: [UNITS, CHROOTED, importScript([]), await Deno.readTextFile(NETWORK_SCRIPT)],
      parts: [kind.baseFiles, debian.digest, network.digest, pause.path],
      recipe: RECIPE,
    },
    make: (folders) => makeNode(folders, { making, programs, texts, kind, debian, network, pause }),
  });
}

/** Files of a node that are written here, by path. */
async function nodeTexts(pause: ImageArchive): Promise<Readonly<Record<string, string>>> {
  const template = await Deno.readTextFile(new URL("./node/entrypoint", import.meta.url));
  return {
    "usr/local/bin/node-entrypoint": entrypointText(template, KERNEL_SETTINGS),
    "etc/containerd/config.toml": nodeContainerdToml(pause.reference),
    // Groups of version 1 are refused by kubelets from 1.35 on, unless they are told.
    "etc/default/kubelet":
      "KUBELET_EXTRA_ARGS=--runtime-cgroups=/system.slice/containerd.service --fail-cgroupv1=false\n",
    "kind/manifests/default-cni.yaml": manifestText(networkObjects()),
    "kind/manifests/default-storage.yaml": manifestText(storageObjects()),
    "kind/version": `v${KUBERNETES_VERSION}`,
  };
}

interface NodeParts {
  readonly making: Making;
  readonly programs: KindNodePrograms;
  readonly texts: Readonly<Record<string, string>>;
  readonly kind: KindProgram;
  readonly debian: Layer;
  readonly network: Layer;
  readonly pause: ImageArchive;
}

async function makeNode({ root, scratch }: LayerFolders, parts: NodeParts): Promise<void> {
  const { making, debian, network, pause, programs } = parts;
  const { progress, signal } = making;
  const [logPath, archives] = [`${scratch}/log`, `${scratch}/archives`];
  await Deno.mkdir(archives);
  const chrooted = (what: string, script: string) =>
    runGuarded(what, {
      program: "unshare",
      args: [
        ...["--mount", "--pid", "--net", "--propagation=private", "--fork", "--kill-child=KILL"],
        ...["--", "/bin/sh", "-ec", CHROOTED, "sh", root, archives, script],
      ],
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
      logPath,
      signal,
    });
  await reported("laying out the root of a node", async () => {
    await runGuarded("unpack a Debian", {
      program: "tar",
      args: ["--extract", `--file=${debian.path}`, "--numeric-owner", `--directory=${root}`],
      logPath,
      signal,
    });
    await addFiles(root, parts);
    await chrooted("choose the units of a node", UNITS);
  }, progress);
  const layers = await kindArchives(archives, {
    ...making,
    programs,
    pause,
    debian: network,
    networkScript: NETWORK_SCRIPT,
  });
  const script = importScript(layers);
  const importAll = () => chrooted("give a node its images", script);
  await reported("unpacking the images of a node", importAll, progress);
  await Deno.remove(`${root}${ARCHIVES}`);
  // Each node gets one of its own.
  await Deno.writeTextFile(`${root}/etc/machine-id`, "");
}

async function addFiles(root: string, { kind, programs, texts }: NodeParts): Promise<void> {
  const copy = (from: string, to: string) =>
    runProgram("cp", ["-R", "--no-preserve=mode,ownership", from, to]);
  for (const name of ["etc", "kind"]) await copy(`${kind.baseFiles}/${name}`, root);
  for (
    const name of ["create-kubelet-cgroup-v2.sh", "mount-product-files.sh", "undo-mount-hacks.sh"]
  ) {
    await Deno.chmod(`${root}/kind/bin/${name}`, 0o755);
  }
  const executables = {
    "usr/local/bin/entrypoint": `${kind.baseFiles}/usr/local/bin/entrypoint`,
    "usr/bin/kubeadm": programs.kubeadm,
    "usr/bin/kubectl": programs.controlPlane.kubectl,
    "usr/bin/kubelet": programs.kubelet,
  };
  for (const [name, path] of Object.entries(executables)) {
    await Deno.copyFile(path, `${root}/${name}`);
    await Deno.chmod(`${root}/${name}`, 0o755);
  }
  for (const folder of ["etc/kubernetes/manifests", "kind/manifests", "opt/cni"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  }
  for (const [name, text] of Object.entries(texts)) {
    await Deno.writeTextFile(`${root}/${name}`, text);
  }
  await Deno.chmod(`${root}/usr/local/bin/node-entrypoint`, 0o755);
  // Where the images of others look for plugins.
  await Deno.symlink("/usr/lib/cni", `${root}/opt/cni/bin`);
}
