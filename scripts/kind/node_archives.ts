import { runProgram } from "../compile/program.ts";
import { reported } from "../control_plane/progress.ts";
import { KUBERNETES_VERSION } from "../control_plane/versions.ts";
import { type ImageArchive, type Layer, writeImageArchive } from "../e2e/image_archive.ts";
import { packed } from "../e2e/layers.ts";
import type { Making } from "../e2e/stored.ts";
import { POD_NETWORK_IMAGE } from "./node_manifests.ts";
import type { KindNodePrograms } from "./node_programs.ts";

/** What the images of a node are made of. */
export interface ArchiveParts extends Making {
  readonly programs: KindNodePrograms;
  /** Keeps the network of a pod. */
  readonly pause: ImageArchive;
  /** The Debian of kube-proxy and of the pods' network. */
  readonly debian: Layer;
  /** Path of the program of the pods' network. */
  readonly networkScript: string;
}

/**
 * Makes the images that kubeadm starts, each of one program, under the names that kubeadm asks for, and that of the pods'
 * network: as archives in a folder.
 *
 * @returns digests of all their layers, sorted
 */
export async function kindArchives(
  folder: string,
  parts: ArchiveParts,
): Promise<readonly string[]> {
  const scratch = await Deno.makeTempDir({ dir: folder });
  const writer = new ArchiveWriter({ folder, scratch }, parts);
  const write = () => writeAll(writer, parts);
  await reported("writing the images of a node", write, parts.progress);
  await Deno.remove(scratch, { recursive: true });
  await Deno.copyFile(parts.pause.path, `${folder}/pause.tar`);
  return writer.layers;
}

/** Writes archives, and knows of which layers. */
class ArchiveWriter {
  readonly #digests = new Set<string>();
  readonly #folders: { readonly folder: string; readonly scratch: string };
  readonly #making: Making;

  constructor(
    folders: { readonly folder: string; readonly scratch: string },
    { progress, signal }: Making,
  ) {
    this.#folders = folders;
    this.#making = { progress, signal };
  }

  get layers(): readonly string[] {
    return [...this.#digests].sort();
  }

  /** A layer of some files, by the paths that they have in it. */
  async layer(name: string, files: Readonly<Record<string, string>>): Promise<Layer> {
    const root = `${this.#folders.scratch}/${name}`;
    for (const [path, from] of Object.entries(files)) {
      const to = `${root}/${path}`;
      await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
      await Deno.copyFile(from, to);
      await Deno.chmod(to, 0o755);
    }
    await Deno.chmod(root, 0o755);
    const layer = await packed(root, { ...this.#making, output: `${root}.tar` });
    await Deno.remove(root, { recursive: true });
    return layer;
  }

  /** An archive of an image whose container runs the program of that name. */
  async archive(name: string, { reference, layers }: {
    readonly reference: string;
    readonly layers: readonly Layer[];
  }): Promise<void> {
    for (const { digest } of layers) this.#digests.add(digest);
    await writeImageArchive(`${this.#folders.folder}/${name}.tar`, {
      reference,
      layers,
      config: { entrypoint: [`/usr/local/bin/${name}`] },
      signal: this.#making.signal,
    });
  }
}

async function writeAll(
  writer: ArchiveWriter,
  { programs, debian, networkScript }: ArchiveParts,
): Promise<void> {
  const { controlPlane, coredns, kubeadm, kubeProxy } = programs;
  const references = await kubeadmImages(kubeadm);
  const single = {
    "coredns": coredns,
    "etcd": controlPlane.etcd,
    "kube-apiserver": controlPlane["kube-apiserver"],
    "kube-controller-manager": controlPlane["kube-controller-manager"],
    "kube-scheduler": controlPlane["kube-scheduler"],
  };
  for (const [name, program] of Object.entries(single)) {
    const layer = await writer.layer(name, { [`usr/local/bin/${name}`]: program });
    await writer.archive(name, { reference: referenceOf(name, references), layers: [layer] });
  }
  const network = await writer.layer("network", {
    "usr/local/bin/kube-proxy": kubeProxy,
    "usr/local/bin/kubectl": controlPlane.kubectl,
    "usr/local/bin/pod-network": networkScript,
  });
  const layers = [debian, network];
  await writer.archive("kube-proxy", { reference: referenceOf("kube-proxy", references), layers });
  await writer.archive("pod-network", { reference: POD_NETWORK_IMAGE, layers });
}

/** The images that kubeadm starts, with the tags that it knows. */
async function kubeadmImages(kubeadm: string): Promise<readonly string[]> {
  const words = ["config", "images", "list", `--kubernetes-version=v${KUBERNETES_VERSION}`];
  return (await runProgram(kubeadm, words)).trim().split("\n");
}

/**
 * The one reference whose last part, without its tag, is a name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { referenceOf } from "./node_archives.ts";
 * const references = ["registry.k8s.io/etcd:3", "registry.k8s.io/coredns/coredns:v1"];
 * assertEquals(referenceOf("coredns", references), "registry.k8s.io/coredns/coredns:v1");
 * ```
 */
export function referenceOf(name: string, references: readonly string[]): string {
  const found = references.find((reference) => reference.includes(`/${name}:`));
  if (found === undefined) throw new Error(`Cannot name the image ${name}: kubeadm asks for none`);
  return found;
}
