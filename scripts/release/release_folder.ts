import { customResourceDefinitions } from "#api";
import { basename } from "node:path";
import settings from "../../deno.json" with { type: "json" };
import { yamlStream } from "../../src/cli/crds.ts";
import { INSTALL_FLAGS, installationFrom, installText } from "../../src/cli/install.ts";
import { parseArguments } from "../../src/cli/parse.ts";
import { ownLock } from "../audit.ts";
import { compileProgram } from "../compile.ts";
import { SHIPPED_ENTRIES } from "../compile/bundle.ts";
import { runProgram } from "../compile/program.ts";
import type { CompileBase } from "../compile/test_base.ts";
import { reported } from "../control_plane/progress.ts";
import { layerOf } from "../e2e/image_archive.ts";
import { megabytes } from "../e2e/layers.ts";
import { type Making, removeTree } from "../e2e/stored.ts";
import { writeProgramImage } from "../image/program_image.ts";
import { billOfMaterials } from "./bill_of_materials.ts";
import { writeArchive } from "./binary_archive.ts";
import type { CheckoutState } from "./checkout_state.ts";
import { licencesText, shippedPackages } from "./licences.ts";
import { lockedPackages, packageText } from "./locked_packages.ts";
import { releaseNotes } from "./notes.ts";

/** What to release. */
export interface ReleaseOptions extends Making {
  /** The folder that becomes the release; what was there goes. */
  readonly output: string;
  /** Systems to make a binary for. */
  readonly targets: readonly string[];
  /** Name of the image, in the manifest and in the archive. */
  readonly image: string;
  readonly withImage: boolean;
  readonly state: CheckoutState;
  /** What to compile on; this Deno when left out. */
  readonly base?: CompileBase;
}

const { version } = settings;
const TOP = new URL("../../", import.meta.url);
const SUMS = "SHA256SUMS";

/**
 * Makes everything that people get of a version, in one folder, whole or not at all: a binary for each system, the image,
 * the manifest that installs it, the definitions, what changed, what the binaries are made of, and checksums of all of it.
 *
 * @returns names of the files, sorted
 * @throws {Error} when something cannot be made here
 */
export async function makeRelease(options: ReleaseOptions): Promise<string[]> {
  const { output, state } = options;
  const folder = `${output}.unfinished`;
  await removeTree(folder);
  await Deno.mkdir(folder, { recursive: true });
  try {
    for (const target of options.targets) await addBinary(folder, { ...options, target });
    if (options.withImage) {
      const path = `${folder}/meshwright-${version}.oci.tar`;
      await writeProgramImage(path, { ...options, reference: options.image });
    }
    const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
    await write("install.yaml", `${installManifest(options.image)}\n`);
    await write("crds.yaml", `${yamlStream(customResourceDefinitions())}\n`);
    const changelog = await Deno.readTextFile(new URL("CHANGELOG.md", TOP));
    await write("NOTES.md", releaseNotes(version, { changelog, commits: state.commits }));
    await writeMaterials(write, state);
    await write(SUMS, await checksums(folder, options));
    await removeTree(output);
    await Deno.rename(folder, output);
  } finally {
    await removeTree(folder);
  }
  return await namesIn(output);
}

/** What the binaries hold: a bill of materials for programs, licences for people. */
async function writeMaterials(
  write: (name: string, text: string) => Promise<void>,
  { commit, date }: CheckoutState,
): Promise<void> {
  const packages = await shippedPackages(SHIPPED_ENTRIES);
  const bill = billOfMaterials(lockedPackages(await ownLock()), {
    version,
    commit,
    date,
    licence: settings.license,
    denoVersion: Deno.version.deno,
    shipped: new Map(packages.map((one) => [packageText(one), one.licence])),
  });
  await write(`meshwright-${version}.spdx.json`, `${JSON.stringify(bill, null, 2)}\n`);
  await write("LICENCES.md", licencesText(packages, Deno.version.deno));
}

async function addBinary(
  folder: string,
  options: ReleaseOptions & { readonly target: string },
): Promise<void> {
  const { target, base, progress } = options;
  const name = `meshwright-${version}-${target}`;
  const output = `${folder}/meshwright`;
  const own = target === Deno.build.target;
  try {
    await reported(
      `compile for ${target}`,
      () => compileProgram({ output, ...(own ? {} : { target }), ...(base ? { base } : {}) }),
      progress,
    );
  } catch (cause) {
    throw new Error(
      `Cannot make a binary for ${target} here; name the targets that can be made with --only`,
      { cause },
    );
  }
  if (own) await assertTells(output, options.state);
  await writeArchive(`${folder}/${name}.tar.gz`, [
    { name: `${name}/meshwright`, path: output, mode: 0o755 },
    { name: `${name}/LICENSE`, path: new URL("LICENSE", TOP).pathname, mode: 0o644 },
  ]);
  await Deno.remove(output);
}

/** A binary that runs here says what it is. */
async function assertTells(binary: string, { commit, date }: CheckoutState): Promise<void> {
  const told = await runProgram(binary, ["--version"]);
  if (told.startsWith(`meshwright ${version} (commit ${commit} of ${date}, `)) return;
  throw new Error(
    `Cannot release ${commit} of ${date}: the checkout changed meanwhile, the binary says ${told}`,
  );
}

function installManifest(image: string): string {
  const { flags } = parseArguments(["--image", image], { flags: INSTALL_FLAGS, env: {} });
  return installText(installationFrom(flags));
}

/** Lines as `sha256sum --check` reads them. */
async function checksums(folder: string, { progress }: Making): Promise<string> {
  let text = "";
  for (const name of await namesIn(folder)) {
    const { digest, sizeBytes } = await layerOf(`${folder}/${name}`);
    text += `${digest.replace("sha256:", "")}  ${name}\n`;
    progress(`${basename(name)}: ${megabytes(sizeBytes)}`);
  }
  return text;
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
}
