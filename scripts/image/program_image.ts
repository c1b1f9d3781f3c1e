import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { anyBase, bundleFor, compileBundle } from "../compile.ts";
import { buildOfCheckout } from "../compile/bundle.ts";
import type { CompileBase } from "../compile/test_base.ts";
import { reported } from "../control_plane/progress.ts";
import { debianLayer } from "../e2e/debian_root.ts";
import type { ImageConfig, Layer } from "../e2e/image_archive.ts";
import { type LayerFolders, storedLayer } from "../e2e/layers.ts";
import type { Making } from "../e2e/stored.ts";
import { type Copy, type LastStage, lastStage } from "./dockerfile.ts";

/** What the image of the program is made of. */
export interface ProgramImage {
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
  /** Of the program. */
  readonly version: string;
  /** Whether it was compiled on a base that is good for tests only. */
  readonly isForTestsOnly: boolean;
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
export async function programImage(making: Making): Promise<ProgramImage> {
  const build = await buildOfCheckout();
  const text = await Deno.readTextFile(new URL("Dockerfile", TOP));
  const stage = lastStage(text, { COMMIT: build.commit });
  const base = await anyBase();
  const debian = await debianLayer({
    ...making,
    suite: suiteOf(stage),
    packages: [],
    script: stage.script,
  });
  const top = await binaryLayer(stage, { ...making, base });
  return {
    layers: [debian, top],
    config: { ...configOf(stage), created: `${build.date}T00:00:00Z` },
    version: stage.labels["org.opencontainers.image.version"] ?? "",
    isForTestsOnly: base.runtime !== undefined,
  };
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
        bundle: await folderDigest(main.slice(0, main.lastIndexOf("/"))),
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
    await Deno.mkdir(output.slice(0, output.lastIndexOf("/")), { recursive: true });
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

/** A digest of all files directly in a folder, with their names. */
async function folderDigest(folder: string): Promise<string> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  const hash = createHash("sha256");
  for (const name of names.sort()) {
    const bytes = await Deno.readFile(`${folder}/${name}`);
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}
