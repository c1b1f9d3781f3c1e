/**
 * `deno task e2e`: real functions on real pods, from commits to messages. See `HELP`.
 *
 * @module
 */
import { errorText } from "#base";
import { Interruption } from "./control_plane/interruption.ts";
import { progressOnStderr } from "./control_plane/progress.ts";
import { runOnCurrent } from "./e2e/current.ts";
import { keptSandboxEntry } from "./e2e/kept_sandbox.ts";
import { runOnKind } from "./e2e/chosen_kind.ts";
import { NODE_IMAGE, usableEngine } from "./e2e/kind_engine.ts";
import { type LocalPlan, runLocal, runSandboxed } from "./e2e/local.ts";
import { type E2eOptions, e2eOptions } from "./e2e/options.ts";
import { type LocalRun, PLAN_VARIABLE, SANDBOX_SETTING_PATH } from "./e2e/plan.ts";
import { suiteCommand, type SuiteResult } from "./e2e/suite.ts";
import { type KindPlan, runOwnKind } from "./kind/own_kind.ts";

const HELP =
  `Run real functions on real pods: each test commits to Git and ends with messages on topics.

Usage: deno task e2e [FLAGS]

  --cluster kind     a kind cluster, made for this and deleted afterwards (default where Docker and kind work
                     and have the node image, or a registry to pull it from). Where they do not: Linux, root, apt
                     and Go, which make a Docker engine, kind and the node image, and leave nothing running
  --cluster local    a control plane and two nodes on this machine: Linux, root (default elsewhere)
  --cluster current  the cluster of the kubeconfig; it may not have meshes
  --only NAMES       test files with one of these in their name, separated by commas
  --jobs N           test files at the same time (default 3)
  --keep             leave the cluster when the tests are through; one in a sandbox: until interrupted
  --reuse            run on the cluster in a sandbox that another run keeps
  --record FOLDER    write what kubectl says about troubled states
  --failures FOLDER  write what is known about failed tests (default dist/e2e-failure)
  --shell COMMAND    a command in place of the tests, on a cluster in a sandbox (default local)
  --node-image IMAGE image of the nodes of kind (default ${NODE_IMAGE})
  --docker-build     the program's image as docker build makes it of the Dockerfile's last commit, on local images;
                     with --cluster kind
  --runner-image, --program-image
                     images for --cluster current, where its nodes find them

In the cluster: the program, from its own image and what \`main.ts install\` prints, and a Pulsar broker. Images and
programs are made or fetched once and kept outside the checkout. The last line is "N passed, N failed".
`;

const FAILED = 1;
const USAGE = 2;

async function main(words: readonly string[]): Promise<number> {
  let options: E2eOptions;
  try {
    options = e2eOptions(words, Deno.cwd());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    progressOnStderr(`wrong usage: ${error.message}; see --help`);
    return USAGE;
  }
  if (options.help) return await printed(HELP, 0);
  using interruption = new Interruption();
  try {
    const progress = progressOnStderr;
    const result = await run(words, { options, progress, signal: interruption.signal });
    if (typeof result === "number") return interruption.exitCode || result;
    const code = result.failed === 0 ? 0 : FAILED;
    return await printed(`${result.passed} passed, ${result.failed} failed\n`, code);
  } catch (error) {
    if (interruption.received !== undefined) return interruption.exitCode;
    progressOnStderr(errorText(error));
    return FAILED;
  }
}

/** The tally, or the exit code of what ran elsewhere. */
async function run(words: readonly string[], local: LocalRun): Promise<SuiteResult | number> {
  const { options } = local;
  if (options.reuse) return await runOnKept(options);
  const plan = Deno.env.get(PLAN_VARIABLE);
  if (plan !== undefined) return await runInside(JSON.parse(plan), local);
  const cluster = options.cluster ??
    (options.shell === undefined ? await defaultCluster(local) : "local");
  if (cluster === "current") return await runOnCurrent(local);
  const again = [Deno.execPath(), "run", "-A", import.meta.filename ?? "", ...words];
  return cluster === "local" ? await runSandboxed(again, local) : await runOnKind(again, local);
}

/** In a sandbox, as was planned outside. */
async function runInside(
  plan: LocalPlan | KindPlan,
  local: LocalRun,
): Promise<SuiteResult | number> {
  return plan.cluster === "local" ? await runLocal(plan, local) : await runOwnKind(plan, local);
}

/** kind where it can be used; else the cluster that needs neither Docker nor a registry, with a word. */
async function defaultCluster(local: LocalRun): Promise<"kind" | "local"> {
  const engine = await usableEngine(local.options.nodeImage ?? NODE_IMAGE, local);
  if (typeof engine !== "string") return "kind";
  local.progress(`--cluster local: ${engine}`);
  return "local";
}

async function runOnKept(options: E2eOptions): Promise<number> {
  const [program = "", ...entry] = await keptSandboxEntry();
  const { args, env } = await suiteCommand(SANDBOX_SETTING_PATH, options);
  const { code } = await new Deno.Command(program, {
    args: [...entry, Deno.execPath(), ...args],
    env,
    stdin: "null",
  }).spawn().status;
  return code;
}

async function printed(text: string, code: number): Promise<number> {
  await Deno.stdout.write(new TextEncoder().encode(text));
  return code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
