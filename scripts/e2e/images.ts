import { anyBase } from "../compile.ts";
import { reported } from "../control_plane/progress.ts";
import { programImage } from "../image/program_image.ts";
import { debianLayer } from "./debian_root.ts";
import { functionLayer } from "./function_layer.ts";
import {
  architecture,
  type ImageArchive,
  type ImageConfig,
  type Layer,
  writeImageArchive,
} from "./image_archive.ts";
import { tagOf } from "./layers.ts";
import { PULSAR_VERSION, pulsarLayer, RUNNER_OWNER } from "./pulsar_distribution.ts";
import { type Making, stored } from "./stored.ts";

/** What the end-to-end tests run in pods. */
export interface E2eImages {
  /** Pulsar's broker, runners of functions in Java, Python and (stand-ins) Go and generic, and tools of the tests. */
  readonly runner: ImageArchive;
  /** This program. */
  readonly program: ImageArchive;
}

/** Java runs the broker and functions, git and Python the toolbox, procps ends processes. */
const RUNNER_PACKAGES = [
  "ca-certificates",
  "git",
  "openjdk-17-jre-headless",
  "procps",
  "python3",
  "wget",
];

/**
 * Makes the images of the end-to-end tests, as far as they are not there: the runner once, the program's once for each
 * state of the checkout. It takes root on Linux, debootstrap, tar, python3 with pip, go, javac, and their registries.
 *
 * @param programOf makes the program's image in another way
 *
 * # Guarantees
 * Parallel callers share one making. When one image fails, the work on the other stops before the error is thrown.
 *
 * @throws {Error} that says what is missing
 */
export async function prepareImages(
  options: Making,
  programOf: (making: Making) => Promise<ImageArchive> = programArchive,
): Promise<E2eImages> {
  const failure = new AbortController();
  const signals = [failure.signal, ...(options.signal ? [options.signal] : [])];
  const making = { ...options, signal: AbortSignal.any(signals) };
  const stopOthers = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  };
  const works = [stopOthers(runnerArchive(making)), stopOthers(programOf(making))];
  await Promise.allSettled(works);
  const [runner, program] = await Promise.all(works);
  if (runner === undefined || program === undefined) throw new Error("Cannot make all images");
  return { runner, program };
}

async function runnerArchive(making: Making): Promise<ImageArchive> {
  const [user, group] = RUNNER_OWNER.split(":");
  const works = [
    debianLayer({
      ...making,
      suite: "bookworm",
      packages: RUNNER_PACKAGES,
      script: [
        `groupadd --gid ${group} pulsar`,
        `useradd --uid ${user} --gid ${group} --home-dir /pulsar --shell /bin/bash pulsar`,
      ].join("\n"),
    }),
    pulsarLayer(making),
    functionLayer(making),
  ];
  await Promise.allSettled(works);
  return await keptArchive({
    ...making,
    name: "meshwright-e2e-runner",
    version: PULSAR_VERSION,
    layers: await Promise.all(works),
    config: {
      env: {
        GID: group ?? "",
        JAVA_HOME: `/usr/lib/jvm/java-17-openjdk-${architecture()}`,
        LANG: "C.UTF-8",
        PULSAR_ROOT_LOGGER: "INFO,CONSOLE",
        UID: user ?? "",
        USER: "pulsar",
      },
      user: RUNNER_OWNER,
      workingFolder: "/pulsar",
    },
  });
}

async function programArchive(making: Making): Promise<ImageArchive> {
  const image = await programImage({ ...making, base: await anyBase() });
  return await keptArchive({ ...making, name: "meshwright", ...image });
}

interface ArchiveRecipe extends Making {
  readonly name: string;
  readonly version: string;
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
}

/** An archive under a name that says what is in it: a node that has that name has that image. */
async function keptArchive(recipe: ArchiveRecipe): Promise<ImageArchive> {
  const { name, version, layers, config, progress, signal } = recipe;
  const digests = layers.map(({ digest }) => digest);
  const reference = `localhost/${name}:${tagOf(version, { digests, config })}`;
  const folder = await stored({
    name: `image-${name}`,
    inputs: { reference },
    progress,
    signal,
    async make(folder) {
      const parts = { reference, layers, config, signal };
      const write = () => writeImageArchive(`${folder}/image.tar`, parts);
      await reported(`write image ${reference}`, write, progress);
    },
  });
  return { reference, path: `${folder}/image.tar` };
}
