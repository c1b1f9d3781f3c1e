import { reported } from "../control_plane/progress.ts";
import { runProgram } from "../compile/program.ts";
import { runGuarded } from "./guarded_run.ts";
import type { Layer } from "./image_archive.ts";
import { type LayerFolders, storedLayer } from "./layers.ts";
import { type MavenArtifact, mavenFile } from "./maven_artifact.ts";
import type { Making } from "./stored.ts";

/** The Pulsar that the end-to-end tests run. */
export const PULSAR_VERSION = "4.0.8";
/** Python of Debian 12, which the base of the runner image is. */
const PYTHON_VERSION = "3.11";
/** User and group of pods that run functions. */
export const RUNNER_OWNER = "10000:10001";

const GROUP = "org.apache.pulsar";
const DISTRIBUTION: MavenArtifact = {
  group: GROUP,
  name: "pulsar-server-distribution",
  version: PULSAR_VERSION,
  classifier: "bin",
  extension: "tar.gz",
  sha256: "35c7d064c9e0928edbf2e708989faba0379662f98aa84ce0d4190c59efb6765e",
};
/** A connector archive, published with the extension of a library. */
const DATA_GENERATOR: MavenArtifact = {
  group: GROUP,
  name: "pulsar-io-data-generator",
  version: PULSAR_VERSION,
  extension: "jar",
  sha256: "c18e151a29c172f8803724fe047a28aeffd2a4a95e5f4feed058fb912509d9c6",
};

/** Of the distribution; the rest is documents and licences. */
const FOLDERS = ["bin", "conf", "examples", "instances", "lib"];
/** That the images of functions have besides. */
const EMPTY_FOLDERS = ["connectors", "data", "download", "logs", "tmp"];
/** Libraries for other systems than this image's. */
const STRANGE_LIBRARY = {
  aarch64: /-(osx|windows)-|-linux-x86_64\.jar$/,
  x86_64: /-(osx|windows)-|-linux-aarch_64\.jar$/,
};

const WHEELS = new URL("python_packages.txt", import.meta.url);
const SOURCES = new URL("python_sources.txt", import.meta.url);

/** A new one when the same inputs make another layer. */
const RECIPE = 2;

/**
 * `/pulsar` as the public images of functions have it, with the broker's libraries too, and the Python client.
 *
 * @throws {Error} when Maven Central or PyPI cannot be reached
 */
export async function pulsarLayer(making: Making): Promise<Layer> {
  const requirements = await Promise.all([WHEELS, SOURCES].map((url) => Deno.readTextFile(url)));
  const artifacts = [DISTRIBUTION, DATA_GENERATOR];
  return await storedLayer({
    ...making,
    name: `pulsar-${PULSAR_VERSION}`,
    inputs: {
      artifacts,
      requirements,
      architecture: Deno.build.arch,
      compiled: await canCompile(),
      recipe: RECIPE,
    },
    make: (folders) => makeLayer(folders, making),
  });
}

/** Unpacks the libraries that functions are compiled against. @returns their folder */
export async function unpackLibraries(folder: string, making: Making): Promise<string> {
  await unpack(folder, { ...making, folders: ["lib"], logPath: `${folder}.log` });
  return `${folder}/lib`;
}

async function makeLayer({ root, scratch }: LayerFolders, making: Making): Promise<void> {
  const pulsar = `${root}/pulsar`;
  const logPath = `${scratch}/log`;
  await Deno.mkdir(pulsar);
  const connector = await mavenFile(DATA_GENERATOR, making);
  await unpack(pulsar, { ...making, folders: FOLDERS, logPath });
  for (const name of EMPTY_FOLDERS) await Deno.mkdir(`${pulsar}/${name}`);
  for await (const { name } of Deno.readDir(`${pulsar}/lib`)) {
    if (STRANGE_LIBRARY[Deno.build.arch].test(name)) await Deno.remove(`${pulsar}/lib/${name}`);
  }
  const { name, version } = DATA_GENERATOR;
  await Deno.copyFile(connector, `${pulsar}/connectors/${name}-${version}.nar`);
  await giveToRunner(pulsar, { logPath, signal: making.signal });
  const target = `${root}/usr/local/lib/python${PYTHON_VERSION}/dist-packages`;
  await Deno.mkdir(target, { recursive: true });
  await reported(
    `pip install of ${WHEELS.pathname.split("/").at(-1)}`,
    () => installPackages(target, { logPath, signal: making.signal }),
    making.progress,
  );
  await Deno.mkdir(`${root}/usr/local/bin`);
  await Deno.symlink("/usr/bin/python3", `${root}/usr/local/bin/python`);
}

/** To the user of functions; the group is what a container shares with the files when it runs as another user. */
export async function giveToRunner(
  folder: string,
  options: { readonly logPath: string; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const run = (program: string, mode: string) =>
    runGuarded(`${program} ${folder}`, { program, args: ["-R", mode, folder], ...options });
  await run("chmod", "g=u");
  await run("chown", RUNNER_OWNER);
}

async function unpack(
  folder: string,
  options: Making & { readonly folders: readonly string[]; readonly logPath: string },
): Promise<void> {
  const { folders, logPath, signal } = options;
  const file = await mavenFile(DISTRIBUTION, options);
  const top = `apache-pulsar-${PULSAR_VERSION}`;
  const members = folders.map((name) => `${top}/${name}`);
  await Deno.mkdir(folder, { recursive: true });
  await runGuarded(`unpack ${file}`, {
    program: "tar",
    args: ["-xzf", file, "-C", folder, "--strip-components=1", "--no-same-owner", ...members],
    logPath,
    signal,
  });
}

/** Exactly the listed files, for the Python of the image, whatever the Python of this machine. */
async function installPackages(
  target: string,
  options: { readonly logPath: string; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const machine = Deno.build.arch;
  const platforms = ["manylinux2014", "manylinux_2_17", "manylinux_2_28"];
  const wheels = [
    "--only-binary=:all:",
    "--implementation=cp",
    `--python-version=${PYTHON_VERSION}`,
    ...platforms.map((name) => `--platform=${name}_${machine}`),
  ];
  await pipInstall(WHEELS, { ...options, target, choices: wheels });
  await pipInstall(SOURCES, { ...options, target, choices: ["--no-binary=:all:"] });
  if (!await canCompile()) return;
  // Functions may not write there, and would compile it all at every start. Compiled files that are not compared with
  // their source hold no time.
  const mode = "--invalidation-mode=unchecked-hash";
  await runGuarded("compile Python packages", {
    program: "python3",
    args: [
      "-m",
      "compileall",
      "-q",
      mode,
      "-s",
      target,
      "-p",
      target.slice(target.indexOf("/usr/local")),
      target,
    ],
    ...options,
  });
}

/** Whether the Python of this machine is the version that is in the image. */
async function canCompile(): Promise<boolean> {
  const version = await runProgram("python3", ["--version"]);
  return version.startsWith(`Python ${PYTHON_VERSION}.`);
}

async function pipInstall(
  list: URL,
  options: {
    readonly target: string;
    readonly choices: readonly string[];
    readonly logPath: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  await runGuarded("install Python packages (it takes python3 with pip, and PyPI)", {
    program: "python3",
    args: [
      ...["-m", "pip", "install", "--disable-pip-version-check", "--root-user-action=ignore"],
      // Compiled files would tell when they were compiled.
      ...["--no-compile", "--no-deps", "--require-hashes", "--quiet"],
      ...options.choices,
      ...["--requirement", list.pathname, "--target", options.target],
    ],
    logPath: options.logPath,
    signal: options.signal,
  });
}
