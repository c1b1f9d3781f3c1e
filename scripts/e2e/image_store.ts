import { runProgram } from "../compile/program.ts";
import { reported } from "../control_plane/progress.ts";
import type { ImageArchive } from "./image_archive.ts";
import { LocalNode, type NodeOptions } from "./local_node.ts";
import type { NodeSite } from "./node_files.ts";
import { type Making, stored } from "./stored.ts";

/** From this size on an image is kept unpacked: what is large takes long to unpack, and changes rarely. */
const LARGE_BYTES = 512 << 20;

/** Those of some images that are worth keeping unpacked. */
export async function largeImages(
  archives: readonly ImageArchive[],
): Promise<readonly ImageArchive[]> {
  const sizes = await Promise.all(archives.map(async ({ path }) => (await Deno.stat(path)).size));
  return archives.filter((_, index) => (sizes[index] ?? 0) >= LARGE_BYTES);
}

/**
 * What containerd has on its disk when it knows some images: made by containerd itself, once for these images.
 *
 * @param site where to run it; nothing of it runs afterwards
 * @returns the folder, to be given to `copyStore`, and never to containerd
 */
export async function imageStore(
  archives: readonly ImageArchive[],
  options: NodeOptions & { readonly making: Making; readonly site: NodeSite },
): Promise<string> {
  const { making, site, programs } = options;
  const version = await runProgram(programs.containerd, ["--version"]);
  const references = archives.map(({ reference }) => reference).sort();
  return await stored({
    ...making,
    name: "image-store",
    inputs: [version, programs.nodeImage.reference, ...references],
    async make(folder) {
      // Its root is a link, so that what it writes is there already when it ends.
      await Deno.mkdir(site.folder, { recursive: true });
      await Deno.symlink(folder, `${site.folder}/containerd`);
      await using node = await LocalNode.start(site, options);
      for (const archive of archives) {
        const what = `unpacking ${archive.reference}`;
        await reported(what, () => node.importImage(archive), making.progress);
      }
    },
  });
}

/**
 * Gives a node a store of its own, in a second: files of images never change, so that links to them will do; what
 * containerd writes to is copied.
 *
 * @param folder on the same mount as the store
 */
export async function copyStore(store: string, folder: string): Promise<void> {
  const script = `cp -a --link -- "$1" "$2" &&
    find "$2" -maxdepth 2 -name '*.db' -exec cp -a -- {} {}.copy \\; -exec mv -- {}.copy {} \\;`;
  await runProgram("/bin/sh", ["-ec", script, "sh", store, folder]);
}
