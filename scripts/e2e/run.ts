import { durationText, type Progress } from "../control_plane/progress.ts";
import { collectEvidence, forgetEvidence } from "./collect.ts";
import { prepareEnvironment } from "./environment.ts";
import type { E2eOptions } from "./options.ts";
import { programComplaints } from "./program_health.ts";
import type { E2eSetting } from "./setting.ts";
import { runSuite, type SuiteResult, writeSetting } from "./suite.ts";
import type { TargetCluster } from "./target_cluster.ts";

/** A cluster that is ready to be tested on, and what to do there. */
export interface RunOptions {
  readonly images: E2eSetting["images"];
  readonly options: E2eOptions;
  /** Where the setting is written. */
  readonly settingPath: string;
  /** Logs of the cluster's own programs, where they can be had. */
  readonly nodeLogsFolder?: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Prepares the environment and runs the tests there; what is known about failures is kept. */
export async function runOn(cluster: TargetCluster, run: RunOptions): Promise<SuiteResult> {
  const { images, options, settingPath, progress, signal, nodeLogsFolder } = run;
  const { failureFolder, recordFolder, only, jobs } = options;
  const startMs = performance.now();
  const evidence = {
    folder: failureFolder,
    ...nodeLogsFolder === undefined ? {} : { nodeLogsFolder },
  };
  await forgetEvidence(failureFolder);
  let result: SuiteResult;
  try {
    const setting = await prepareEnvironment(cluster, {
      images,
      failureFolder,
      ...recordFolder === undefined ? {} : { recordFolder },
      progress,
    });
    await writeSetting(settingPath, setting);
    progress(`cluster prepared (${durationText(performance.now() - startMs)})`);
    result = await runSuite(settingPath, { only, jobs, progress, signal });
    const complaints = await programComplaints(cluster);
    for (const complaint of complaints) progress(`the program is not well: ${complaint}`);
    if (complaints.length > 0) result = { ...result, failed: result.failed + 1 };
  } catch (error) {
    await collectEvidence(cluster, evidence);
    progress(`what the cluster said is in ${failureFolder}`);
    throw error;
  }
  if (result.failed > 0) {
    await collectEvidence(cluster, evidence);
    progress(`what is known about the failures is in ${failureFolder}`);
  }
  progress(`tests done (${durationText(performance.now() - startMs)})`);
  return result;
}
