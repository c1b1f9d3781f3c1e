import { fileURLToPath } from "node:url";
import { runProgram } from "../compile/program.ts";
import { reported } from "../control_plane/progress.ts";
import type { ImageArchive } from "../e2e/image_archive.ts";
import { insideSandbox } from "../e2e/sandbox.ts";
import { type Making, stored } from "../e2e/stored.ts";
import { baseImages } from "./docker_bases.ts";
import { buildInSandbox, type BuildPlan, type BuiltFacts } from "./docker_builder.ts";
import { baseNames, offlineDockerfile } from "./dockerfile_variant.ts";
import { engineObstacle, enginePackages } from "./engine_packages.ts";

/** An image that `docker build` made. */
export interface BuiltImage extends ImageArchive {
  readonly facts: BuiltFacts;
}

/** A new one when the same commit is built in another way. */
const RECIPE = 2;

const TOP = new URL("../../", import.meta.url);

/** Why the Dockerfile cannot be built on this machine, if it cannot. */
export async function dockerBuildObstacle(): Promise<string | undefined> {
  if (Deno.build.arch !== "x86_64") return "what it compiles on for tests is for x86-64";
  return await engineObstacle();
}

/**
 * Builds the Dockerfile of the checkout's commit (not what was changed since) with an engine of its own, on local images, and
 * saves the image; once a commit.
 *
 * @throws {Error} with what Docker said
 */
export async function dockerBuilt(making: Making): Promise<BuiltImage> {
  const top = fileURLToPath(TOP);
  const git = (...args: string[]) => runProgram("git", ["-C", top, ...args]);
  const commit = (await git("rev-parse", "HEAD")).trim();
  if ((await git("status", "--porcelain")).trim() !== "") {
    making.progress(
      `docker build takes the commit ${commit.slice(0, 12)}, without what was changed`,
    );
  }
  const dockerfile = await git("show", "HEAD:Dockerfile");
  const packages = await enginePackages(making);
  const bases = await baseImages(baseNames(dockerfile), making);
  const reference = `localhost/meshwright-docker:${commit.slice(0, 12)}`;
  const folder = await stored({
    ...making,
    name: "docker-built",
    inputs: {
      commit,
      version: packages.version,
      bases: bases.map(({ layer }) => layer.digest),
      recipe: RECIPE,
    },
    async make(output) {
      const context = `${output}/context`;
      await git("clone", "--quiet", "--depth=1", `file://${top}`, context);
      const plan: BuildPlan = {
        packages,
        bases,
        context,
        dockerfile: offlineDockerfile(dockerfile),
        commit,
        reference,
        output,
      };
      await Deno.writeTextFile(`${output}/plan.json`, JSON.stringify(plan));
      await build(`${output}/plan.json`, making);
      await Deno.remove(context, { recursive: true });
    },
  });
  const facts: BuiltFacts = JSON.parse(await Deno.readTextFile(`${folder}/facts.json`));
  return { reference, path: `${folder}/image.tar`, facts };
}

async function build(planPath: string, { progress, signal }: Making): Promise<void> {
  const command = [Deno.execPath(), "run", "-A", import.meta.filename ?? "", planPath];
  const run = () => insideSandbox(command, { signal, network: "machine" });
  const code = await reported("docker build", run, progress);
  signal?.throwIfAborted();
  if (code !== 0) throw new Error(`Cannot build the Dockerfile: exit code ${code}`);
}

// Run again in a sandbox, with the path of a plan.
if (import.meta.main) {
  const plan: BuildPlan = JSON.parse(await Deno.readTextFile(Deno.args[0] ?? ""));
  await buildInSandbox(plan);
}
