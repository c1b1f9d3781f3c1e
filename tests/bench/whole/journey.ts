/** One program through the day of a repository: first commit, a change, an edit by hand, rest, a restart, the end. */
import { conditionOf, isPlainObject, type KubeObject, systemClock } from "#base";
import type { Progress } from "../../../scripts/control_plane/progress.ts";
import type { TestRepository } from "../../support/git_repository.ts";
import { functionFile, functionFiles, functionName, NEXT_IMAGE } from "./objects.ts";
import { type BenchPlane, pathsOf } from "./plane.ts";
import type { PlacedSubject, RunningSubject } from "./subject.ts";
import { cameWithin, timed, until } from "./timing.ts";

const REST_MS = 20_000;
/** Counting costs the API server a little; often enough for what takes seconds. */
const COUNT_EVERY_MS = 100;
/** What other programs may never do is waited for so long. */
const PEER_LIMIT_MS = 600_000;

/** What a journey needs. */
export interface JourneyOptions {
  readonly bench: BenchPlane;
  readonly repository: TestRepository;
  /** Is there already. */
  readonly namespace: string;
  readonly count: number;
  /** Told what other programs do not do, and is not measured. */
  readonly progress: Progress;
  /** Starts the program; resolves when it is ready. */
  start(): Promise<RunningSubject>;
  readonly untilFirstRequest: PlacedSubject["untilFirstRequest"] | undefined;
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly spec: { readonly containers: readonly { image: string }[] } };
  };
}

/** Measures all of it, one step after the other. */
export async function journeyFigures(options: JourneyOptions): Promise<Record<string, number>> {
  const { start, untilFirstRequest } = options;
  const values: Record<string, number> = untilFirstRequest === undefined
    ? {}
    : { "start until the first request": await untilFirstRequest() };
  let subject: RunningSubject | undefined;
  try {
    values["start until ready"] = await timed(async () => void (subject = await start()));
    if (subject === undefined) throw new Error("Cannot measure: the program did not start");
    await systemClock.sleep(REST_MS / 4);
    values["memory with nothing to do (MB)"] = (await subject.usage()).residentMb;
    Object.assign(values, await firstCommit(subject, options));
    Object.assign(values, await rest(subject, options));
    Object.assign(values, await oneFile(subject, options));
    Object.assign(values, await edit(options));
    await subject[Symbol.asyncDispose]();
    values["start again until ready"] = await timed(async () => void (subject = await start()));
    Object.assign(values, await end(subject, options));
    return values;
  } finally {
    await subject?.[Symbol.asyncDispose]();
  }
}

async function firstCommit(
  subject: RunningSubject,
  { bench, count, namespace, progress, repository }: JourneyOptions,
): Promise<Record<string, number>> {
  const { functions, services, statefulSets } = pathsOf(namespace);
  const own = await subject.usage();
  const server = await bench.serverUsage();
  const requests = await subject.requests();
  await repository.commit(functionFiles(count), `Add ${count} functions`);
  const startMs = performance.now();
  const seconds = () => (performance.now() - startMs) / 1000;
  await until(async () => await bench.count(functions) >= count, COUNT_EVERY_MS);
  const applied = seconds();
  await until(async () =>
    await bench.count(statefulSets) >= count &&
    await bench.count(services) >= count, COUNT_EVERY_MS);
  const made = seconds();
  const after = await subject.usage();
  return {
    "all Functions exist": applied,
    "all StatefulSets and Services exist": made,
    "processor until then": after.cpuSeconds - own.cpuSeconds,
    "processor of the API server until then": (await bench.serverUsage()).cpuSeconds -
      server.cpuSeconds,
    ...await perFunction(subject, { requests, count, what: "requests a Function until then" }),
    ...await told(subject, { bench, count, namespace, progress, seconds, requests }),
    "memory at its peak (MB)": (await subject.usage()).peakMb,
  };
}

/** How much later all Functions say how they are, and what that takes. */
async function told(
  subject: RunningSubject,
  { bench, count, namespace, progress, requests, seconds }:
    & Pick<JourneyOptions, "bench" | "count" | "namespace" | "progress">
    & {
      readonly requests: number | undefined;
      readonly seconds: () => number;
    },
): Promise<Record<string, number>> {
  const path = `${pathsOf(namespace).functions}/`;
  let next = 0;
  // One after the other: each is asked for until it says so.
  const areTold = await cameWithin(async () => {
    while (next < count) {
      const found = await bench.find<KubeObject>(`${path}${functionName(next)}`);
      if (!isTold(found)) return false;
      next++;
    }
    return true;
  }, { everyMs: 10 * COUNT_EVERY_MS, limitMs: PEER_LIMIT_MS });
  if (!areTold) {
    progress(`left out: ${functionName(next)} and others do not say how they are`);
    return {};
  }
  const what = "requests a Function until all say how they are";
  return {
    "all Functions say how they are": seconds(),
    ...await perFunction(subject, { requests, count, what }),
  };
}

/** There is Ready in our list of conditions, or Function Mesh says in its map that both objects are there. */
function isTold(object: KubeObject | undefined): boolean {
  const { conditions } = (object?.status ?? {}) as { readonly conditions?: unknown };
  if (!isPlainObject(conditions)) return conditionOf(conditions, "Ready") !== undefined;
  return [conditions.StatefulSet, conditions.Service]
    .every((condition) => isPlainObject(condition) && condition.status === "True");
}

/** Where the program counts its requests itself. */
async function perFunction(
  subject: RunningSubject,
  { count, requests, what }: {
    readonly requests: number | undefined;
    readonly count: number;
    readonly what: string;
  },
): Promise<Record<string, number>> {
  const now = await subject.requests();
  return now === undefined || requests === undefined ? {} : { [what]: (now - requests) / count };
}

async function rest(
  subject: RunningSubject,
  { bench }: JourneyOptions,
): Promise<Record<string, number>> {
  // Statuses of what was just made are still written, and may wait for 30 s.
  await systemClock.sleep(3 * REST_MS);
  const [own, before, asked] = [
    await subject.usage(),
    await bench.requests(),
    await subject.requests(),
  ];
  await systemClock.sleep(REST_MS);
  const [after, requests, askedThen] = [
    await subject.usage(),
    await bench.requests(),
    await subject.requests(),
  ];
  return {
    "at rest: all requests to the API server in 20 s": requests - before,
    ...(asked === undefined || askedThen === undefined
      ? {}
      : { "at rest: of these its own": askedThen - asked }),
    "at rest: processor in percent of one": 100 * (after.cpuSeconds - own.cpuSeconds) /
      (REST_MS / 1000),
    "at rest: memory (MB)": after.residentMb,
  };
}

async function oneFile(
  subject: RunningSubject,
  { bench, count, namespace, repository }: JourneyOptions,
): Promise<Record<string, number>> {
  const middle = Math.floor(count / 2);
  const change = async (index: number, look: () => Promise<void>) => {
    const path = workloadPath(index, namespace);
    const [file, text] = functionFile(index, NEXT_IMAGE);
    await repository.commit({ [file]: text }, "Change one function");
    return await timed(async () => {
      await look();
      await until(async () => await imageOf(bench, path) === NEXT_IMAGE);
    });
  };
  const own = await subject.usage();
  const seconds = await change(middle, () => Promise.resolve());
  const { cpuSeconds } = await subject.usage();
  return {
    "one file changed until its StatefulSet": seconds,
    "one file changed: processor": cpuSeconds - own.cpuSeconds,
    ...(subject.look === undefined ? {} : {
      "one file changed and told by a webhook": await change(middle + 1, subject.look),
    }),
  };
}

/** Somebody edits a Function; the loop puts it right. */
async function edit(
  { bench, count, namespace, progress }: JourneyOptions,
): Promise<Record<string, number>> {
  const path = `${pathsOf(namespace).functions}/${functionName(Math.floor(count / 3))}`;
  const { plane } = bench;
  const name = functionName(Math.floor(count / 3));
  const patch = JSON.stringify({ spec: { image: "by/hand:1" } });
  const { code, stderr } = await plane.kubectl(
    ["patch", `function/${name}`, "-n", namespace, "--type=merge", "-p", patch],
  );
  if (code !== 0) throw new Error(`Cannot edit ${name}: ${stderr}`);
  let isRight = false;
  const seconds = await timed(async () => {
    isRight = await cameWithin(async () => {
      const found = await bench.find<KubeObject & { spec: { image: string } }>(path);
      return found?.spec.image !== "by/hand:1";
    }, { limitMs: PEER_LIMIT_MS });
  });
  if (!isRight) progress("left out: an edit by hand is not put right");
  return isRight ? { "an edit by hand put right": seconds } : {};
}

async function end(
  subject: RunningSubject,
  { bench, count, namespace, repository }: JourneyOptions,
): Promise<Record<string, number>> {
  const { functions, statefulSets } = pathsOf(namespace);
  const kept = Math.floor(count / 2);
  const gone = Array.from({ length: count - kept }, (_, index) => functionFile(kept + index)[0]);
  const files = Object.fromEntries(gone.map((path) => [path, undefined]));
  const first = await repository.commit(files, "Remove half of the functions");
  const half = await timed(async () => {
    await subject.agree(first);
    await until(async () => await bench.count(statefulSets) <= kept, COUNT_EVERY_MS);
  });
  const rest = Array.from({ length: kept }, (_, index) => functionFile(index)[0]);
  const second = await repository.commit(
    Object.fromEntries(rest.map((path) => [path, undefined])),
    "Remove the others",
  );
  const others = await timed(async () => {
    await subject.agree(second);
    await until(async () =>
      await bench.count(functions) === 0 &&
      await bench.count(statefulSets) === 0, COUNT_EVERY_MS);
  });
  return {
    "half of them deleted": half,
    "all deleted": half + others,
    "memory at its peak after a restart (MB)": (await subject.usage()).peakMb,
  };
}

function workloadPath(index: number, namespace: string): string {
  return `${pathsOf(namespace).statefulSets}/${functionName(index)}-function`;
}

async function imageOf(bench: BenchPlane, path: string): Promise<string | undefined> {
  return (await bench.find<Workload>(path))?.spec.template.spec.containers[0]?.image;
}
