/** A healthy MeshSync and its hostile neighbours: how the program answers, and how long a change takes. */
import { resourceOf } from "#api";
import { type KubeObject, systemClock } from "#base";
import type { TestCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { configMapText } from "../support/sync_texts.ts";
import { type TenantStage, tenantStage } from "../support/tenant_stage.ts";
import { type Asked, askingThread } from "./asking.ts";
import {
  mainThreadMs,
  type ProcessorGroup,
  processorGroup,
  processorTime,
  residentBytes,
} from "./processes.ts";
import { makeRepository, REPOSITORY_KINDS, type RepositoryKind } from "./repositories.ts";
import { type ServerProcess, serverProcess } from "./server_process.ts";

/** What was seen, with or without neighbours. */
export interface Seen extends Asked {
  /** How long each change of the healthy sync took, from commit to ConfigMap. */
  readonly changesMs: readonly number[];
  /** Resident memory of the program, at most. */
  readonly rssBytes: number;
  /** In each second: how long the program worked, what it started, its first thread, and how long that waited for a processor. */
  readonly processor: ProcessorShares;
  /** How long the first thread waited for a processor in the second in which it waited longest. */
  readonly longestWaitMs: number;
}

/** Milliseconds of processors in a second. */
export interface ProcessorShares {
  readonly program: number;
  readonly commands: number;
  readonly mainThread: number;
  readonly mainThreadWaited: number;
  /** The Git server of the hostile repositories, which is nobody's load but of the test. */
  readonly server: number;
}

/** With and without neighbours. */
export interface NeighboursReport {
  readonly alone: Seen;
  readonly beside: Seen;
  /** What became of the neighbours that had a verdict at the end. */
  readonly verdicts: readonly Verdict[];
}

/** What is said of one neighbour. */
export interface Verdict {
  readonly kind: RepositoryKind;
  readonly reason: string;
  readonly message: string;
}

/** What is wanted. */
export interface NeighboursOptions {
  readonly count: number;
  readonly rounds: number;
  readonly seed: number;
  /** Whether the program and the hostile server share the processors as pods do, where the system can do that. */
  readonly asPods?: boolean;
}

const HEALTHY = "healthy";

/** Follows a healthy repository, first alone and then beside so many hostile ones. */
export async function followNeighbours(
  cluster: TestCluster,
  { asPods = false, count, rounds, seed }: NeighboursOptions,
): Promise<NeighboursReport> {
  await using groups = await podGroups(asPods);
  await using stage = await tenantStage(cluster, { gitOpsRights: "cluster-admin" });
  await groups.program?.add(stage.program.id);
  await stage.repository.commit({ [`${HEALTHY}/a.yaml`]: configMapText("a", "first") });
  await stage.sync(stage.home, HEALTHY);
  await stage.isReady(stage.home, HEALTHY, /^True Healthy: /);
  const alone = await seenDuring(stage, () => changes(stage, "alone", rounds));
  await letAct(cluster, stage);
  await using hostile = await temporaryFolder();
  const folder = hostile.path;
  for (let index = 0; index < count; index++) {
    await makeRepository(`${folder}/h${index}`, { kind: kindOf(index), seed: seed + index });
  }
  await using server = await serverProcess(folder);
  await groups.server?.add(server.id);
  const beside = await seenDuring({ ...stage, hostile: server }, async () => {
    await cluster.apply(...neighbours(stage, server, count));
    const changesMs = await changes(stage, "beside", rounds);
    await eventually(async () => (await verdictsOn(cluster, stage)).length >= count, {
      timeoutMs: 300_000,
      intervalMs: 1_000,
    });
    return changesMs;
  });
  return { alone, beside, verdicts: await verdictsOn(cluster, stage) };
}

function kindOf(index: number): RepositoryKind {
  return REPOSITORY_KINDS[index % REPOSITORY_KINDS.length] ?? "refs";
}

/** Their MeshSyncs, which look at their repository each second. */
function neighbours({ own }: TenantStage, server: ServerProcess, count: number): KubeObject[] {
  const { apiVersion, kind } = resourceOf("MeshSync");
  return Array.from({ length: count }, (_, index) => ({
    apiVersion,
    kind,
    metadata: { namespace: own, name: `h${index}` },
    spec: { url: `${server.url}/h${index}`, path: "", interval: "1s", timeout: "20s" },
  }));
}

/** The neighbours are a tenant's: its account may write what their files hold. */
async function letAct(cluster: TestCluster, { grant, home, own }: TenantStage): Promise<void> {
  await grant("default", { namespace: own, resources: ["configmaps"] });
  const role = ["role", "act-as", "-n", own];
  await cluster.kubectl([
    ...["create", ...role, "--verb=impersonate"],
    ...["--resource=serviceaccounts", "--resource-name=default"],
  ]);
  await cluster.kubectl([
    ...["create", "rolebinding", "act-as", "-n", own, "--role=act-as"],
    `--serviceaccount=${home}:meshwright`,
  ]);
}

/** How long changes take until they are in the cluster. */
async function changes(stage: TenantStage, name: string, rounds: number): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const value = `${name}-${round}`;
    await stage.repository.commit({ [`${HEALTHY}/a.yaml`]: configMapText("a", value) });
    const startMs = performance.now();
    await eventually(async () => {
      const map = await stage.find("cm", stage.home, "a");
      const found = (map?.["data"] as Record<string, string> | undefined)?.["value"];
      if (found !== value) throw new Error(`${found}\n${stage.program.log().slice(-3_000)}`);
      return true;
    }, { timeoutMs: 300_000 });
    took.push(performance.now() - startMs);
  }
  return took;
}

/** What else runs on the machine is not to be measured: the program goes first. */
const PROGRAM_WEIGHT = 8_192;
/** As any other. */
const SERVER_WEIGHT = 1_024;

interface PodGroups extends AsyncDisposable {
  readonly program?: ProcessorGroup;
  readonly server?: ProcessorGroup;
}

async function podGroups(isWanted: boolean): Promise<PodGroups> {
  await using stack = new AsyncDisposableStack();
  const group = async (name: string, weight: number) => {
    const made = isWanted ? await processorGroup(name, weight) : undefined;
    return made === undefined ? undefined : stack.use(made);
  };
  const [program, server] = [
    await group("program", PROGRAM_WEIGHT),
    await group("server", SERVER_WEIGHT),
  ];
  const kept = stack.move();
  return {
    ...(program === undefined ? {} : { program }),
    ...(server === undefined ? {} : { server }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What is looked at: the program, and the server of the hostile ones once there is one. */
type Watched = Pick<TenantStage, "program"> & { readonly hostile?: ServerProcess };

/** Asks the program how it is all the while. */
async function seenDuring(watched: Watched, work: () => Promise<number[]>): Promise<Seen> {
  const { program } = watched;
  let [longestWaitMs, rssBytes, isDone] = [0, 0, false];
  await using asking = await askingThread({ id: program.id, url: program.healthUrl });
  const watching = (async () => {
    for (let { waitedMs } = await mainThreadMs(program.id); !isDone;) {
      await systemClock.sleep(1_000);
      const now = await mainThreadMs(program.id);
      longestWaitMs = Math.max(longestWaitMs, now.waitedMs - waitedMs);
      waitedMs = now.waitedMs;
      rssBytes = Math.max(rssBytes, await residentBytes(program.id));
    }
  })();
  const before = await taken(watched);
  try {
    const changesMs = await work();
    const processor = sharesBetween(before, await taken(watched));
    const asked = await asking.end();
    return { ...asked, longestWaitMs, changesMs, rssBytes, processor };
  } finally {
    isDone = true;
    await watching;
  }
}

async function taken({ hostile, program }: Watched): Promise<ProcessorShares & { atMs: number }> {
  const [own, thread] = [await processorTime(program.id), await mainThreadMs(program.id)];
  const server = hostile === undefined ? undefined : await processorTime(hostile.id);
  return {
    atMs: performance.now(),
    program: own.ownMs,
    commands: own.childrenMs,
    mainThread: thread.ranMs,
    mainThreadWaited: thread.waitedMs,
    server: server === undefined ? 0 : server.ownMs + server.childrenMs,
  };
}

function sharesBetween(
  before: ProcessorShares & { readonly atMs: number },
  after: ProcessorShares & { readonly atMs: number },
): ProcessorShares {
  const share = (name: keyof ProcessorShares) =>
    Math.round((after[name] - before[name]) * 1000 / (after.atMs - before.atMs));
  return {
    program: share("program"),
    commands: share("commands"),
    mainThread: share("mainThread"),
    mainThreadWaited: share("mainThreadWaited"),
    server: share("server"),
  };
}

/** Reasons of Ready of the neighbours that have one. */
async function verdictsOn(cluster: TestCluster, stage: TenantStage): Promise<Verdict[]> {
  const { items } = await cluster.get<{ items: readonly Listed[] }>(["msync", "-n", stage.own]);
  return items.flatMap(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    if (ready === undefined || ready.status === "Unknown") return [];
    const { message, reason } = ready;
    return [{ kind: kindOf(Number(metadata.name.slice(1))), reason, message }];
  });
}

interface Listed {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}
