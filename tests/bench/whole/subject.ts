import { ANNOTATIONS, resourceOf } from "#api";
import { systemClock } from "#base";
import type { ClusterClient } from "#kube";
import { localTarget } from "../../support/admission.ts";
import { temporaryFolder } from "../../support/git_repository.ts";
import { MEMORY_ENV } from "../../../scripts/compile.ts";
import type { ControlPlane } from "../../../scripts/control_plane.ts";
import { metricSamples } from "../../support/running_controller.ts";
import { secondsUntilFirstRequest } from "./first_request.ts";
import { FOLDER } from "./objects.ts";
import { until } from "./timing.ts";
import { treeUsage, type Usage } from "./usage.ts";

/** A program that is measured, at work. Dispose it to stop it. */
export interface RunningSubject extends AsyncDisposable {
  usage(): Promise<Usage>;
  /** Requests to the API server that the program has counted; undefined where it tells none. */
  requests(): Promise<number | undefined>;
  /** Lets it delete as much as a commit takes away, where it asks before that. */
  agree(commit: string): Promise<void>;
  /** Has it look at the repository now, as a webhook of a Git host does; absent where it cannot be told so. */
  readonly look?: () => Promise<void>;
}

/** Where a program finds what it is to do. */
export interface SubjectPlace {
  readonly plane: ControlPlane;
  readonly cluster: ClusterClient;
  readonly namespace: string;
  /** Of the repository: `file://…`. */
  readonly url: string;
}

/** A program that has in the cluster what it needs there. Dispose it to take that back. */
export interface PlacedSubject extends AsyncDisposable {
  /** Starts it; resolves when it is ready. Each start remembers nothing. */
  start(): Promise<RunningSubject>;
  /** Seconds from a start until the first request to an API server; absent where that cannot be seen. */
  readonly untilFirstRequest?: () => Promise<number>;
}

/** How to measure a program at a place. */
export type Subject = (place: SubjectPlace) => Promise<PlacedSubject>;

/** One that needs nothing but to be started. */
function startedBy(start: (place: SubjectPlace) => Promise<RunningSubject>): Subject {
  return (place) =>
    Promise.resolve({
      start: () => start(place),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
}

/** Ours: a binary, or the sources with Deno. Ready when `/readyz` says so. */
export function ownProgram(command: readonly [string, ...string[]]): Subject {
  const placed = startedBy(async ({ cluster, plane, namespace, url }) => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const { address } = localTarget();
    const child = spawned(command, [
      ...[`--git-url=${url}`, `--git-path=${FOLDER}`, "--git-interval=1s"],
      ...[`--cache-dir=${folder.path}/cache`, `--namespace=${namespace}`],
      ...[`--metrics-addr=${address}`, `--health-probe-addr=${address}`],
      `--kubeconfig=${plane.kubeconfigPath}`,
    ]);
    stack.defer(() => ended(child));
    await until(() => isReady(`http://${address}/readyz`));
    const running = stack.move();
    return {
      usage: () => treeUsage(child.pid),
      async requests() {
        const text = await (await fetch(`http://${address}/metrics`)).text();
        return metricSamples(text, "mesh_api_requests_total")
          .reduce((all, { value }) => all + value, 0);
      },
      async agree(commit) {
        const annotation = `${ANNOTATIONS.allowPrune}=${commit}`;
        const { code, stderr } = await plane.kubectl(
          ["annotate", "--overwrite", "meshsync", "--all", "-n", namespace, annotation],
        );
        if (code !== 0) throw new Error(`Cannot agree to a revision: ${stderr}`);
      },
      async look() {
        const type = resourceOf("MeshSync");
        const { apiVersion, kind } = type;
        const annotations = { [ANNOTATIONS.requestedAt]: crypto.randomUUID() };
        for (const { metadata: { name } } of await cluster.list(type, { namespace })) {
          const id = { apiVersion, kind, namespace, name };
          await cluster.patch(id, { metadata: { annotations } }, { fieldManager: "bench" });
        }
      },
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  });
  const untilFirstRequest = () =>
    secondsUntilFirstRequest((kubeconfig) => {
      const flags = ["--metrics-addr=0", "--health-probe-addr=0", `--kubeconfig=${kubeconfig}`];
      const child = spawned(command, flags);
      return { [Symbol.asyncDispose]: () => ended(child, "SIGKILL") };
    });
  return async (place) => ({ ...await placed(place), untilFirstRequest });
}

function spawned(
  [program, ...words]: readonly [string, ...string[]],
  flags: readonly string[],
): Deno.ChildProcess {
  return new Deno.Command(program, {
    args: [...words, "run", "--webhook-addr=0", ...flags],
    env: MEMORY_ENV,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** How long another program, which says nothing of itself, gets before it is taken for ready. */
const PEER_START_MS = 15_000;

/**
 * Another one: a shell command that finds `KUBECONFIG`, `BENCH_REPOSITORY` (a URL), `BENCH_PATH` and `BENCH_NAMESPACE` in
 * its environment, works until it gets SIGTERM, and is measured with all that it starts.
 */
export function peerProgram(command: string): Subject {
  return startedBy(async ({ plane, namespace, url }) => {
    const child = new Deno.Command("/bin/sh", {
      args: ["-c", command],
      env: {
        KUBECONFIG: plane.kubeconfigPath,
        BENCH_REPOSITORY: url,
        BENCH_PATH: FOLDER,
        BENCH_NAMESPACE: namespace,
      },
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    await systemClock.sleep(PEER_START_MS);
    return {
      usage: () => treeUsage(child.pid),
      requests: () => Promise.resolve(undefined),
      agree: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => ended(child),
    };
  });
}

async function ended(child: Deno.ChildProcess, signal: Deno.Signal = "SIGTERM"): Promise<void> {
  try {
    child.kill(signal);
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof TypeError)) throw error;
  }
  await child.status;
}

/** Whether something answers there, and says yes. */
export async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.body?.cancel();
    return answer.ok;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
