import { runProgram } from "../compile/program.ts";
import {
  architecture,
  type ImageArchive,
  type ImageConfig,
  layerOf,
  writeImageArchive,
} from "./image_archive.ts";
import { programPath } from "./node_packages.ts";
import { isThere, type Making, stored } from "./stored.ts";

/** The image of one static program: what a pod's network is kept by, and what small test pods run. */
export const NODE_IMAGE = "localhost/meshwright-e2e-node:1";

const BUSYBOX = "busybox-static";
const FILE = "node-image.tar";
/**
 * It sleeps for 68 years, and takes notice of the end of what others leave to it, as Kubernetes' own does: where the processes
 * of a pod are one list it is the first of them.
 */
const CONFIG: ImageConfig = {
  entrypoint: ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 2147483647 & wait; done"],
  cmd: [],
};

/**
 * Makes the image of Debian's static busybox, once a machine. Without arguments a container of it sleeps.
 *
 * @throws {Error} when the package can be neither found on this machine nor downloaded
 */
export async function prepareNodeImage(making: Making): Promise<ImageArchive> {
  const folder = await stored({
    ...making,
    name: "node-image",
    inputs: [NODE_IMAGE, BUSYBOX, architecture(), CONFIG],
    make: async (folder) => {
      const temporary = await Deno.makeTempDir({ dir: folder });
      await writeNodeImage(`${folder}/${FILE}`, { temporary, signal: making.signal });
      await Deno.remove(temporary, { recursive: true });
    },
  });
  return { reference: NODE_IMAGE, path: `${folder}/${FILE}` };
}

async function writeNodeImage(
  path: string,
  options: { readonly temporary: string; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { temporary, signal } = options;
  const root = `${temporary}/root`;
  for (const name of ["bin", "etc", "tmp"]) {
    await Deno.mkdir(`${root}/${name}`, { recursive: true });
  }
  await Deno.chmod(`${root}/tmp`, 0o1777);
  await Deno.copyFile(await unpackBusybox(temporary), `${root}/bin/busybox`);
  await Deno.chmod(`${root}/bin/busybox`, 0o755);
  const names = await runProgram(`${root}/bin/busybox`, ["--list"]);
  for (const name of names.trim().split("\n")) {
    if (name !== "busybox") await Deno.symlink("busybox", `${root}/bin/${name}`);
  }
  const layer = `${temporary}/layer.tar`;
  const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  await runProgram("tar", ["-C", root, ...same, "-cf", layer, "."]);
  await writeImageArchive(path, {
    reference: NODE_IMAGE,
    layers: [await layerOf(layer)],
    config: CONFIG,
    signal,
  });
}

/** Without installing it: it would take the place of a busybox that the machine may have. */
async function unpackBusybox(temporary: string): Promise<string> {
  const aptGet = await programPath("apt-get");
  if (aptGet === undefined) {
    throw new Error(`Cannot make ${NODE_IMAGE}: there is no apt-get here to download ${BUSYBOX}`);
  }
  const download = `cd "$1" && "$2" download -q ${BUSYBOX} && dpkg-deb -x ${BUSYBOX}_*.deb package`;
  await runProgram("/bin/sh", ["-c", download, "sh", temporary, aptGet]);
  for (const path of ["bin/busybox", "usr/bin/busybox"]) {
    if (await isThere(`${temporary}/package/${path}`)) return `${temporary}/package/${path}`;
  }
  throw new Error(`Cannot make ${NODE_IMAGE}: package ${BUSYBOX} has no busybox`);
}
