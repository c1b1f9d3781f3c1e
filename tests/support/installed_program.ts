/** The program as a process of its own, with the rights of the ServiceAccount that `install` makes. */
import { type Installation, installObjects } from "#install";
import { assertEquals } from "@std/assert";
import { MEMORY_ENV, V8_FLAGS } from "../../scripts/compile.ts";
import { localTarget } from "./admission.ts";
import { eventually, type TestCluster } from "./control_plane.ts";
import { temporaryFolder } from "./git_repository.ts";
import { type MetricSample, metricSamples } from "./running_controller.ts";

/** How the program is started: `deno run -A main.ts`, or one file. */
export type ProgramCommand = readonly [string, ...string[]];

/** From the source, with the memory that the binary has. */
export const SOURCE_PROGRAM: ProgramCommand = [Deno.execPath(), "run", "-A", V8_FLAGS, "main.ts"];

/** A process at work. Dispose it to stop it as a kubelet does; it has to end well. */
export interface RunningProgram extends AsyncDisposable {
  /** Of the process. */
  readonly id: number;
  /** The log so far. */
  readonly log: () => string;
  /** What `/readyz?verbose` says; why there is no answer, before there is one. */
  readiness(): Promise<string>;
  /** Where it says how it is. */
  readonly healthUrl: string;
  /** Verb and kind of what the API server answered with one of these codes. */
  answered(codes: RegExp): Promise<string[]>;
  metric(name: string): Promise<MetricSample[]>;
}

/** An installation with what tests seldom change. */
export function installation(choices: Partial<Installation> = {}): Installation {
  return {
    namespace: "meshwright",
    image: "meshwright:test",
    version: "0.0.0",
    replicas: 1,
    shards: 1,
    gitOpsRights: "mesh-only",
    singleTenant: false,
    defaultServiceAccount: "default",
    podServiceAccounts: "",
    receiver: false,
    console: false,
    metricsSecure: false,
    serviceMonitor: false,
    arguments: [],
    ...choices,
  };
}

/** Applies what `install` prints, as its help says. */
export async function install(cluster: TestCluster, choices: Installation): Promise<void> {
  const objects = installObjects(choices);
  await cluster.apply(...objects.filter(({ kind }) => kind === "Namespace"));
  await cluster.apply(...objects.filter(({ kind }) => kind !== "Namespace"));
  // Not all: another test may leave some that never will be.
  const definitions = objects.filter(({ kind }) => kind === "CustomResourceDefinition")
    .map(({ metadata }) => `crd/${metadata.name}`);
  await cluster.kubectl(
    ["wait", "--for=condition=Established", ...definitions, "--timeout=30s"],
  );
}

/** Tests have whatever is called on this machine. */
const LOCAL = "--allow-local-addresses=true";

/**
 * Starts the program with the token of the installed ServiceAccount and nothing else; done when it answers about its health,
 * or has ended. Before that it takes no signal.
 */
export async function startProgram(
  cluster: TestCluster,
  { namespace, flags, command = SOURCE_PROGRAM }: {
    readonly namespace: string;
    readonly flags: readonly string[];
    readonly command?: ProgramCommand;
  },
): Promise<RunningProgram> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const kubeconfig = `${folder.path}/kubeconfig`;
  const access = await cluster.serviceAccountKubeconfig({ namespace, name: "meshwright" });
  await Deno.writeTextFile(kubeconfig, access);
  const { address } = localTarget();
  const [program, ...words] = command;
  const child = new Deno.Command(program, {
    args: [
      ...words,
      ...flags,
      ...[`--kubeconfig=${kubeconfig}`, `--cache-dir=${folder.path}/cache`],
      ...[`--metrics-addr=${address}`, `--health-probe-addr=${address}`, LOCAL],
    ],
    clearEnv: true,
    env: environmentIn(folder.path),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let log = "";
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) log += text;
  })();
  stack.defer(async () => {
    // It may have ended by itself, which its code tells.
    if (await isRunning(child)) child.kill("SIGTERM");
    const { code } = await child.status;
    await reading;
    assertEquals(code, 0, log);
  });
  await eventually(async () => !(await isRunning(child)) || await answersHealth(address));
  const metric = async (name: string) =>
    metricSamples(await (await fetch(`http://${address}/metrics`)).text(), name);
  const running = stack.move();
  return {
    id: child.pid,
    log: () => log,
    metric,
    answered: async (codes) =>
      (await metric("mesh_api_requests_total"))
        .filter(({ labels }) => codes.test(labels["code"] ?? ""))
        .map(({ labels }) => `${labels["verb"]} ${labels["kind"]}`),
    healthUrl: `http://${address}/healthz`,
    readiness: () => readinessOf(address, () => log),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function answersHealth(address: string): Promise<boolean> {
  return await (await fetch(`http://${address}/healthz`)).text() !== "";
}

async function readinessOf(address: string, log: () => string): Promise<string> {
  try {
    return await (await fetch(`http://${address}/readyz?verbose`)).text();
  } catch (error) {
    if (error instanceof TypeError) return `${error.message}\n${log()}`;
    throw error;
  }
}

/** What a process finds that has its home there. */
function environmentIn(home: string): Record<string, string> {
  return { PATH: Deno.env.get("PATH") ?? "", HOME: home, ...MEMORY_ENV, ...denoFolder() };
}

/** Where the source program finds what it imports. */
function denoFolder(): Record<string, string> {
  const home = Deno.env.get("HOME");
  const folder = Deno.env.get("DENO_DIR") ?? (home === undefined ? "" : `${home}/.cache/deno`);
  return folder === "" ? {} : { DENO_DIR: folder };
}

async function isRunning(child: Deno.ChildProcess): Promise<boolean> {
  const soon = new Promise<true>((resolve) => setTimeout(() => resolve(true), 10));
  const ended = child.status.then(() => false as const);
  return await Promise.race([soon, ended]);
}
