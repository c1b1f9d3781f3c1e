/** A healthy MeshSync and its hostile neighbours: how the program answers, and how long a change takes. */
import { resourceOf } from "#api";
import { type KubeObject, systemClock } from "#base";
import type { TestCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { configMapText } from "../support/sync_texts.ts";
import { type TenantStage, tenantStage } from "../support/tenant_stage.ts";
import { makeRepository, REPOSITORY_KINDS } from "./repositories.ts";

/** What was seen, with or without neighbours. */
export interface Seen {
  /** Answers of `/healthz`. */
  readonly answers: number;
  /** Of those, what was not `ok`. */
  readonly bad: readonly string[];
  readonly longestAnswerMs: number;
  /** How long each change of the healthy sync took, from commit to ConfigMap. */
  readonly changesMs: readonly number[];
  /** Resident memory of the program at its end. */
  readonly rssBytes: number;
}

/** With and without neighbours. */
export interface NeighboursReport {
  readonly alone: Seen;
  readonly beside: Seen;
  /** How many of the neighbours had a verdict at the end. */
  readonly judged: number;
  readonly reasons: ReadonlyMap<string, number>;
}

/** What is wanted. */
export interface NeighboursOptions {
  readonly count: number;
  readonly rounds: number;
  readonly seed: number;
}

const HEALTHY = "healthy";
/** How often the program is asked. */
const ASK_EVERY_MS = 20;

/** Follows a healthy repository, first alone and then beside so many hostile ones. */
export async function followNeighbours(
  cluster: TestCluster,
  { count, rounds, seed }: NeighboursOptions,
): Promise<NeighboursReport> {
  await using stage = await tenantStage(cluster, { gitOpsRights: "cluster-admin" });
  await stage.repository.commit({ [`${HEALTHY}/a.yaml`]: configMapText("a", "first") });
  await stage.sync(stage.home, HEALTHY);
  await stage.isReady(stage.home, HEALTHY, /^True Healthy: /);
  const alone = await seenDuring(stage, () => changes(stage, "alone", rounds));
  await letAct(cluster, stage);
  const folder = stage.repository.directory.replace(/\/work$/, "");
  for (let index = 0; index < count; index++) {
    const kind = REPOSITORY_KINDS[index % REPOSITORY_KINDS.length] ?? "refs";
    await makeRepository(`${folder}/h${index}`, { kind, seed: seed + index });
  }
  const beside = await seenDuring(stage, async () => {
    await cluster.apply(...neighbours(stage, count));
    const changesMs = await changes(stage, "beside", rounds);
    await eventually(async () => (await reasonsOf(cluster, stage)).length >= count, {
      timeoutMs: 300_000,
      intervalMs: 1_000,
    });
    return changesMs;
  });
  const all = await reasonsOf(cluster, stage);
  const reasons = Map.groupBy(all, (reason) => reason);
  return {
    alone,
    beside,
    judged: all.length,
    reasons: new Map([...reasons].map(([reason, members]) => [reason, members.length])),
  };
}

/** Their MeshSyncs, which look at their repository each second. */
function neighbours({ own, server }: TenantStage, count: number): KubeObject[] {
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

/** Asks the program how it is all the while. */
async function seenDuring(stage: TenantStage, work: () => Promise<number[]>): Promise<Seen> {
  let [answers, longestAnswerMs, isDone] = [0, 0, false];
  const bad: string[] = [];
  const asking = (async () => {
    while (!isDone) {
      const startMs = performance.now();
      const text = await stage.program.health();
      longestAnswerMs = Math.max(longestAnswerMs, performance.now() - startMs);
      answers++;
      if (text !== "ok\n") bad.push(text);
      await systemClock.sleep(ASK_EVERY_MS);
    }
  })();
  try {
    const changesMs = await work();
    const [rss] = await stage.program.metric("process_resident_memory_bytes");
    return { answers, bad, longestAnswerMs, changesMs, rssBytes: rss?.value ?? 0 };
  } finally {
    isDone = true;
    await asking;
  }
}

/** Reasons of Ready of the neighbours that have one. */
async function reasonsOf(cluster: TestCluster, stage: TenantStage): Promise<string[]> {
  const { items } = await cluster.get<{ items: readonly Listed[] }>(["msync", "-n", stage.own]);
  return items.flatMap(({ status }) => {
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    return ready === undefined || ready.status === "Unknown" ? [] : [ready.reason];
  });
}

interface Listed {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
    }[];
  };
}
