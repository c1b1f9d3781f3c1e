import type { Progress } from "../control_plane/progress.ts";
import type { E2eOptions } from "./options.ts";
import { insideSandbox, SANDBOX_FOLDER, type SandboxNetwork } from "./sandbox.ts";

/** Tells the process inside what was prepared outside, where the network is: JSON. */
export const PLAN_VARIABLE = "MESHWRIGHT_E2E_PLAN";

/** Where the setting is, inside of the sandbox. */
export const SANDBOX_SETTING_PATH = `${SANDBOX_FOLDER}/e2e.json`;

/** What both sides get. */
export interface LocalRun {
  readonly options: E2eOptions;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Outside: runs this command again in a sandbox, where a plan tells it what was prepared.
 *
 * @param plan plain data
 * @returns the exit code of the command
 */
export async function runPlanned(
  command: readonly string[],
  plan: unknown,
  options: { readonly signal: AbortSignal; readonly network: SandboxNetwork },
): Promise<number> {
  // No file: who is killed could not remove it.
  const env = { [PLAN_VARIABLE]: JSON.stringify(plan) };
  return await insideSandbox(command, { ...options, env });
}
