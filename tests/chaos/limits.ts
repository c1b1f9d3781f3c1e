/** Objects as large as the API server and its storage take them, and a little larger. */
import { isPlainObject, type KubeObject } from "#base";
import { eventually } from "../support/eventually.ts";
import type { Content } from "./content.ts";
import {
  type Chaos,
  type Chapter,
  chapterOf,
  type Injected,
  type Trial,
  wholeNumber,
} from "./guarantee.ts";
import type { Place } from "./place.ts";
import { BEFORE, paused, requestRate, type Settled, settled } from "./settled.ts";

/** What a ConfigMap may hold. */
const CONFIG_BYTES = 1024 * 1024;
/** What etcd takes in a request, with all that the server adds. */
const STORED_BYTES = 1.5 * 1024 * 1024;
const TOO_LARGE_MS = 6_000;

function withValue(value: string): Content {
  return { ...BEFORE, configs: { ...BEFORE.configs, a: value } };
}

/** A commit that cannot be applied as a whole: nothing says that it is, and nobody asks without a pause. */
async function refused(
  { place, proxy }: Settled,
  content: Content,
  says: RegExp,
): Promise<void> {
  await place.commit(content);
  await place.look();
  await place.untilReady(new RegExp(`^False (?!Healthy).*${says.source}`));
  await requestRate(proxy, () => paused(TOO_LARGE_MS));
}

async function rests(place: Place, content: Content): Promise<void> {
  await place.commit(content);
  await place.look();
  await place.untilRest();
}

async function configs({ stage }: Chaos, chance: () => number): Promise<Injected> {
  await using at = await settled(stage);
  const { place } = at;
  await rests(place, withValue("x".repeat(CONFIG_BYTES)));
  await refused(at, withValue("x".repeat(CONFIG_BYTES + 1)), /1048576/);
  await rests(place, withValue("y".repeat(CONFIG_BYTES)));
  // Who else writes to it leaves room for less.
  const keys = wholeNumber(chance, 9_000, 11_000);
  await rests(place, withValue("1"));
  const stranger = await shared(place, keys);
  await refused(at, withValue("z".repeat(CONFIG_BYTES - 1_000)), /(too large|larger than)/);
  await stranger.leave();
  await place.untilRest();
  const times = 4;
  return { what: `a ConfigMap of 1 MiB, more, and one with ${keys} fields of another`, times };
}

/** Somebody else puts very many members into a ConfigMap: the server notes whose each is. */
async function shared(
  { api, namespace }: Place,
  keys: number,
): Promise<{ readonly leave: () => Promise<void> }> {
  const names = Array.from({ length: keys }, (_, index) => `${index}`.padStart(40, "k"));
  const of = (data: Record<string, string>) =>
    api.apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", namespace },
      data,
    } as unknown as KubeObject, "stranger");
  await of(Object.fromEntries(names.map((name) => [name, ""])));
  return { leave: () => of({}) };
}

async function functions({ stage }: Chaos): Promise<Injected> {
  await using at = await settled(stage);
  const { place } = at;
  const { api, namespace } = place;
  const sizes = [STORED_BYTES / 2, STORED_BYTES - 12_000];
  for (const [index, payload] of sizes.entries()) {
    const cpu = `${index + 2}00m`;
    const content: Content = {
      ...BEFORE,
      functions: { f: { cpu }, large: { cpu: "100m", payload: Math.floor(payload) } },
    };
    await refused(at, content, /./);
    // What is beside it goes on.
    await eventually(async () => {
      const found = await api.find({ kind: "StatefulSet", name: "f-function", namespace });
      return JSON.stringify(isPlainObject(found?.spec) ? found.spec : {}).includes(
        `"cpu":"${cpu}"`,
      );
    }, { timeoutMs: 180_000, intervalMs: 250 });
    await rests(place, { ...BEFORE, functions: { f: { cpu }, large: { cpu: "100m" } } });
    place.uids = new Map([...place.uids].filter(([name]) => !name.includes("large")));
    await rests(place, { ...BEFORE, functions: { f: { cpu } } });
  }
  return { what: "a Function of half of what etcd takes, and of nearly all", times: sizes.length };
}

const TRIALS: readonly Trial[] = [
  {
    name: "limits/configs",
    claim: "what fits is applied, the status says what does not, and it is applied when it does",
    run: configs,
  },
  {
    name: "limits/functions",
    claim: "it is not called healthy, nobody asks without a pause, and the others go on",
    run: functions,
  },
];

/** See the module. */
export const LIMITS: Chapter = chapterOf(TRIALS);
