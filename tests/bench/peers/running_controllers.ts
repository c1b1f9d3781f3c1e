import { idOf, type KubeObject, systemClock } from "#base";
import {
  GuardedDirectory,
  GuardedProcess,
} from "../../../scripts/control_plane/guarded_process.ts";
import { metricSamples } from "../../support/running_controller.ts";
import { isReady, type RunningSubject, type SubjectPlace } from "../whole/subject.ts";
import { until } from "../whole/timing.ts";
import { summed, treeUsage } from "../whole/usage.ts";
import { type Controller, controllers, type ControllersPlace } from "./controllers.ts";
import type { PeerPrograms } from "./programs.ts";

/** What a start needs that stays from one to the next. */
export interface Setting
  extends Pick<SubjectPlace, "cluster" | "plane" | "namespace">, Omit<ControllersPlace, "folder"> {
  /** Flux's note of the repository. */
  readonly source: KubeObject;
}

const LOG_LINES = 12;
/** They end by themselves, or are killed then. */
const STOP_MS = 20_000;

interface Running {
  readonly controller: Controller;
  readonly process: GuardedProcess;
  readonly pidPath: string;
}

/** Starts the three programs; they are ready when they say so, and have looked at the repository. */
export async function runningControllers(
  programs: PeerPrograms,
  { cluster, namespace, plane, source, ...told }: Setting,
): Promise<RunningSubject> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await guardedFolder());
  const env = { KUBECONFIG: plane.kubeconfigPath, RUNTIME_NAMESPACE: namespace, TMPDIR: folder };
  const all = controllers(programs, told).map((one) => launched(one, folder, env));
  stack.defer(async () => void await Promise.all(all.map(ended)));
  await until(() => areReady(all));
  const look = async () => {
    const requestedAt = crypto.randomUUID();
    const annotations = { "reconcile.fluxcd.io/requestedAt": requestedAt };
    await cluster.patch(idOf(source), { metadata: { annotations } }, { fieldManager: "bench" });
    return requestedAt;
  };
  const requestedAt = await look();
  const type = await cluster.resourceType(source.apiVersion, source.kind);
  if (type === undefined) throw new Error("Cannot measure Flux: its kinds are not served");
  await until(async () => {
    const live = await cluster.get(type, { namespace, name: source.metadata.name });
    const { lastHandledReconcileAt } = (live?.status ?? {}) as Record<string, unknown>;
    return lastHandledReconcileAt === requestedAt;
  });
  const pids = await Promise.all(
    all.map(async ({ pidPath }) => Number(await Deno.readTextFile(pidPath))),
  );
  const running = stack.move();
  return {
    usage: async () => summed(await Promise.all(pids.map(treeUsage))),
    async requests() {
      const counts = await Promise.all(all.map(requestsOf));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    agree: () => Promise.resolve(),
    look: async () => void await look(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** One that is removed also when this process is killed. */
export async function guardedFolder(): Promise<GuardedDirectory> {
  return new GuardedDirectory(await Deno.makeTempDir({ prefix: "meshwright-bench-" }));
}

function launched(
  controller: Controller,
  folder: string,
  env: Readonly<Record<string, string>>,
): Running {
  const { args, name, program } = controller;
  const pidPath = `${folder}/${name}.pid`;
  const logPath = `${folder}/${name}.log`;
  const process = new GuardedProcess(name, { program, args, logPath, pidPath, env });
  return { controller, process, pidPath };
}

async function areReady(all: readonly Running[]): Promise<boolean> {
  for (const { process } of all) {
    if (process.exitCode === undefined) continue;
    const said = await process.logTail(LOG_LINES);
    throw new Error(`Cannot start ${process.name}: it ended with ${process.exitCode}:\n${said}`);
  }
  const ready = await Promise.all(all.map(({ controller }) => isReady(controller.readyUrl)));
  return ready.every((one) => one);
}

/** All that its client library counts. */
async function requestsOf({ controller }: Running): Promise<number> {
  const text = await (await fetch(controller.metricsUrl)).text();
  return metricSamples(text, "rest_client_requests_total")
    .reduce((sum, { value }) => sum + value, 0);
}

async function ended({ process }: Running): Promise<void> {
  await using _killed = process;
  if (process.exitCode !== undefined) return;
  await process.signal("SIGTERM");
  const waiting = new AbortController();
  await Promise.race([process.exited, systemClock.sleep(STOP_MS, waiting.signal)]);
  waiting.abort();
}
