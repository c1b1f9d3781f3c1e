import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFor, compileBundle } from "../compile.ts";
import { buildOfCheckout, filesBelow } from "../compile/bundle.ts";
import type { CompileBase } from "../compile/test_base.ts";
import { reported } from "../control_plane/progress.ts";
import { debianLayer } from "../e2e/debian_root.ts";
import {
  type ImageArchive,
  type ImageConfig,
  type Layer,
  writeImageArchive,
} from "../e2e/image_archive.ts";
import { type LayerFolders, storedLayer } from "../e2e/layers.ts";
import type { Making } from "../e2e/stored.ts";
import { type Copy, type LastStage, lastStage } from "./dockerfile.ts";

/** What the image of the program is made of. */
export interface ProgramImage {
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
  /** Of the program. */
  readonly version: string;
}

/** How to make it. */
export interface ProgramImageOptions extends Making {
  /** What to compile the binary on; this Deno when left out. */
  readonly base?: CompileBase;
}

const TOP = new URL("../../", import.meta.url);
/** What the build stage of the Dockerfile makes. */
const BINARY: Copy = { stage: "build", source: "/meshwright", target: "" };
/** Debian by its number in names of images. */
const SUITES = { "12": "bookworm", "13": "trixie" } as const;

/**
 * Makes the layers of the image by following the last stage of `Dockerfile`: a Debian with its packages and user, and on
 * it the binary. The Debian is the newest of its number, where Docker takes the point release that is named.
 *
 * @throws {Error} when this is not root on Linux, and what {@linkcode debianLayer} and the compiler throw
 */
export async function programImage(options: ProgramImageOptions): Promise<ProgramImage> {
  const build = await buildOfCheckout();
  const text = await Deno.readTextFile(new URL("Dockerfile", TOP));
  const stage = lastStage(text, { COMMIT: build.commit });
  const { progress, signal, base = { deno: Deno.execPath() } } = options;
  const debian = await debianLayer({
    progress,
    signal,
    suite: suiteOf(stage),
    packages: [],
    script: stage.script,
  });
  const top = await binaryLayer(stage, { progress, signal, base });
  return {
    layers: [debian, top],
    config: { ...configOf(stage), created: `${build.date}T00:00:00Z` },
    version: stage.labels["org.opencontainers.image.version"] ?? "",
  };
}

/** Makes the image as an archive; its name is `meshwright:VERSION` unless it is given one. */
export async function writeProgramImage(
  path: string,
  options: ProgramImageOptions & { readonly reference?: string },
): Promise<ImageArchive> {
  const { layers, config, version } = await programImage(options);
  const { reference = `meshwright:${version}`, progress, signal } = options;
  await Deno.mkdir(dirname(path), { recursive: true });
  const parts = { reference, layers, config, signal };
  return await reported(`write ${path}`, () => writeImageArchive(path, parts), progress);
}

/** How the image starts, as the Dockerfile says. */
export function configOf(stage: LastStage): ImageConfig {
  const { env, labels, user, exposedPorts, entrypoint, cmd } = stage;
  return { env, labels, user, exposedPorts, entrypoint, cmd };
}

function suiteOf({ from }: LastStage): "bookworm" | "trixie" {
  const [, number] = /^debian:(\d+)\./.exec(from) ?? [];
  const suite = Object.entries(SUITES).find(([known]) => known === number)?.[1];
  if (suite === undefined) {
    throw new Error(`Cannot make ${from} without Docker: it is no known Debian`);
  }
  return suite;
}

async function binaryLayer(
  { copies }: LastStage,
  options: Making & { readonly base: CompileBase },
): Promise<Layer> {
  const folder = await Deno.makeTempDir({ prefix: "meshwright-image-" });
  try {
    const main = await bundleFor({}, folder);
    const texts = copies.filter(({ stage }) => stage === undefined).map(({ source }) =>
      Deno.readTextFile(new URL(source, TOP))
    );
    return await storedLayer({
      ...options,
      name: "program",
      inputs: {
        bundle: await folderDigest(dirname(main)),
        copies,
        texts: await Promise.all(texts),
        base: options.base,
        deno: Deno.version.deno,
      },
      make: (folders) => copyInto(folders, { ...options, copies, main }),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function copyInto(
  { root }: LayerFolders,
  options: Making & {
    readonly base: CompileBase;
    readonly copies: readonly Copy[];
    readonly main: string;
  },
): Promise<void> {
  for (const { stage, source, target } of options.copies) {
    const output = `${root}${target}`;
    await Deno.mkdir(dirname(output), { recursive: true });
    if (stage === undefined) {
      await Deno.copyFile(fileURLToPath(new URL(source, TOP)), output);
      await Deno.chmod(output, 0o644);
    } else if (stage === BINARY.stage && source === BINARY.source) {
      const compile = () => compileBundle(options.main, { output, base: options.base });
      await reported("compile the program", compile, options.progress);
      await Deno.chmod(output, 0o755);
    } else throw new Error(`Cannot copy ${source} of stage ${stage} without Docker`);
  }
}

/** A digest of all files below a folder, with their paths. */
async function folderDigest(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const path of (await filesBelow(folder)).sort()) {
    const bytes = await Deno.readFile(path);
    hash.update(`${path.slice(folder.length)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}
