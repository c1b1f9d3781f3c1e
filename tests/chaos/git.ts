/**
 * Git fails: gone, slow, breaking off in the middle, hostile, with another history, and with more commits than can be
 * applied.
 */
import { isPlainObject } from "#base";
import { eventually } from "../support/eventually.ts";
import { bounded } from "./bounded.ts";
import { FOLDER } from "./content.ts";
import {
  type Chaos,
  type Chapter,
  chapterOf,
  type Injected,
  shuffled,
  type Trial,
  wholeNumber,
} from "./guarantee.ts";
import { hostileAnswers } from "./hostile_git.ts";
import { commitLarge, DiskUse } from "./large_git.ts";
import type { Place } from "./place.ts";
import { contentAfter, paused, settled } from "./settled.ts";

/** Looks come by themselves here: nobody has to ask for one while Git is away. */
const OFTEN = { spec: { interval: "2s" } };

const GONE = 2;

async function gone({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage, OFTEN);
  const { place } = at;
  for (let round = 1; round <= GONE; round++) {
    await place.git.goAway();
    await place.commit(contentAfter(String(round)));
    // What is applied stays, and the status says what is wrong.
    await place.untilReady(/^False (?!Healthy)/);
    await place.api.patch(
      { kind: "ConfigMap", name: "a", namespace: place.namespace },
      { data: { value: "edited" } },
    );
    await paused(wholeNumber(chance, 0, 3_000));
    place.git.comeBack();
    await place.untilRest({ isEdited: true });
  }
  return { what: `nobody listens at the remote, ${GONE} times a round`, times: GONE };
}

async function slow({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage, OFTEN);
  const { place } = at;
  const delayMs = wholeNumber(chance, 2_000, 4_000);
  place.git.delayMs = delayMs;
  const before = place.git.requestCount;
  await place.commit(contentAfter("1"));
  await place.untilRest();
  place.git.delayMs = 0;
  const times = place.git.requestCount - before;
  return { what: `every answer ${delayMs} ms late`, times };
}

async function half({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage, OFTEN);
  const { place } = at;
  const times = wholeNumber(chance, 2, 6);
  place.git.halves = times;
  await place.commit(contentAfter("1"));
  await place.untilRest();
  if (place.git.halves > 0) throw new Error(`${place.git.halves} answers were never asked for`);
  return { what: `${times} answers broke off in the middle`, times };
}

const REWRITES = 3;

async function rewritten({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage, OFTEN);
  const { place } = at;
  for (let round = 1; round <= REWRITES; round++) {
    // The commit before may be applied, under way or not seen when it goes.
    await place.commit(contentAfter(String(10 + round)));
    await paused(wholeNumber(chance, 0, 3_000));
    await place.recommit(contentAfter(String(round)));
    await place.untilRest();
  }
  return { what: `history rewritten, ${REWRITES} times a round`, times: REWRITES };
}

const PUSHES = 100;

async function manyPushes({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage, OFTEN);
  const { place } = at;
  for (let push = 1; push <= PUSHES; push++) {
    await place.commit(contentAfter(String(push)));
    if (chance() < 0.5) await place.look();
    await paused(wholeNumber(chance, 0, 20));
  }
  await place.untilRest();
  return { what: `${PUSHES} pushes one right after the other`, times: PUSHES };
}

const GIBIBYTE_MIB = 1_024;
/** What a fetch may bring, and what is kept of it until it is ended, at most. */
const DISK_MIB_MAX = 700;
/** Time for a fetch of half a gibibyte on the slowest machine: how long it takes is not what is claimed. */
const PATIENT = { spec: { interval: "1h", timeout: "10m", healthTimeout: "10m" } };

async function large({ stage }: Chaos, chance: () => number): Promise<Injected> {
  let cacheDirectory = "";
  const around = (place: Place) => ({ cacheDirectory: cacheDirectory = `${place.folder}/clones` });
  await using at = await settled(stage, { ...PATIENT, around });
  const { place, program, proxy } = at;
  const kinds = shuffled(chance, [
    { what: "one file", folder: FOLDER, files: 1, each: GIBIBYTE_MIB, isFiltered: true },
    { what: "1,024 files elsewhere", folder: "else", files: 1_024, each: 1, isFiltered: false },
  ]);
  const said: string[] = [];
  for (const [index, { what, isFiltered, ...content }] of kinds.entries()) {
    await place.repository.git("config", "uploadpack.allowFilter", String(isFiltered));
    await commitLarge(place.repository, content, chance);
    const disk = new DiskUse(cacheDirectory);
    const cost = await bounded({ pid: program.pid, proxy }, async () => {
      await place.look();
      await place.untilReady(/^False (?!Healthy).*more than 512 MiB/);
      // What is applied is looked after meanwhile, and afterwards.
      await untilPutRight(place);
    });
    const most = await disk.end();
    if (most > DISK_MIB_MAX) throw new Error(`${most} MiB of clones on the disk`);
    said.push(`${what}: ${cost}, ${most} MiB on the disk`);
    await place.commit(contentAfter(String(index + 1)));
    await place.look();
    await place.untilRest();
  }
  return { what: `repositories of a gibibyte, ${said.join("; ")}`, times: kinds.length };
}

/** Somebody edits what is applied, and it is as in Git again. */
async function untilPutRight({ api, namespace }: Place): Promise<void> {
  const edited = { kind: "ConfigMap", name: "a", namespace } as const;
  await api.patch(edited, { data: { value: "edited" } });
  await eventually(async () => {
    const data = (await api.find(edited))?.["data"];
    return isPlainObject(data) && data["value"] !== "edited";
  }, { timeoutMs: 120_000, intervalMs: 250 });
}

/** An answer that only takes its time is given up after so long. */
const HOSTILE = { spec: { interval: "2s", timeout: "20s", healthTimeout: "10m" } };

async function hostile({ stage }: Chaos, chance: () => number): Promise<Injected> {
  const answers = shuffled(chance, Object.entries(await hostileAnswers()));
  await using at = await settled(stage, HOSTILE);
  const { git } = at.place;
  for (const [index, [name, { answer, says }]] of answers.entries()) {
    git.instead = answer;
    try {
      await at.place.commit(contentAfter(String(index + 1)));
      await at.place.look();
      await at.place.untilReady(new RegExp(`^False (?!Healthy).*${says.source}`));
      git.instead = () => undefined;
      await at.place.untilRest();
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
  return { what: answers.map(([name]) => name).sort().join(", "), times: answers.length };
}

const TRIALS: readonly Trial[] = [
  {
    name: "git/gone",
    claim: "what is applied stays, the status says why, and it goes on",
    run: gone,
  },
  { name: "git/slow", claim: "it is waited for", run: slow },
  { name: "git/half", claim: "nothing of a half is believed", run: half },
  {
    name: "git/hostile",
    claim: "nothing of it is believed, the status says so, and it goes on",
    run: hostile,
  },
  {
    name: "git/large",
    claim: "refused in its budgets of memory and disk, the status says so, and it goes on",
    run: large,
  },
  {
    name: "git/rewritten",
    claim: "the new history is applied, nothing of the old one",
    run: rewritten,
  },
  {
    name: "git/many-pushes",
    claim: "the last one is applied, nothing of those between",
    run: manyPushes,
  },
];

/** See the module. */
export const GIT: Chapter = chapterOf(TRIALS);
