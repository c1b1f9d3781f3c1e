import { type Making, removeTree, stored } from "../e2e/stored.ts";
import type { EngineSite } from "./engine_files.ts";
import type { EnginePackages } from "./engine_packages.ts";
import { type LayerImage, OwnEngine } from "./own_engine.ts";

/** What of an engine's data is images; all else is made anew by the next engine, and written to while it runs. */
const IMAGE_FOLDERS: readonly string[] = ["image", "overlay2"];

/** A new one when the same image is kept in another way. */
const RECIPE = 1;

/**
 * What an engine keeps on its disk when it knows an image: made by the engine itself, once for this image.
 *
 * @param site where to run it, in a sandbox; nothing of it runs afterwards
 * @returns the folder, to be given to `copyStore`, and never to an engine
 */
export async function engineStore(
  image: LayerImage,
  options: Making & { readonly packages: EnginePackages; readonly site: EngineSite },
): Promise<string> {
  const { packages, progress, signal, site } = options;
  const { changes, layer, reference } = image;
  return await stored({
    progress,
    signal,
    name: "docker-store",
    inputs: [packages.version, reference, layer.digest, changes, RECIPE],
    async make(folder) {
      await using engine = await OwnEngine.start({ ...site, dataFolder: folder }, options);
      await engine.take(image, options);
      await engine.stop();
      for await (const { name } of Deno.readDir(folder)) {
        if (!IMAGE_FOLDERS.includes(name)) await removeTree(`${folder}/${name}`);
      }
    },
  });
}
