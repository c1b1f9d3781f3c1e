import { E2E_FOLDER, testFiles } from "./test_files.ts";
import { type E2eSetting, SETTING_VARIABLE } from "./setting.ts";
import type { Progress } from "../control_plane/progress.ts";
import { tallied } from "../test_tally.ts";

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

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

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
    // Named, because in a kept sandbox there is no folder to start from.
    args: [
      "test",
      "--config",
      CONFIG,
      "-A",
      "--no-prompt",
      "--sanitize-ops",
      "--sanitize-resources",
    ]
      .concat(options.jobs > 1 ? ["--parallel"] : [], files.map((file) => `${E2E_FOLDER}/${file}`)),
    env: {
      [SETTING_VARIABLE]: settingPath,
      DENO_JOBS: String(options.jobs),
      NO_COLOR: "1",
    },
  };
}

/** Runs the tests; what they say goes to standard output. */
export async function runSuite(settingPath: string, options: SuiteOptions): Promise<SuiteResult> {
  const { args, env } = await suiteCommand(settingPath, options);
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }).spawn();
  const tally = await tallied(child.stdout);
  const { success } = await child.status;
  // A run that ended badly without naming a failed test (a type error, a crash) is a failure itself.
  return success || tally.failed > 0 ? tally : { ...tally, failed: 1 };
}
