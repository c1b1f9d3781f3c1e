import { findBinaries } from "../control_plane/binaries.ts";
import { dockerBuilt } from "../kind/docker_build.ts";
import { engineObstacle } from "../kind/engine_packages.ts";
import { ownKindParts, runOnOwnKind } from "../kind/own_kind.ts";
import { prepareImages } from "./images.ts";
import { withKindCluster } from "./kind.ts";
import { type KindEngine, NODE_IMAGE, usableEngine } from "./kind_engine.ts";
import type { LocalRun } from "./plan.ts";
import { runOn } from "./run.ts";
import type { Making } from "./stored.ts";
import type { SuiteResult } from "./suite.ts";
import { TargetCluster } from "./target_cluster.ts";

/**
 * Runs the tests on a cluster of kind: with this machine's Docker and kind where they can be used, else with an engine, a kind
 * and a node image that are made for it.
 *
 * @param command runs this again
 * @returns the tally, or the exit code of what ran elsewhere
 * @throws {Error} that says why neither can be had
 */
export async function runOnKind(
  command: readonly string[],
  local: LocalRun,
): Promise<SuiteResult | number> {
  const { options, progress } = local;
  const engine = await usableEngine(options.nodeImage ?? NODE_IMAGE, local);
  if (typeof engine !== "string") return await runOnFound(engine, local);
  // An image that was asked for by its name is not replaced.
  if (options.nodeImage !== undefined) throw new Error(`Cannot use kind: ${engine}`);
  const obstacle = await engineObstacle();
  if (obstacle !== undefined) throw new Error(`Cannot use kind: ${engine}; and ${obstacle}`);
  progress(`${engine}: this makes an engine, kind and a node image of its own`);
  return await runOnOwnKind(command, local);
}

/**
 * Makes what {@linkcode runOnKind} takes from nothing, but for the images of the tests: where this machine's Docker and kind
 * can be used, nothing.
 */
export async function prepareKind(making: Making): Promise<void> {
  if (typeof await usableEngine(NODE_IMAGE, making) !== "string") return;
  if (await engineObstacle() === undefined) await ownKindParts(making);
}

async function runOnFound(
  engine: KindEngine,
  { options, progress, signal }: LocalRun,
): Promise<SuiteResult> {
  const programOf = options.dockerBuild ? dockerBuilt : undefined;
  const images = await prepareImages({ progress, signal }, programOf);
  const { kubectl: kubectlPath } = await findBinaries({ progress, signal });
  const { keep, nodeImage = NODE_IMAGE } = options;
  const run = { nodeImage, keep, images: [images.runner, images.program], progress, signal };
  return await withKindCluster(engine, run, async ({ folder, kubeconfigPath, workers: nodes }) => {
    const cluster = new TargetCluster({ choice: "kind", kubeconfigPath, kubectlPath, nodes });
    return await runOn(cluster, {
      images: { runner: images.runner.reference, program: images.program.reference },
      options,
      settingPath: `${folder}/e2e.json`,
      progress,
      signal,
    });
  });
}
