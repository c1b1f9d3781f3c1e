import { reported } from "../control_plane/progress.ts";
import { platform } from "../control_plane/versions.ts";
import { runGuarded } from "./guarded_run.ts";
import type { Layer } from "./image_archive.ts";
import { type LayerFolders, storedLayer } from "./layers.ts";
import { giveToRunner, PULSAR_VERSION, unpackLibraries } from "./pulsar_distribution.ts";
import { requiredProgram } from "./required_program.ts";
import type { Making } from "./stored.ts";

const SOURCES = new URL("../../tests/e2e/", import.meta.url);

/** Folders of functions that tests run, and of what stands in for runtimes that cannot be had. */
const FOLDERS = ["functions/java", "functions/python", "generic_standin", "go_standin"] as const;

/** For this version of Java and later ones. */
const JAVA_RELEASE = "17";

/** A time for files in archives: same sources, same bytes. */
const ARCHIVE_DATE = "2026-01-01T00:00:00Z";

/** A new one when the same sources make another layer. */
const RECIPE = 2;

/**
 * Functions that only the tests need: `/pulsar/e2e/functions.jar`, the same as an archive of connectors,
 * `/pulsar/e2e/connectors.nar`, `/pulsar/e2e/*.py`, `/pulsar/go-standin` and, for the generic runtime,
 * `pulsar_rust_instance`; the last two are stand-ins, as their sources say.
 *
 * @throws {Error} without javac and go
 */
export async function functionLayer(making: Making): Promise<Layer> {
  const sources = await sourceTexts();
  return await storedLayer({
    ...making,
    name: "e2e-functions",
    inputs: { sources, pulsar: PULSAR_VERSION, platform: platform(), recipe: RECIPE },
    make: (folders) => makeLayer(folders, making),
  });
}

/** All source files with their paths, sorted. */
async function sourceTexts(): Promise<[string, string][]> {
  const texts: [string, string][] = [];
  for (const folder of FOLDERS) {
    for await (const { name, isFile } of Deno.readDir(new URL(folder, SOURCES))) {
      if (!isFile) continue;
      const path = `${folder}/${name}`;
      texts.push([path, await Deno.readTextFile(new URL(path, SOURCES))]);
    }
  }
  return texts.sort(([one], [other]) => one < other ? -1 : 1);
}

async function makeLayer({ root, scratch }: LayerFolders, making: Making): Promise<void> {
  const pulsar = `${root}/pulsar`;
  const functions = `${pulsar}/e2e`;
  await Deno.mkdir(functions, { recursive: true });
  await Deno.mkdir(`${root}/usr/local/bin`, { recursive: true });
  for (const [path] of await sourceTexts()) {
    if (!path.endsWith(".py")) continue;
    await Deno.copyFile(new URL(path, SOURCES), `${functions}/${path.split("/").at(-1)}`);
  }
  const instance = `${root}/usr/local/bin/pulsar_rust_instance`;
  await Deno.copyFile(new URL("generic_standin/pulsar_rust_instance", SOURCES), instance);
  await Deno.chmod(instance, 0o755);
  const { progress, signal } = making;
  const logPath = `${scratch}/log`;
  await reported(
    "build the Go stand-in",
    () => buildGo(`${pulsar}/go-standin`, { ...making, logPath }),
    progress,
  );
  await reported(
    "compile the Java functions",
    () => buildJava(functions, { ...making, scratch, logPath }),
    progress,
  );
  await giveToRunner(pulsar, { logPath, signal });
}

async function buildGo(
  output: string,
  { logPath, progress, signal }: Making & { readonly logPath: string },
): Promise<void> {
  const program = await requiredProgram("go", {
    debianPackage: "golang",
    purpose: "builds the stand-in for functions in Go (1.25 or later)",
    progress,
  });
  await runGuarded("build the Go stand-in", {
    program,
    args: ["build", "-mod=readonly", "-trimpath", "-ldflags=-s -w -buildid=", "-o", output, "."],
    cwd: new URL("go_standin/", SOURCES).pathname,
    env: { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOWORK: "off" },
    logPath,
    signal,
  });
}

async function buildJava(
  folder: string,
  options: Making & { readonly scratch: string; readonly logPath: string },
): Promise<void> {
  const { scratch, logPath, progress, signal } = options;
  const debianPackage = `openjdk-${JAVA_RELEASE}-jdk-headless`;
  const purpose = `compiles functions in Java (${JAVA_RELEASE} or later)`;
  const need = (name: string) => requiredProgram(name, { debianPackage, purpose, progress });
  const javac = await need("javac");
  const program = await need("jar");
  const libraries = await unpackLibraries(`${scratch}/pulsar`, options);
  const classes = `${scratch}/classes`;
  const sources = (await sourceTexts()).map(([path]) => path).filter((path) =>
    path.endsWith(".java")
  );
  await runGuarded("compile the Java functions", {
    program: javac,
    args: [
      `--release=${JAVA_RELEASE}`,
      "-g:none",
      ...["-d", classes, "-classpath", `${libraries}/*`],
      ...sources.map((path) => new URL(path, SOURCES).pathname),
    ],
    logPath,
    signal,
  });
  const pack = (
    output: string,
    { cwd, names }: { readonly cwd: string; readonly names: string[] },
  ) =>
    runGuarded(`pack ${output}`, {
      program,
      args: ["--create", "--no-manifest", `--file=${output}`, `--date=${ARCHIVE_DATE}`, ...names],
      cwd,
      logPath,
      signal,
    });
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${classes}/meshwright/e2e`)) {
    names.push(`meshwright/e2e/${name}`);
  }
  await pack(`${folder}/functions.jar`, { cwd: classes, names: names.sort() });
  // As connectors are published: the archive with the classes lies in another one, beside what names them.
  const connectors = `${scratch}/connectors`;
  const [bundled, services] = ["META-INF/bundled-dependencies", "META-INF/services"];
  await Deno.mkdir(`${connectors}/${bundled}`, { recursive: true });
  await Deno.mkdir(`${connectors}/${services}`);
  await Deno.copyFile(`${folder}/functions.jar`, `${connectors}/${bundled}/functions.jar`);
  const about = new URL("functions/java/pulsar-io.yaml", SOURCES);
  await Deno.copyFile(about, `${connectors}/${services}/pulsar-io.yaml`);
  await pack(`${folder}/connectors.nar`, { cwd: connectors, names: [bundled, services] });
}
