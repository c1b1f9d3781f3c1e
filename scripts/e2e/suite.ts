import { E2E_FOLDER, testFiles } from "./test_files.ts";
import { type E2eSetting, SETTING_VARIABLE } from "./setting.ts";
import type { Progress } from "../control_plane/progress.ts";
import {
  againAlone,
  checkTypes,
  closingLine,
  runFile,
  runSideBySide,
  totalOf,
} from "../stage/file_runs.ts";

/** Which tests to run, and how. */
export interface SuiteOptions {
  /** Parts of names of test files; empty for all. */
  readonly only: readonly string[];
  readonly jobs: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** How a suite ended. */
export interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
}

const TEST: readonly string[] = [
  "test",
  // Named, because in a kept sandbox there is no folder to start from.
  "--config",
  new URL("../../deno.json", import.meta.url).pathname,
  "-A",
  "--no-prompt",
  "--sanitize-ops",
  "--sanitize-resources",
];

/** Writes the setting where the tests find it. It holds tokens: nobody else may read it. */
export async function writeSetting(path: string, setting: E2eSetting): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(setting, undefined, 2), { mode: 0o600 });
}

/** The command that runs test files on the cluster of a setting. */
export async function suiteCommand(
  settingPath: string,
  options: Pick<SuiteOptions, "only" | "jobs">,
): Promise<{ readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }> {
  const files = await testFiles(options.only);
  return {
    args: TEST.concat(
      options.jobs > 1 ? ["--parallel"] : [],
      files.map((file) => `${E2E_FOLDER}/${file}`),
    ),
    env: {
      [SETTING_VARIABLE]: settingPath,
      DENO_JOBS: String(options.jobs),
      NO_COLOR: "1",
    },
  };
}

/**
 * Runs the tests, each file in a process, as many as `jobs` at a time; what they say goes to standard output. A file
 * that fails runs once more, alone: see {@linkcode againAlone}.
 */
export async function runSuite(settingPath: string, options: SuiteOptions): Promise<SuiteResult> {
  const { progress, signal } = options;
  const files = (await testFiles(options.only)).map((file) => `${E2E_FOLDER}/${file}`);
  await checkTypes(files, signal);
  const run = (file: string) =>
    runFile(file, {
      args: [...TEST, "--no-check"],
      env: { [SETTING_VARIABLE]: settingPath },
      progress,
      signal,
    });
  const runs = await againAlone(await runSideBySide(files, options.jobs, run), {
    runAlone: run,
    progress,
  });
  await Deno.stdout.write(new TextEncoder().encode(closingLine(runs)));
  return totalOf(runs);
}
