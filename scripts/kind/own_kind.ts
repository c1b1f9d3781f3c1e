import { findBinaries } from "../control_plane/binaries.ts";
import { copyStore } from "../e2e/image_store.ts";
import type { Layer } from "../e2e/image_archive.ts";
import { type E2eImages, prepareImages } from "../e2e/images.ts";
import { withKindCluster } from "../e2e/kind.ts";
import { KindEngine } from "../e2e/kind_engine.ts";
import { type LocalRun, runPlanned } from "../e2e/plan.ts";
import { runInSandbox } from "../e2e/sandboxed_run.ts";
import type { Making } from "../e2e/stored.ts";
import type { SuiteResult } from "../e2e/suite.ts";
import { TargetCluster } from "../e2e/target_cluster.ts";
import { dockerBuilt } from "./docker_build.ts";
import { type EnginePackages, enginePackages } from "./engine_packages.ts";
import { engineStore } from "./engine_store.ts";
import { kindNodeLayer, NODE_CHANGES, OWN_NODE_IMAGE } from "./node_image.ts";
import { kindProgram } from "./node_programs.ts";
import { OwnEngine, siteInSandbox } from "./own_engine.ts";

/** What an engine and a cluster of one's own are made of. */
export interface OwnKindParts {
  readonly packages: EnginePackages;
  readonly kindPath: string;
  /** The node image. */
  readonly node: Layer;
}

/** What was prepared outside. */
export interface KindPlan extends OwnKindParts {
  readonly cluster: "kind";
  readonly kubectlPath: string;
  readonly images: E2eImages;
}

/**
 * Makes a Docker engine, kind and its node image out of what Debian's mirror and Go's proxy have; once a machine.
 *
 * @throws {Error} that says what cannot be had
 */
export async function ownKindParts(making: Making): Promise<OwnKindParts> {
  const packages = await enginePackages(making);
  const kind = await kindProgram(making);
  return { packages, kindPath: kind.kind, node: await kindNodeLayer(kind, making) };
}

/**
 * Outside: makes {@linkcode ownKindParts} and the images, then runs this command again in a sandbox with them. Answers its
 * exit code.
 *
 * @throws {Error} that says what cannot be had
 */
export async function runOnOwnKind(
  command: readonly string[],
  { options, progress, signal }: LocalRun,
): Promise<number> {
  const making = { progress, signal };
  const parts = await ownKindParts(making);
  const images = await prepareImages(making, options.dockerBuild ? dockerBuilt : undefined);
  const { kubectl: kubectlPath } = await findBinaries(making);
  const plan: KindPlan = {
    cluster: "kind",
    ...parts,
    kubectlPath,
    images,
  };
  return await runPlanned(command, plan, { signal, network: "loopback" });
}

/** Inside: starts the engine and the cluster, and runs the tests, or a shell command, on it. */
export async function runOwnKind(plan: KindPlan, run: LocalRun): Promise<SuiteResult | number> {
  const { images, kindPath, kubectlPath, packages } = plan;
  const { progress, signal } = run;
  const { facts, site } = siteInSandbox({ hasNetworks: true });
  const image = { reference: OWN_NODE_IMAGE, layer: plan.node, changes: NODE_CHANGES };
  const store = await engineStore(image, {
    packages,
    progress,
    signal,
    site: { ...site, folder: `${facts.folder}/first-engine` },
  });
  await copyStore(store, `${facts.outsideFolder}/docker`);
  await using engine = await OwnEngine.start(site, { packages, signal });
  progress(`${packages.version} answers`);
  const kind = new KindEngine(kindPath, { ...engine.env, TMPDIR: facts.folder });
  const cluster = {
    nodeImage: OWN_NODE_IMAGE,
    images: [images.runner, images.program],
    keep: false,
    parentFolder: facts.folder,
    progress,
    signal,
  };
  return await withKindCluster(kind, cluster, async ({ kubeconfigPath, workers: nodes }) => {
    const target = new TargetCluster({ choice: "kind", kubeconfigPath, kubectlPath, nodes });
    return await runInSandbox(target, { run, images });
  });
}
