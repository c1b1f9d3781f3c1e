/** The API server and its storage fail: for real, or as a proxy before them makes it look. */
import { customResourceDefinitions } from "#api";
import type { KubeObject } from "#base";
import { eventually } from "../support/eventually.ts";
import type { Encounter, RecordingProxy } from "../support/recording_proxy.ts";
import { picked } from "../support/seeded.ts";
import { type Chaos, type Injected, type Trial, wholeNumber } from "./guarantee.ts";
import { contentAfter, paused, requestRate, settled } from "./settled.ts";
import type { ChaosStage } from "./stage.ts";

async function untilServes(stage: ChaosStage): Promise<void> {
  await eventually(() => stage.api.isReady(), { timeoutMs: 120_000 });
}

/** Resolves at the nth write of the program, when the server has done it. */
function untilWrite(proxy: RecordingProxy, nth: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  proxy.meet = ({ isWrite }) =>
    isWrite && ++count === nth ? { after: (answer) => (resolve(), answer) } : undefined;
  return promise;
}

const RESTARTS = 2;

async function restarted({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage);
  const { place, proxy } = at;
  for (let round = 1; round <= RESTARTS; round++) {
    const nth = wholeNumber(chance, 1, 5);
    const written = untilWrite(proxy, nth);
    await place.commit(contentAfter(String(round)));
    await place.look();
    await written;
    await stage.plane.programs.kill("kube-apiserver");
    await paused(wholeNumber(chance, 0, 4_000));
    stage.plane.programs.start("kube-apiserver");
    await untilServes(stage);
    await place.untilRest();
  }
  return { what: `API server killed after a write, ${RESTARTS} times a round`, times: RESTARTS };
}

const STOPS = 2;

async function stopped({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage);
  const { place, proxy } = at;
  for (let round = 1; round <= STOPS; round++) {
    const written = untilWrite(proxy, wholeNumber(chance, 1, 5));
    await place.commit(contentAfter(String(round)));
    await place.look();
    await written;
    await stage.plane.programs.signal("kube-apiserver", "SIGSTOP");
    await paused(wholeNumber(chance, 3_000, 9_000));
    await stage.plane.programs.signal("kube-apiserver", "SIGCONT");
    await untilServes(stage);
    await place.untilRest();
  }
  return { what: `API server stopped after a write, ${STOPS} times a round`, times: STOPS };
}

async function slow({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage);
  const { place, proxy } = at;
  let times = 0;
  proxy.meet = ({ isWatch, isLease }): Encounter | undefined => {
    if (isWatch || isLease) return undefined;
    times++;
    const wait = () => paused(wholeNumber(chance, 0, 2_000));
    // Half of them are slow to begin, the others to tell that they are done.
    if (chance() < 0.5) return { before: wait };
    return { after: async (answer) => (await wait(), answer) };
  };
  await place.commit(contentAfter("1"));
  await place.look();
  await place.untilReady(/^True Healthy/);
  await place.commit(contentAfter("2"));
  await place.look();
  await paused(8_000);
  proxy.meet = () => undefined;
  await place.untilRest();
  return { what: "answers up to 2 s late", times };
}

/** How the server refuses. */
const REFUSALS = [429, 500, 503, 504] as const;
const REFUSING_MS = 10_000;

async function refusing({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage);
  const { place, proxy } = at;
  let times = 0;
  proxy.meet = () => {
    if (chance() < 0.3) return undefined;
    times++;
    const code = picked(chance, REFUSALS);
    return { answer: () => refusal(code) };
  };
  await place.commit(contentAfter("1"));
  await place.look();
  const rate = await requestRate(proxy, () => paused(REFUSING_MS));
  proxy.meet = () => undefined;
  await place.untilRest();
  return { what: `70 % of requests refused for ${REFUSING_MS / 1000} s, ${rate}`, times };
}

function refusal(code: number): Response {
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", code, message: "chaos" };
  return new Response(JSON.stringify(body), {
    status: code,
    headers: {
      "content-type": "application/json",
      ...(code === 429 ? { "retry-after": "1" } : {}),
    },
  });
}

const CUTS = 20;

async function watchesCut({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage);
  const { place, proxy } = at;
  const { api, namespace } = place;
  let times = 0;
  for (let cut = 0; cut < CUTS; cut++) {
    times += proxy.cutWatches();
    // Somebody edits while nobody hears of it.
    if (cut === CUTS / 2) {
      await api.patch({ kind: "ConfigMap", name: "a", namespace }, { data: { value: "edited" } });
      await api.remove({ kind: "StatefulSet", name: "f-function", namespace });
    }
    await paused(wholeNumber(chance, 100, 600));
  }
  if (times < CUTS) throw new Error(`Only ${times} watches were cut`);
  place.uids = new Map([...place.uids].filter(([name]) => name !== "StatefulSet f-function"));
  await place.untilRest({ isEdited: true });
  await place.commit(contentAfter("1"));
  await place.look();
  await place.untilRest();
  return { what: `watches cut ${CUTS} times a round, edits of others in between`, times };
}

const GONE_MS = 12_000;

async function watchesGone({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage);
  const { place, proxy } = at;
  let times = 0;
  const expired = { kind: "Status", apiVersion: "v1", status: "Failure", code: 410 };
  proxy.meet = ({ isWatch }) => {
    if (!isWatch) return undefined;
    times++;
    const body = { ...expired, reason: "Expired", message: "too old resource version" };
    const isEvent = chance() < 0.5;
    return {
      answer: () =>
        new Response(`${JSON.stringify(isEvent ? { type: "ERROR", object: body } : body)}\n`, {
          status: isEvent ? 200 : 410,
          headers: { "content-type": "application/json" },
        }),
    };
  };
  proxy.cutWatches();
  await place.commit(contentAfter("1"));
  await place.look();
  const rate = await requestRate(proxy, () => paused(GONE_MS));
  if (times === 0) throw new Error("No watch was asked for");
  proxy.meet = () => undefined;
  await place.untilRest();
  return { what: `watches answered 410 for ${GONE_MS / 1000} s, ${rate}`, times };
}

async function setBack({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage);
  const { place } = at;
  await using copy = await storageCopy(stage);
  const { uids } = place;
  await place.commit(contentAfter("1"));
  await place.look();
  await place.untilRest();
  await copy.restore();
  await untilServes(stage);
  // What was made after the copy is made anew.
  place.uids = uids;
  const isNewCommit = chance() < 0.5;
  if (isNewCommit) {
    await place.commit(contentAfter("2"));
    await place.look();
  }
  await place.untilRest();
  await place.commit(contentAfter("3"));
  await place.look();
  await place.untilRest();
  const next = isNewCommit ? "with a commit right after" : "with nothing new in Git";
  return { what: `etcd set back to an older copy, ${next}`, times: 1 };
}

/** The storage as it is now. */
async function storageCopy(
  stage: ChaosStage,
): Promise<{ restore(): Promise<void> } & AsyncDisposable> {
  const { programs, directory } = stage.plane;
  const data = `${directory}/etcd`;
  const copy = `${directory}/etcd-copy`;
  const copied = async (from: string, to: string) => {
    const { success } = await new Deno.Command("cp", { args: ["-a", from, to] }).output();
    if (!success) throw new Error(`Cannot copy ${from}`);
  };
  await programs.signal("etcd", "SIGSTOP");
  await copied(data, copy);
  await programs.signal("etcd", "SIGCONT");
  // Those that follow the storage start anew, as the manual of etcd says: all but the program.
  const followers = ["kube-controller-manager", "kube-scheduler", "kwok"] as const;
  return {
    async restore() {
      for (const name of [...followers, "kube-apiserver", "etcd"] as const) {
        await programs.kill(name);
      }
      await Deno.remove(data, { recursive: true });
      await copied(copy, data);
      programs.start("etcd");
      programs.start("kube-apiserver");
      await untilServes(stage);
      for (const name of followers) programs.start(name);
    },
    [Symbol.asyncDispose]: () => Deno.remove(copy, { recursive: true }),
  };
}

const AWAY_MS = 8_000;

async function definitionsDeleted({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage);
  const { place, proxy } = at;
  const { api } = place;
  const [definition] = customResourceDefinitions().filter(({ metadata }) =>
    metadata.name.startsWith("functions.")
  );
  if (definition === undefined) throw new Error("Function has no definition");
  const name = { kind: "CustomResourceDefinition", name: definition.metadata.name } as const;
  await api.remove(name);
  await eventually(async () => await api.find(name) === undefined, { timeoutMs: 120_000 });
  const isNewCommit = chance() < 0.5;
  if (isNewCommit) await place.commit(contentAfter("1"));
  await place.look();
  await place.untilReady(/^False (?!Healthy)/);
  const rate = await requestRate(proxy, () => paused(AWAY_MS));
  await api.apply(definition as KubeObject, "meshwright-definitions");
  // All Functions are others now, as Kubernetes deleted those that were there.
  place.uids = new Map();
  await place.untilRest();
  const next = isNewCommit ? "with a commit meanwhile" : "with nothing new in Git";
  return { what: `the definition of Function deleted and put back, ${next}, ${rate}`, times: 1 };
}

/** See the module: they need a control plane that nobody else uses. */
export const SERVER: readonly Trial[] = [
  { name: "server/restarted", claim: "what was begun is ended, once", run: restarted },
  { name: "server/stopped", claim: "what was begun is ended, once", run: stopped },
  { name: "server/slow", claim: "late answers are waited for, nothing is done twice", run: slow },
  { name: "server/refusing", claim: "tried less and less often, until it works", run: refusing },
  { name: "server/watches-cut", claim: "no edit is missed, whoever heard of it", run: watchesCut },
  { name: "server/watches-gone", claim: "lists come less and less often", run: watchesGone },
  {
    name: "server/set-back",
    claim: "what was lost is applied again, and nothing else",
    run: setBack,
  },
  {
    name: "server/definitions",
    claim: "the status says so, and all comes back when it does",
    run: definitionsDeleted,
  },
];
