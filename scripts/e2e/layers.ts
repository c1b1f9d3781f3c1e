import { reported } from "../control_plane/progress.ts";
import { runGuarded } from "./guarded_run.ts";
import { type Layer, layerOf } from "./image_archive.ts";
import { contentKey, type Making, stored } from "./stored.ts";

/** What becomes a layer. */
export interface LayerRecipe extends Making {
  readonly name: string;
  /** All that decides what comes out, besides how a folder becomes a layer. */
  readonly inputs: unknown;
  /** Fills `root`, the folder that becomes the layer; `scratch` is for all else and removed afterwards. */
  readonly make: (folders: LayerFolders) => Promise<void>;
}

/** Where a layer is made. */
export interface LayerFolders {
  readonly root: string;
  readonly scratch: string;
}

/** Newer times become this one, so that it does not matter when a layer is made. */
const NEWEST = "2026-01-01 00:00:00Z";

/** Another way to pack makes other layers. */
const PACKING = { newest: NEWEST, version: 1 };

/** Makes a layer, unless it is there. */
export async function storedLayer(recipe: LayerRecipe): Promise<Layer> {
  const folder = await stored({
    ...recipe,
    inputs: { inputs: recipe.inputs, packing: PACKING },
    async make(folder) {
      const folders = { root: `${folder}/root`, scratch: `${folder}/scratch` };
      for (const path of Object.values(folders)) await Deno.mkdir(path);
      // The folder becomes / of a container, which everybody may look into.
      await Deno.chmod(folders.root, 0o755);
      await recipe.make(folders);
      const layer = await packed(folders.root, { ...recipe, output: `${folder}/layer.tar` });
      for (const path of Object.values(folders)) await Deno.remove(path, { recursive: true });
      const { digest, sizeBytes } = layer;
      await Deno.writeTextFile(`${folder}/layer.json`, JSON.stringify({ digest, sizeBytes }));
    },
  });
  const { digest, sizeBytes } = JSON.parse(await Deno.readTextFile(`${folder}/layer.json`)) as Omit<
    Layer,
    "path"
  >;
  return { path: `${folder}/layer.tar`, digest, sizeBytes };
}

/** How to pack. */
export interface Packing extends Making {
  readonly output: string;
}

/** Packs a folder as a layer: sorted, without names of users and groups, and with no time later than {@linkcode NEWEST}. */
export async function packed(folder: string, options: Packing): Promise<Layer> {
  const { output, progress, signal } = options;
  const logPath = `${output}.log`;
  const pack = async () => {
    await runGuarded(`pack ${output}`, {
      program: "tar",
      args: [
        "--create",
        `--file=${output}`,
        "--format=gnu",
        "--sort=name",
        "--numeric-owner",
        `--mtime=${NEWEST}`,
        "--clamp-mtime",
        // Devices and the like are made by whoever runs the container.
        ...["dev", "proc", "sys"].map((name) => `--exclude=./${name}/*`),
        `--directory=${folder}`,
        ".",
      ],
      logPath,
      // Names are sorted by their bytes, whatever the language.
      env: { LC_ALL: "C", TZ: "UTC" },
      signal,
    });
    await Deno.remove(logPath);
    return await layerOf(output);
  };
  const layer = await reported(`pack ${nameOf(output)}`, pack, progress);
  progress(`${nameOf(output)} has ${megabytes(layer.sizeBytes)}, ${layer.digest.slice(0, 19)}`);
  return layer;
}

/** A size as a person reads it. */
export function megabytes(sizeBytes: number): string {
  return `${(sizeBytes / 1e6).toFixed(sizeBytes < 1e7 ? 1 : 0)} MB`;
}

/** A name of an image for what is in it: other layers or another way to start make another tag. */
export function tagOf(version: string, content: unknown): string {
  return `${version}-${contentKey(content)}`;
}

/** The folder of a kept layer says what it is. */
function nameOf(output: string): string {
  return output.split("/").filter((part) => part !== "unfinished").slice(-2).join("/");
}
