import { progressOnStderr } from "../control_plane/progress.ts";
import type { EnginePackages } from "./engine_packages.ts";
import { type LayerImage, OwnEngine, siteInSandbox } from "./own_engine.ts";

/** What is built, and of what: prepared outside of the sandbox that the engine runs in. */
export interface BuildPlan {
  readonly packages: EnginePackages;
  readonly bases: readonly LayerImage[];
  /** The context, a clone of the checkout's commit. */
  readonly context: string;
  readonly dockerfile: string;
  readonly commit: string;
  readonly reference: string;
  /** Where the image and what is known of it go. */
  readonly output: string;
}

/** What is known of an image that was built. */
export interface BuiltFacts {
  /** What `--version` says. */
  readonly version: string;
  /** What `docker image inspect` says is its configuration. */
  readonly config: {
    readonly User: string;
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
  /** The whole commit that it was built of. */
  readonly commit: string;
}

/** In a sandbox with the machine's network: builds the image of a plan, asks it for its version and saves it. */
export async function buildInSandbox(plan: BuildPlan): Promise<void> {
  const { site } = siteInSandbox({ hasNetworks: false });
  await using engine = await OwnEngine.start(site, { packages: plan.packages });
  for (const base of plan.bases) await engine.take(base, { progress: progressOnStderr });
  await build(engine, plan);
  const known = await factsOf(engine, plan);
  await engine.docker(["save", "--output", `${plan.output}/image.tar`, plan.reference]);
  await Deno.writeTextFile(`${plan.output}/facts.json`, JSON.stringify(known));
}

async function build(engine: OwnEngine, plan: BuildPlan): Promise<void> {
  const { context, dockerfile, commit, reference } = plan;
  // In a folder that neither Git nor the build looks at. Of one outside of the context Docker puts a copy into it and changes
  // .dockerignore: the binary would say that it is of other sources than its commit's.
  const path = `${context}/dist/Dockerfile`;
  await Deno.mkdir(`${context}/dist`, { recursive: true });
  await Deno.writeTextFile(path, dockerfile);
  // The builder of old takes images that the engine has; the newer one is a program of its own in later releases.
  const env = { ...engine.env, DOCKER_BUILDKIT: "0" };
  const { success } = await new Deno.Command("docker", {
    args: [
      ...["build", "--network", "host", "--file", path],
      ...["--tag", reference, "--build-arg", `COMMIT=${commit}`, context],
    ],
    env,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("Cannot build the Dockerfile: see above");
}

async function factsOf(engine: OwnEngine, { commit, reference }: BuildPlan): Promise<BuiltFacts> {
  const version = await engine.docker(["run", "--rm", "--network=host", reference, "--version"]);
  const config = await engine.docker(["image", "inspect", "--format={{json .Config}}", reference]);
  return { version, config: JSON.parse(config), commit };
}
