import { errorText } from "#base";
import { runProgram } from "../compile/program.ts";
import { downloadFile } from "../control_plane/download.ts";
import { reported } from "../control_plane/progress.ts";
import { layerOf } from "./image_archive.ts";
import { megabytes } from "./layers.ts";
import { programPath } from "./required_program.ts";
import { type Making, stored } from "./stored.ts";

/** A file of Maven Central. */
export interface MavenArtifact {
  readonly group: string;
  readonly name: string;
  readonly version: string;
  /** Such as `bin`. */
  readonly classifier?: string;
  readonly extension: string;
  /** Of the file, in hexadecimal digits. */
  readonly sha256: string;
}

/** How to get a file. */
export interface MavenOptions extends Making {
  /** Where to ask first; Maven Central when left out. */
  readonly repository?: string;
}

const CENTRAL = "https://repo1.maven.org/maven2";

/**
 * Fetches a file once: from Maven Central itself, or by the `mvn` of this machine, which may know a way of its own.
 *
 * @returns its path
 * @throws {Error} when there is neither way, or the file is another one
 */
export async function mavenFile(artifact: MavenArtifact, options: MavenOptions): Promise<string> {
  const fileName = fileNameOf(artifact);
  const folder = await stored({
    ...options,
    name: artifact.name,
    inputs: artifact,
    make: (folder) => fetchInto(`${folder}/${fileName}`, { artifact, ...options }),
  });
  return `${folder}/${fileName}`;
}

async function fetchInto(
  file: string,
  options: MavenOptions & { readonly artifact: MavenArtifact },
): Promise<void> {
  const { artifact, repository = CENTRAL, progress, signal } = options;
  const url = urlOf(artifact, repository);
  try {
    const source = { url, algorithm: "sha256" } as const;
    await reported(`download ${url}`, () => downloadFile(source, { file, signal }), progress);
  } catch (error) {
    signal?.throwIfAborted();
    progress(`download ${url}: not possible: ${errorText(error)}`);
    await reported(`mvn ${coordinates(artifact)}`, () => copyByMaven(artifact, file), progress);
  }
  const { digest, sizeBytes } = await layerOf(file);
  progress(`${fileNameOf(artifact)} has ${megabytes(sizeBytes)}`);
  if (digest === `sha256:${artifact.sha256}`) return;
  throw new Error(
    `Cannot use ${fileNameOf(artifact)}: its digest is ${digest} instead of ${artifact.sha256}`,
  );
}

async function copyByMaven(artifact: MavenArtifact, file: string): Promise<void> {
  if (await programPath("mvn") === undefined) {
    throw new Error(
      `Cannot get ${
        urlOf(artifact, CENTRAL)
      }: connect to Maven Central, or install Maven (Debian: ` +
        "apt-get install maven) with settings that reach a mirror of it",
    );
  }
  await runProgram("mvn", [
    "--batch-mode",
    "--quiet",
    "dependency:copy",
    `-Dartifact=${coordinates(artifact)}`,
    `-DoutputDirectory=${file}.folder`,
  ]);
  await Deno.rename(`${file}.folder/${fileNameOf(artifact)}`, file);
  await Deno.remove(`${file}.folder`);
}

function coordinates({ group, name, version, extension, classifier }: MavenArtifact): string {
  return [group, name, version, extension, ...(classifier ? [classifier] : [])].join(":");
}

function fileNameOf({ name, version, extension, classifier }: MavenArtifact): string {
  return `${name}-${version}${classifier ? `-${classifier}` : ""}.${extension}`;
}

function urlOf(artifact: MavenArtifact, repository: string): string {
  const { group, name, version } = artifact;
  return `${repository}/${group.replaceAll(".", "/")}/${name}/${version}/${fileNameOf(artifact)}`;
}
